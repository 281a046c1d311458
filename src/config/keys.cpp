// The walkers over the key description: reading a tree into an object, and visiting an object key
// by key.
#include "config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/strings.hpp"

namespace drawbridge::config {

const Key* Table::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(index, name, {}, &decltype(index)::value_type::first);
  return at != index.end() && at->first == name ? at->second : nullptr;
}

std::optional<std::string_view> Table::nearest(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Key& key : keys) names.push_back(key.name);
  return nearest_name(name, names);
}

Table finished(std::vector<Key> keys, std::shared_ptr<const void> defaults) {
  Table table;
  table.defaults = std::move(defaults);
  for (Key& key : keys) {
    if (!key.embedded) {
      table.keys.push_back(std::move(key));
      continue;
    }
    for (Key inner : key.table->keys) {
      assert(inner.outer == nullptr && "one level of embedding is enough for everybody so far");
      inner.outer = key.inner;
      table.keys.push_back(std::move(inner));
    }
  }
  for (const Key& key : table.keys) {
    table.index.emplace_back(key.name, &key);
    for (const std::string_view alias : key.aliases) table.index.emplace_back(alias, &key);
  }
  std::ranges::sort(table.index, {}, &decltype(table.index)::value_type::first);
  return table;
}

namespace detail {

std::string bounds_text(const std::optional<Node>& minimum, const std::optional<Node>& maximum,
                        bool above) {
  const auto shown = [](const Node& node) { return node.is_string() ? node.text : to_toml(node); };
  if (minimum && maximum)
    return above ? fmt::format("more than {}, at most {}", shown(*minimum), shown(*maximum))
                 : fmt::format("{}..{}", shown(*minimum), shown(*maximum));
  if (minimum) return fmt::format("{} {}", above ? "more than" : "at least", shown(*minimum));
  return "at most " + shown(*maximum);
}

}  // namespace detail

namespace {

void unknown_key(Reader& reader, const Table& table, const Node& child) {
  // In TOML all that follows a [table] belongs to it, so what is appended to a file lands there.
  if (reader.document != &table && reader.document->find(child.key) != nullptr) {
    reader.error_at_key(child,
                        fmt::format("unknown key here; `{}` is a key of the whole file: move "
                                    "the line up, above the first [table]",
                                    child.key));
    return;
  }
  const auto nearest = reader.is_full() ? std::nullopt : table.nearest(child.key);
  reader.error_at_key(
      child, nearest ? fmt::format("unknown key, did you mean `{}`?", *nearest) : "unknown key");
}

void read_items(Reader& reader, const Key& key, Node& node, void* object) {
  const bool list = key.shape.kind == Shape::Kind::list;
  if (list ? !node.is_list() : !node.is_table()) {
    wrong_type(reader, node, list ? "a list of tables" : "a table of tables");
    return;
  }
  void* member = key.member(object);
  std::size_t index = 0;
  for (Node& child : node.children) {
    const Reader::Step step(reader, list ? fmt::format("[{}]", index++) : child.key);
    if (!list && !is_id(child.key))
      reader.error_at_key(child, "a name may hold a-z, 0-9, \"_\" and \"-\", at most 64 of them");
    void* item = key.shape.add(member, child.key);
    if (key.prepare != nullptr) key.prepare(object, item);
    read_table(reader, *key.table, child, item);
  }
}

void read_value(Reader& reader, const Key& key, Node& node, void* object) {
  void* member = key.member(object);
  if (key.codec != nullptr) {
    if (!key.codec->read(reader, node, member)) return;
    reader.note_origin(node);
    for (const Key::Check& check : key.checks) check(reader, node, member);
    return;
  }
  if (key.shape.kind != Shape::Kind::one) reader.note_origin(node);
  if (key.shape.kind == Shape::Kind::list || key.shape.kind == Shape::Kind::map)
    read_items(reader, key, node, object);
  else
    read_table(reader, *key.table, node, key.shape.add(member, {}));
  for (const Key::Check& check : key.checks) check(reader, node, member);
}

void read_key(Reader& reader, const Key& key, Node& node, void* object) {
  const Reader::Step step(reader, key.name);
  const std::size_t errors = reader.errors();
  read_value(reader, key, node, object);
  node.bad = reader.errors() != errors;
}

struct Found {
  const Key* key;
  Node* node;
};

// The children that are keys of `table`, in its order (so that what is inherited is read first);
// the others are reported.
std::vector<Found> known_children(Reader& reader, const Table& table, Node& node) {
  std::vector<Found> found;
  found.reserve(node.children.size());
  for (Node& child : node.children) {
    if (const Key* key = table.find(child.key)) {
      found.push_back({key, &child});
      continue;
    }
    const Reader::Step step(reader, escaped_for_log(child.key, 60));
    const auto old = std::ranges::find(table.ignored, child.key, &Table::Ignored::name);
    if (old != table.ignored.end())
      reader.warn_at_key(child, fmt::format("is ignored; {}", old->advice));
    else
      unknown_key(reader, table, child);
  }
  std::ranges::sort(found, {}, [](const Found& f) { return std::pair(f.key, f.node); });
  return found;
}

}  // namespace

bool has_slip_for(const Table& table, const Node& node, std::string_view name) {
  return std::ranges::any_of(node.children, [&](const Node& child) {
    return table.find(child.key) == nullptr && table.nearest(child.key) == name;
  });
}

void read_table(Reader& reader, const Table& table, Node& node, void* object) {
  if (reader.document == nullptr) reader.document = &table;
  if (!node.is_table()) {
    wrong_type(reader, node, "a table");
    return;
  }
  if (table.rewrite != nullptr) table.rewrite(reader, node);
  const std::vector<Found> found = known_children(reader, table, node);
  const Key* last = nullptr;
  for (const auto& [key, child] : found) {
    if (key == last) {
      const Reader::Step step(reader, child->key);
      reader.error_at_key(*child,
                          fmt::format("is another word for `{}`, which is set too", key->name));
      continue;
    }
    last = key;
    read_key(reader, *key, *child, object);
  }
  for (const Key& key : table.keys) {
    if (!key.required || std::ranges::find(found, &key, &Found::key) != found.end()) continue;
    if (has_slip_for(table, node, key.name)) continue;
    const Reader::Step step(reader, key.name);
    reader.error(node, "is required here");
  }
  if (table.check != nullptr) table.check(reader, node, object);
}

namespace {

void walk_from(const Table& table, const void* object, std::string& path, bool active,
               const std::function<void(const Leaf&)>& visit) {
  const void* defaults = table.defaults.get();
  for (const Key& key : table.keys) {
    const std::size_t before = path.size();
    if (before != 0) path += '.';
    path += key.name;
    const bool here = active && key.active == Active::now;
    const void* member = key.member(object);
    if (key.codec != nullptr || key.shape.kind != Shape::Kind::one)
      visit({path, key, member, here, key.equal(member, key.member(defaults))});
    if (key.table != nullptr) {
      const std::size_t name_end = path.size();
      for (std::size_t i = 0; i < key.shape.count(member); ++i) {
        const auto [name, item] = key.shape.item(member, i);
        if (key.shape.kind == Shape::Kind::list) path += fmt::format("[{}]", i);
        if (key.shape.kind == Shape::Kind::map) path += fmt::format(".{}", name);
        walk_from(*key.table, item, path, here, visit);
        path.resize(name_end);
      }
    }
    path.resize(before);
  }
}

}  // namespace

void walk(const Table& table, const void* object, const std::function<void(const Leaf&)>& visit) {
  std::string path;
  walk_from(table, object, path, true, visit);
}

}  // namespace drawbridge::config
