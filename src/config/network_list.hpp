// Files of networks, one a line: what blocklists and providers of protection services publish.
// Blank lines and what follows a # are skipped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"

namespace drawbridge::config {

struct NetworkList {
  std::vector<Cidr> networks;  // in the order of the file
  // One a bad line, at most `most_problems` of them: "lists/x.txt:3: \"foo\" is no network".
  std::vector<std::string> problems;
  static constexpr std::size_t most_problems = 20;
};

// `shown` names the file in problems.
NetworkList parse_network_list(std::string_view text, std::string_view shown);

}  // namespace drawbridge::config
