#include "config/diff.hpp"

#include <fmt/format.h>

#include "config/keys.hpp"

namespace drawbridge::config {
namespace {

void note(Changes& changes, const Key& key, const std::string& path) {
  switch (key.reload) {
    case Reload::live:
      changes.live.push_back(path);
      break;
    case Reload::fresh:
      changes.new_connections.push_back(path);
      break;
    case Reload::restart:
      changes.restart.push_back(path);
      break;
  }
}

void compare(const Table& table, const void* before, const void* after, std::string& path,
             Changes& changes);

// Lists are compared by position, maps by name; a different number of tables is a change of the
// whole.
void compare_items(const Key& key, const void* before, const void* after, std::string& path,
                   Changes& changes) {
  const std::size_t count = key.shape.count(after);
  bool same_items = key.shape.count(before) == count;
  for (std::size_t i = 0; same_items && i < count; ++i)
    same_items = key.shape.item(before, i).first == key.shape.item(after, i).first;
  if (!same_items) {
    note(changes, key, path);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto [name, item] = key.shape.item(after, i);
    const std::size_t length = path.size();
    if (key.shape.kind == Shape::Kind::list) path += fmt::format("[{}]", i);
    if (key.shape.kind == Shape::Kind::map) path += fmt::format(".{}", name);
    compare(*key.table, key.shape.item(before, i).second, item, path, changes);
    path.resize(length);
  }
}

void compare(const Table& table, const void* before, const void* after, std::string& path,
             Changes& changes) {
  for (const Key& key : table.keys) {
    const void* old_member = key.member(before);
    const void* new_member = key.member(after);
    if (key.equal(old_member, new_member)) continue;
    const std::size_t length = path.size();
    if (length != 0) path += '.';
    path += key.name;
    if (key.codec != nullptr)
      note(changes, key, path);
    else
      compare_items(key, old_member, new_member, path, changes);
    path.resize(length);
  }
}

Changes changes_of(const Table& table, const void* before, const void* after) {
  Changes changes;
  std::string path;
  compare(table, before, after, path, changes);
  return changes;
}

void keep_restart_keys(const Table& table, const void* running, void* next) {
  for (const Key& key : table.keys) {
    const void* old_member = key.member(running);
    void* new_member = key.member(next);
    if (key.table != nullptr && key.shape.kind == Shape::Kind::one)
      keep_restart_keys(*key.table, old_member, new_member);
    else if (key.reload == Reload::restart)
      key.assign(new_member, old_member);
  }
}

}  // namespace

Changes diff(const GlobalConfig& before, const GlobalConfig& after) {
  return changes_of(global_keys(), &before, &after);
}

GlobalConfig without_restart_keys(const GlobalConfig& running, GlobalConfig next) {
  keep_restart_keys(global_keys(), &running, &next);
  return next;
}

}  // namespace drawbridge::config
