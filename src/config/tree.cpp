#include "config/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/bytes.hpp"

namespace drawbridge::config {

const Node* Node::find(std::string_view name) const {
  const auto at = std::ranges::find(children, name, &Node::key);
  return at == children.end() ? nullptr : &*at;
}

Node* Node::find(std::string_view name) {
  const auto at = std::ranges::find(children, name, &Node::key);
  return at == children.end() ? nullptr : &*at;
}

bool Node::sound(std::string_view name) const {
  const Node* child = find(name);
  return child == nullptr || !child->bad;
}

Node& Node::add(std::string_view name, Node value) {
  value.key = name;
  return children.emplace_back(std::move(value));
}

Node& Node::add(std::string_view name, std::string_view value) {
  return add(name, of(value));
}

void Node::remove(std::string_view name) {
  std::erase_if(children, [&](const Node& child) { return child.key == name; });
}

Node Node::of(std::string_view value) {
  Node node;
  node.kind = Kind::string;
  node.text = value;
  return node;
}

Node Node::of(bool value) {
  Node node;
  node.kind = Kind::boolean;
  node.boolean = value;
  return node;
}

Node Node::of(std::int64_t value) {
  Node node;
  node.kind = Kind::integer;
  node.integer = value;
  return node;
}

Node Node::of(double value) {
  Node node;
  node.kind = Kind::real;
  node.real = value;
  return node;
}

Node Node::list() {
  Node node;
  node.kind = Kind::list;
  return node;
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::table:
      return "a table";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::string:
      return "a string";
    case Node::Kind::integer:
      return fmt::format("the number {}", node.integer);
    case Node::Kind::real:
      return fmt::format("the number {}", node.real);
    case Node::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Node::Kind::other:
      break;
  }
  return node.text;
}

namespace {

// TOML and JSON escape the same characters in a basic string.
void write_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<Byte>(c) < 0x20 || c == 0x7F)
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<Byte>(c)));
        else
          out += c;
    }
  }
  out += '"';
}

// True when a scalar was written.
bool write_scalar(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::string:
      write_quoted(out, node.text);
      return true;
    case Node::Kind::integer:
      out += fmt::format("{}", node.integer);
      return true;
    case Node::Kind::real:
      // "1.0", not "1": TOML tells reals from integers by the point.
      out += std::floor(node.real) == node.real && std::abs(node.real) < 1e15
                 ? fmt::format("{:.1f}", node.real)
                 : fmt::format("{}", node.real);
      return true;
    case Node::Kind::boolean:
      out += node.boolean ? "true" : "false";
      return true;
    default:
      return false;
  }
}

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

void write_toml(std::string& out, const Node& node) {
  if (write_scalar(out, node)) return;
  if (node.kind == Node::Kind::other) {
    write_quoted(out, node.text);
    return;
  }
  const bool table = node.is_table();
  out += table ? "{" : "[";
  bool first = true;
  for (const Node& child : node.children) {
    out += first ? (table ? " " : "") : ", ";
    first = false;
    if (table) {
      if (is_bare_key(child.key))
        out += child.key;
      else
        write_quoted(out, child.key);
      out += " = ";
    }
    write_toml(out, child);
  }
  out += table ? (first ? "}" : " }") : "]";
}

void write_json(std::string& out, const Node& node, std::size_t indent) {
  if (write_scalar(out, node)) return;
  if (node.kind == Node::Kind::other) {
    out += "null";
    return;
  }
  const bool table = node.is_table();
  if (node.children.empty()) {
    out += table ? "{}" : "[]";
    return;
  }
  out += table ? "{\n" : "[\n";
  bool first = true;
  for (const Node& child : node.children) {
    if (!first) out += ",\n";
    first = false;
    out.append(indent + 2, ' ');
    if (table) {
      write_quoted(out, child.key);
      out += ": ";
    }
    write_json(out, child, indent + 2);
  }
  out += '\n';
  out.append(indent, ' ');
  out += table ? '}' : ']';
}

Node from_json(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::object: {
      Node node;
      for (const auto& member : value.get_object())
        node.add(std::string_view(member.key()), from_json(member.value()));
      return node;
    }
    case boost::json::kind::array: {
      Node node = Node::list();
      for (const auto& item : value.get_array()) node.children.push_back(from_json(item));
      return node;
    }
    case boost::json::kind::string:
      return Node::of(std::string_view(value.get_string()));
    case boost::json::kind::int64:
      return Node::of(value.get_int64());
    case boost::json::kind::uint64:
      return Node::of(static_cast<double>(value.get_uint64()));
    case boost::json::kind::double_:
      return Node::of(value.get_double());
    case boost::json::kind::bool_:
      return Node::of(value.get_bool());
    case boost::json::kind::null:
      break;
  }
  Node node;
  node.kind = Node::Kind::other;
  node.text = "null";
  return node;
}

}  // namespace

std::string to_toml(const Node& node) {
  std::string out;
  write_toml(out, node);
  return out;
}

std::string to_json(const Node& node) {
  std::string out;
  write_json(out, node, 0);
  return out;
}

Result<Node> parse_json(std::string_view text) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  if (error) return fail(Fault::proxy, "not valid JSON: {}", error.message());
  return from_json(value);
}

}  // namespace drawbridge::config
