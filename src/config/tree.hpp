// A configuration document before it means anything: tables, lists and scalars, each with the place
// that it came from. TOML files, JSON documents, environment variables and labels all become this,
// so that one reader serves them all and every problem can name its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace drawbridge::config {

struct Node {
  enum class Kind : std::uint8_t { table, list, string, integer, real, boolean, other };

  Kind kind = Kind::table;
  bool boolean = false;
  // A scalar that came as bare text (environment, --set, label): a key that wants a string may take
  // `text` whatever it looks like.
  bool from_text = false;
  // Additionally from a label: lists are comma separated, booleans may be "1", numbers are digits.
  bool from_label = false;
  bool bad = false;       // a problem was reported for it: rules about several keys leave it alone
  std::uint8_t mark = 0;  // notes of the parser that builds the tree
  std::uint16_t source = 0;  // index into the loader's list of sources
  int line = 0;              // of the value, from 1
  int column = 0;
  int key_line = 0;  // of the key, where it has one
  int key_column = 0;
  std::int64_t integer = 0;
  double real = 0;
  std::string key;             // in a table
  std::string text;            // a string's value; for `other` what it is ("a date")
  std::vector<Node> children;  // of a table or a list

  [[nodiscard]] bool is_table() const { return kind == Kind::table; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_string() const { return kind == Kind::string; }
  // The child with this key, or null.
  [[nodiscard]] const Node* find(std::string_view name) const;
  Node* find(std::string_view name);
  // The child is absent, or it is there and was read without a problem.
  [[nodiscard]] bool sound(std::string_view name) const;
  // Appends a child; the reference holds until the next one is added.
  Node& add(std::string_view name, Node value);
  Node& add(std::string_view name, std::string_view value);
  Node& add(std::string_view name, const char* value) { return add(name, std::string_view(value)); }
  void remove(std::string_view name);

  static Node of(std::string_view value);
  static Node of(const char* value) { return of(std::string_view(value)); }
  static Node of(bool value);
  static Node of(std::int64_t value);
  static Node of(double value);
  static Node list();
};

// "a string", "the number 5", "a list": for messages about what was found.
std::string describe(const Node& node);

// As TOML would write the value on one line: "text", 5, ["a", "b"], { a = 1 }.
std::string to_toml(const Node& node);
// Indented JSON; tables keep their order.
std::string to_json(const Node& node);
// Numbers outside the range of a signed 64-bit integer become reals; null becomes Kind::other.
Result<Node> parse_json(std::string_view text);

}  // namespace drawbridge::config
