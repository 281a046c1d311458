#include "config/toml.hpp"

// Header only and without exceptions: the parser is then compiled with our sanitizers, and an error
// is a value.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

#include "base/strings.hpp"

namespace drawbridge::config {
namespace {

constexpr std::size_t most_syntax_errors = 8;

void place(Node& node, const toml::source_region& region) {
  node.line = static_cast<int>(region.begin.line);
  node.column = static_cast<int>(region.begin.column);
}

Node convert(const toml::node& in) {
  Node out;
  place(out, in.source());
  if (const toml::table* table = in.as_table()) {
    out.children.reserve(table->size());
    for (auto&& [key, value] : *table) {
      Node& child = out.add(key.str(), convert(value));
      child.key_line = static_cast<int>(key.source().begin.line);
      child.key_column = static_cast<int>(key.source().begin.column);
    }
  } else if (const toml::array* list = in.as_array()) {
    out.kind = Node::Kind::list;
    out.children.reserve(list->size());
    for (const toml::node& item : *list) out.children.push_back(convert(item));
  } else if (const auto* text = in.as_string()) {
    out.kind = Node::Kind::string;
    out.text = text->get();
  } else if (const auto* integer = in.as_integer()) {
    out.kind = Node::Kind::integer;
    out.integer = integer->get();
  } else if (const auto* real = in.as_floating_point()) {
    out.kind = Node::Kind::real;
    out.real = real->get();
  } else if (const auto* boolean = in.as_boolean()) {
    out.kind = Node::Kind::boolean;
    out.boolean = boolean->get();
  } else {
    out.kind = Node::Kind::other;
    out.text = "a date or time";
  }
  return out;
}

// The library prefixes what it was reading; what is left is a sentence of its own.
std::string readable(std::string_view message) {
  std::string out = escaped_for_log(message, 300);
  constexpr std::string_view prefix = "Error while parsing ";
  if (out.starts_with(prefix)) out = "cannot read " + out.substr(prefix.size());
  return out;
}

// Puts blanks in place of a line; false when there is no such line or nothing on it.
bool blank_line(std::string& text, int line) {
  std::size_t begin = 0;
  for (int at = 1; at < line; ++at) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return false;
    ++begin;
  }
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  if (trimmed(std::string_view(text).substr(begin, end - begin)).empty()) return false;
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(begin),
            text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
  return true;
}

std::string_view line_of(std::string_view text, int line) {
  const auto lines = split(text, '\n');
  const auto at = static_cast<std::size_t>(line - 1);
  return at < lines.size() ? lines[at] : std::string_view();
}

// Whether the error lost the structure of what follows: a broken table header, or a list or table
// that was opened on an earlier line and never closed. Then the next errors would only be its echo.
bool loses_structure(std::string_view message, std::string_view line, int column) {
  if (trimmed(line).starts_with('[')) return true;
  if (!message.starts_with("cannot read array") && !message.starts_with("cannot read inline table"))
    return false;
  const std::string_view before = line.substr(0, static_cast<std::size_t>(std::max(column - 1, 0)));
  return before.find_first_of("[{") == before.npos;
}

}  // namespace

ParsedToml parse_toml(std::string_view text) {
  ParsedToml out;
  std::string rest;  // the text with bad lines blanked, once there are any
  for (;;) {
    const toml::parse_result result = toml::parse(rest.empty() ? text : std::string_view(rest));
    if (result) {
      out.root = convert(result.table());
      return out;
    }
    const toml::parse_error& error = result.error();
    const int line = static_cast<int>(error.source().begin.line);
    out.errors.push_back({.line = line,
                          .column = static_cast<int>(error.source().begin.column),
                          .message = readable(error.description())});
    if (rest.empty()) rest = text;
    const SyntaxError& last = out.errors.back();
    if (out.errors.size() == most_syntax_errors ||
        loses_structure(last.message, line_of(rest, line), last.column) ||
        !blank_line(rest, line)) {
      out.usable = false;
      return out;
    }
  }
}

bool parse_toml_value(std::string_view text, Node& out) {
  const toml::parse_result result = toml::parse("value = " + std::string(text));
  if (!result || result.table().size() != 1) return false;
  const toml::node* value = result.table().get("value");
  if (value == nullptr) return false;
  out = convert(*value);
  return true;
}

}  // namespace drawbridge::config
