#include "config/overlay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/strings.hpp"
#include "config/toml.hpp"

namespace drawbridge::config {
namespace {

constexpr std::string_view prefix = "DRAWBRIDGE_";
// Names that are flags and not keys.
constexpr std::array<std::string_view, 4> reserved = {"DRAWBRIDGE_CONFIG", "DRAWBRIDGE_LOG",
                                                      "DRAWBRIDGE_LOG_FORMAT", "DRAWBRIDGE_COLOR"};
constexpr std::size_t largest_value_file = std::size_t{1} << 20;

// "RATE_LIMIT__WINDOW" as "rate_limit.window".
std::string key_of_variable(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    if (name.starts_with("__")) {
      out += '.';
      name.remove_prefix(2);
    } else {
      out += lower(name[0]);
      name.remove_prefix(1);
    }
  }
  return out;
}

void set_source(Node& node, std::uint16_t source) {
  node.source = source;
  node.line = node.column = node.key_line = node.key_column = 0;
  for (Node& child : node.children) set_source(child, source);
}

// A TOML value, else a string.
Node value_of_text(std::string_view text, std::uint16_t source) {
  Node node;
  if (!parse_toml_value(text, node)) node = Node::of(text);
  if (!node.is_table() && !node.is_list() && !node.is_string()) {
    node.from_text = true;
    node.text = text;
  }
  set_source(node, source);
  return node;
}

std::optional<std::string> file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(largest_value_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || text.size() > largest_value_file) return std::nullopt;
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

// Collects what both kinds of overlay do.
class Layer {
 public:
  Layer(Node& root, std::vector<SourceInfo>& sources, Problems& problems)
      : root_(root), sources_(sources), problems_(problems) {}

  void problem(std::string shown, std::string_view key, std::string message) {
    problems_.push_back({.severity = Problem::Severity::error,
                         .source = std::move(shown),
                         .line = 0,
                         .column = 0,
                         .key = std::string(key),
                         .message = std::move(message)});
  }

  void lay(Origin::Kind kind, std::string_view name, std::string shown, std::string_view key,
           std::string_view text) {
    const auto source = static_cast<std::uint16_t>(sources_.size());
    Origin origin{.kind = kind, .name = std::string(name), .line = 0};
    if (place(root_, key, value_of_text(text, source)))
      sources_.push_back({.origin = std::move(origin), .shown = std::move(shown), .base = {}});
    else
      problem(std::move(shown), key, "does not fit: the file has a plain value on the way to it");
  }

 private:
  Node& root_;
  std::vector<SourceInfo>& sources_;
  Problems& problems_;
};

void lay_variable(Layer& layer, const std::string& name, const std::string& text) {
  const std::string shown = "environment " + name;
  const std::string key = key_of_variable(std::string_view(name).substr(prefix.size()));
  const std::string unknown = why_unknown(global_keys(), key);
  if (unknown.empty()) {
    layer.lay(Origin::Kind::environment, name, shown, key, text);
    return;
  }
  constexpr std::string_view suffix = "_file";
  const std::string_view base = std::string_view(key).substr(
      0, key.ends_with(suffix) ? key.size() - suffix.size() : std::string::npos);
  if (base.size() == key.size() || !why_unknown(global_keys(), base).empty()) {
    layer.problem(shown, key, unknown);
    return;
  }
  if (const auto content = file_content(text))
    layer.lay(Origin::Kind::environment, name, shown, base, *content);
  else
    layer.problem(shown, base, fmt::format("{} cannot be read", escaped_for_log(text)));
}

}  // namespace

std::string why_unknown(const Table& table, std::string_view path) {
  const Table* at = &table;
  std::string_view rest = path;
  for (;;) {
    const auto dot = rest.find('.');
    const std::string_view step = rest.substr(0, dot);
    const Key* key = at->find(step);
    if (key == nullptr) {
      if (std::ranges::find(at->ignored, step, &Table::Ignored::name) != at->ignored.end())
        return {};
      const auto nearest = at->nearest(step);
      return nearest ? fmt::format("unknown key, did you mean `{}{}`?",
                                   path.substr(0, path.size() - rest.size()), *nearest)
                     : "unknown key";
    }
    if (dot == rest.npos || key->codec != nullptr) return {};
    rest.remove_prefix(dot + 1);
    if (key->shape.kind == Shape::Kind::list)
      return fmt::format("`{}` is a list; give it as a whole", step);
    if (key->shape.kind == Shape::Kind::map) {
      const auto next = rest.find('.');
      if (next == rest.npos) return {};
      rest.remove_prefix(next + 1);
    }
    at = key->table;
  }
}

bool place(Node& root, std::string_view path, Node value) {
  Node* at = &root;
  for (;;) {
    if (!at->is_table()) return false;
    const auto dot = path.find('.');
    const std::string_view step = path.substr(0, dot);
    Node* child = at->find(step);
    if (dot == path.npos) {
      if (child == nullptr) {
        at->add(step, std::move(value));
      } else {
        value.key = child->key;
        *child = std::move(value);
      }
      return true;
    }
    if (child == nullptr) {
      Node table;
      table.source = value.source;
      child = &at->add(step, std::move(table));
    }
    at = child;
    path.remove_prefix(dot + 1);
  }
}

void lay_overlays(const Overlays& overlays, Node& root, std::vector<SourceInfo>& sources,
                  Problems& problems) {
  Layer layer(root, sources, problems);
  auto environment = overlays.environment;
  std::ranges::sort(environment);  // the outcome does not depend on the shell
  for (const auto& [name, text] : environment)
    if (name.starts_with(prefix) && std::ranges::find(reserved, name) == reserved.end())
      lay_variable(layer, name, text);
  for (const Overlays::Setting& setting : overlays.settings) {
    const std::string name = setting.flag.empty() ? "--set " + setting.key : setting.flag;
    const std::string unknown = why_unknown(global_keys(), setting.key);
    if (setting.flag == "--bind") root.remove("listener");  // it replaces all listeners
    if (unknown.empty())
      layer.lay(Origin::Kind::command_line, name, name, setting.key, setting.text);
    else
      layer.problem(name, setting.key, unknown);
  }
}

Node label_value(std::string_view text, std::uint16_t source) {
  const std::string_view plain = trimmed(text);
  Node node;
  const bool structured = plain.starts_with('[') || plain.starts_with('{');
  if (!structured || !parse_toml_value(plain, node)) {
    node = Node::of(text);
    node.from_text = node.from_label = true;
  }
  set_source(node, source);
  return node;
}

}  // namespace drawbridge::config
