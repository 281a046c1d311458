// Plain values: bool, numbers, strings, paths, durations, sizes, networks, addresses.
#include "config/codecs.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/strings.hpp"
#include "config/grammar.hpp"

namespace drawbridge::config {

Node no_value() {
  Node node;
  node.kind = Node::Kind::other;
  node.text = "none";
  return node;
}

Node schema_type(std::string_view type) {
  Node out;
  out.add("type", type);
  return out;
}

Node schema_any_of(std::initializer_list<Node> choices) {
  Node list = Node::list();
  list.children.assign(choices);
  Node out;
  out.add("anyOf", std::move(list));
  return out;
}

void wrong_type(Reader& reader, const Node& node, std::string_view expected) {
  reader.error(node, fmt::format("expected {}, found {}", expected, describe(node)));
}

namespace {

bool wants_string(Reader& reader, const Node& node, std::string_view expected) {
  if (node.is_string()) return true;
  wrong_type(reader, node, expected);
  return false;
}

// For the grammars: the parsed value, or their sentence at the value's place.
template <typename T>
bool take(Reader& reader, const Node& node, Result<T> parsed, T& out) {
  if (!parsed) {
    reader.error(node, parsed.error().what);
    return false;
  }
  out = *std::move(parsed);
  return true;
}

// The number in an integer node, or in a label's text.
std::optional<std::int64_t> integer_in(const Node& node) {
  if (node.kind == Node::Kind::integer) return node.integer;
  if (node.from_label && node.is_string()) return parse_int<std::int64_t>(trimmed(node.text));
  return std::nullopt;
}

template <typename T>
bool read_integer(Reader& reader, const Node& node, T& out) {
  const auto value = integer_in(node);
  if (!value) {
    wrong_type(reader, node, "an integer");
    return false;
  }
  if (!std::in_range<T>(*value)) {
    reader.error(node, fmt::format("must be {}..{}", std::numeric_limits<T>::min(),
                                   std::numeric_limits<T>::max()));
    return false;
  }
  out = static_cast<T>(*value);
  return true;
}

Node integer_schema(std::int64_t minimum) {
  Node out = schema_type("integer");
  out.add("minimum", Node::of(minimum));
  return out;
}

Node string_schema(std::string_view pattern) {
  Node out = schema_type("string");
  if (!pattern.empty()) out.add("pattern", pattern);
  return out;
}

}  // namespace

bool Format<bool>::read(Reader& reader, const Node& node, bool& out) {
  const std::string text = node.from_label && node.is_string() ? lowered(trimmed(node.text)) : "";
  if (node.kind == Node::Kind::boolean)
    out = node.boolean;
  else if (text == "true" || text == "1")
    out = true;
  else if (text == "false" || text == "0")
    out = false;
  else
    return wrong_type(reader, node, "true or false"), false;
  return true;
}
Node Format<bool>::write(const bool& value) {
  return Node::of(value);
}
std::string Format<bool>::type_name() {
  return "bool";
}
Node Format<bool>::schema() {
  return schema_type("boolean");
}

bool Format<int>::read(Reader& reader, const Node& node, int& out) {
  return read_integer(reader, node, out);
}
Node Format<int>::write(const int& value) {
  return Node::of(std::int64_t{value});
}
std::string Format<int>::type_name() {
  return "integer";
}
Node Format<int>::schema() {
  return schema_type("integer");
}

bool Format<std::uint32_t>::read(Reader& reader, const Node& node, std::uint32_t& out) {
  return read_integer(reader, node, out);
}
Node Format<std::uint32_t>::write(const std::uint32_t& value) {
  return Node::of(std::int64_t{value});
}
std::string Format<std::uint32_t>::type_name() {
  return "integer";
}
Node Format<std::uint32_t>::schema() {
  return integer_schema(0);
}

bool Format<Size>::read(Reader& reader, const Node& node, Size& out) {
  if (node.is_string()) return take(reader, node, parse_size(node.text), out);
  const auto value = integer_in(node);
  if (!value) return wrong_type(reader, node, "a size such as \"64KiB\""), false;
  if (*value < 0) return reader.error(node, "a size cannot be negative"), false;
  out = static_cast<Size>(*value);
  return true;
}
Node Format<Size>::write(const Size& value) {
  const std::string text = size_text(value);
  const auto plain = parse_int<std::int64_t>(text);
  return plain ? Node::of(*plain) : Node::of(text);
}
std::string Format<Size>::type_name() {
  return "size";
}
Node Format<Size>::schema() {
  return schema_any_of({integer_schema(0), string_schema("^[0-9]+ *([KMGTkmgt]i?)?[Bb]?$")});
}

bool Format<double>::read(Reader& reader, const Node& node, double& out) {
  if (node.kind == Node::Kind::real && node.real == node.real)
    out = node.real;
  else if (node.kind == Node::Kind::integer)
    out = static_cast<double>(node.integer);
  else if (node.from_label && node.is_string()) {
    Node value;
    const auto text = trimmed(node.text);
    double parsed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc{} || end != text.data() + text.size() || parsed != parsed)
      return wrong_type(reader, node, "a number"), false;
    out = parsed;
  } else {
    return wrong_type(reader, node, "a number"), false;
  }
  return true;
}
Node Format<double>::write(const double& value) {
  return Node::of(value);
}
std::string Format<double>::type_name() {
  return "number";
}
Node Format<double>::schema() {
  return schema_type("number");
}

