// Of several servers with one id the first stays: the rule and its words, for a folder that is
// checked and for a program that runs.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "config/problem.hpp"

namespace drawbridge::config {

class IdClaims {
 public:
  // Call it in the order in which sources are preferred. Nothing: the id is this source's now. Else
  // what is wrong with this source; it is to be left out.
  std::optional<Problem> claim(const std::string& id, const std::string& source);

 private:
  std::map<std::string, std::string, std::less<>> sources_;  // by id
};

}  // namespace drawbridge::config
