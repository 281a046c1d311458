// JSON Schema, made from the key description.
#include "config/schema.hpp"

#include <utility>

#include "config/keys.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {
namespace {

std::string_view reload_word(Reload reload) {
  switch (reload) {
    case Reload::live:
      return "live";
    case Reload::fresh:
      return "new connections";
    case Reload::restart:
      break;
  }
  return "restart";
}

Node table_schema(const Table& table, bool active);

// Limits belong on the number itself, which for "number or size text" is one of several choices.
void add_limits(Node& schema, const Key& key) {
  const auto numeric = [](const std::optional<Node>& node) {
    return node && (node->kind == Node::Kind::integer || node->kind == Node::Kind::real);
  };
  const Node* type = schema.find("type");
  if (type == nullptr || (type->text != "integer" && type->text != "number")) return;
  if (numeric(key.minimum)) {
    schema.remove("minimum");
    schema.add("minimum", *key.minimum);
  }
  if (numeric(key.maximum)) schema.add("maximum", *key.maximum);
}

Node key_schema(const Key& key, const void* defaults, bool active) {
  const bool here = active && key.active == Active::now;
  Node schema;
  if (key.codec != nullptr) {
    schema = key.codec->schema();
    add_limits(schema, key);
    const Node value = key.codec->write(key.member(defaults));
    const bool none = value.kind == Node::Kind::other;
    if (!none && !key.required && key.default_text.empty()) schema.add("default", value);
  } else {
    schema = table_schema(*key.table, here);
    if (key.shape.kind == Shape::Kind::list) {
      Node list;
      list.add("type", "array");
      list.add("items", std::move(schema));
      schema = std::move(list);
    } else if (key.shape.kind == Shape::Kind::map) {
      Node map;
      map.add("type", "object");
      map.add("additionalProperties", std::move(schema));
      schema = std::move(map);
    }
  }
  if (!key.meaning.empty()) schema.add("description", key.meaning);
  if (key.codec != nullptr) schema.add("x-reload", reload_word(key.reload));
  if (!here) schema.add("x-active", Node::of(false));
  return schema;
}

Node table_schema(const Table& table, bool active) {
  Node properties;
  Node required = Node::list();
  for (const Key& key : table.keys) {
    Node schema = key_schema(key, table.defaults.get(), active);
    for (const std::string_view alias : key.aliases) properties.add(alias, schema);
    properties.add(key.name, std::move(schema));
    if (key.required) required.children.push_back(Node::of(key.name));
  }
  for (const Table::Ignored& old : table.ignored) {
    Node schema;
    schema.add("description", old.advice);
    schema.add("deprecated", Node::of(true));
    properties.add(old.name, std::move(schema));
  }
  Node out;
  out.add("type", "object");
  out.add("properties", std::move(properties));
  if (!required.children.empty()) out.add("required", std::move(required));
  out.add("additionalProperties", Node::of(false));
  return out;
}

std::string document(const Table& table, std::string_view title) {
  Node root;
  root.add("$schema", "https://json-schema.org/draft/2020-12/schema");
  root.add("title", title);
  for (Node& child : table_schema(table, true).children) root.children.push_back(std::move(child));
  return to_json(root) + "\n";
}

}  // namespace

std::string global_schema() {
  return document(global_keys(), "Drawbridge: the global file");
}
std::string server_schema() {
  return document(server_keys(), "Drawbridge: a server file");
}

}  // namespace drawbridge::config