bool Format<std::string>::read(Reader& reader, const Node& node, std::string& out) {
  // An API key of digits only, given in the environment, looks like a number.
  const bool scalar_text = node.from_text && !node.is_table() && !node.is_list();
  if (!scalar_text && !wants_string(reader, node, "a string")) return false;
  if (node.text.contains('\0')) return reader.error(node, "holds a zero byte"), false;
  if (node.text.contains(redacted))
    return reader.error(node, "stands for a secret that was left out; write the value"), false;
  if (node.text.starts_with("TODO:")) return reader.error(node, "is still to be filled in"), false;
  out = node.text;
  return true;
}
Node Format<std::string>::write(const std::string& value) {
  return Node::of(value);
}
std::string Format<std::string>::type_name() {
  return "string";
}
Node Format<std::string>::schema() {
  return schema_type("string");
}

bool Format<std::filesystem::path>::read(Reader& reader, const Node& node,
                                         std::filesystem::path& out) {
  std::string text;
  if (!wants_string(reader, node, "a path") || !Format<std::string>::read(reader, node, text))
    return false;
  if (text.empty()) return reader.error(node, "the path is empty"), false;
  out = reader.resolve(node, text);
  return true;
}
Node Format<std::filesystem::path>::write(const std::filesystem::path& value) {
  return Node::of(std::string_view(value.native()));
}
std::string Format<std::filesystem::path>::type_name() {
  return "path";
}
Node Format<std::filesystem::path>::schema() {
  return schema_type("string");
}

bool Format<Duration>::read(Reader& reader, const Node& node, Duration& out) {
  if (node.kind == Node::Kind::integer)
    return reader.error(node, fmt::format("a duration needs a unit; write \"{}s\" or \"{}ms\"",
                                          node.integer, node.integer)),
           false;
  if (!wants_string(reader, node, "a duration such as \"30s\"")) return false;
  return take(reader, node, parse_duration(node.text), out);
}
Node Format<Duration>::write(const Duration& value) {
  return Node::of(duration_text(value));
}
std::string Format<Duration>::type_name() {
  return "duration";
}
Node Format<Duration>::schema() {
  return string_schema("^ *([0-9]+ *[a-zA-Z\\u00b5\\u03bc]+ *)+$");
}

bool Format<Cidr>::read(Reader& reader, const Node& node, Cidr& out) {
  std::string note;
  if (!wants_string(reader, node, "a network such as \"10.0.0.0/8\"")) return false;
  if (!take(reader, node, parse_cidr(node.text, note), out)) return false;
  if (!note.empty()) reader.warn(node, std::move(note));
  return true;
}
Node Format<Cidr>::write(const Cidr& value) {
  return Node::of(value.text());
}
std::string Format<Cidr>::type_name() {
  return "networks";
}
Node Format<Cidr>::schema() {
  return schema_type("string");
}

bool Format<Address>::read(Reader& reader, const Node& node, Address& out) {
  if (!wants_string(reader, node, "an address such as \"host:25565\"")) return false;
  if (!take(reader, node, parse_address(node.text), out)) return false;
  if (out.is_unix()) out.unix_path = reader.resolve(node, out.unix_path).native();
  return true;
}
Node Format<Address>::write(const Address& value) {
  return Node::of(value.text());
}
std::string Format<Address>::type_name() {
  return "address";
}
Node Format<Address>::schema() {
  return schema_type("string");
}

bool list_items(Reader& reader, const Node& node, std::vector<Node>& split_items,
                std::span<const Node>& items) {
  if (node.is_list()) {
    items = node.children;
    return true;
  }
  if (!node.from_label || !node.is_string()) {
    reader.error(node, node.is_string() ? fmt::format("expected a list, found a string; write [{}]",
                                                      to_toml(node))
                                        : fmt::format("expected a list, found {}", describe(node)));
    return false;
  }
  std::string text = node.text;
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ',';
  for (const std::string_view part : split(text, ',')) {
    if (trimmed(part).empty()) continue;
    Node& item = split_items.emplace_back(node);
    item.text = trimmed(part);
  }
  items = split_items;
  return true;
}

}  // namespace drawbridge::config
