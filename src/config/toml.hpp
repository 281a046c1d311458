// TOML text to a tree. The only place that knows the TOML library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/tree.hpp"

namespace drawbridge::config {

struct SyntaxError {
  int line = 0;
  int column = 0;
  std::string message;
};

struct ParsedToml {
  Node root;
  std::vector<SyntaxError> errors;
  // Whether what is in `root` is worth checking: false when the structure itself was lost (a broken
  // table header, a quote that never closes).
  bool usable = true;
};

// A line with an error is left out and the rest is read, so that one slip does not hide the others.
ParsedToml parse_toml(std::string_view text);

// One value as it stands after `key =`; nothing when `text` is not exactly one TOML value.
bool parse_toml_value(std::string_view text, Node& out);

}  // namespace drawbridge::config
