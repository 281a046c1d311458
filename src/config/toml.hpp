// TOML 1.0 text to a tree.
//
// Our own reader, because a configuration file deserves better than its first mistake: after an
// error it goes on with the next line, so that one run shows them all, and each is said in words
// for people. toml++ (3.3.0, Debian 12), which was here before, stops at the first, and a "§"
// outside of quotes is undefined behaviour in it.
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
  // Whether `root` is worth checking: false when nobody knows which table the rest belongs to.
  bool usable = true;
};

ParsedToml parse_toml(std::string_view text);

// One value as it stands after `key =`; nothing when `text` is not exactly one TOML value.
bool parse_toml_value(std::string_view text, Node& out);

// A number, boolean or date; keeps the place of `out`. False when `word` is none of them.
bool read_toml_word(std::string_view word, Node& out);

}  // namespace drawbridge::config
