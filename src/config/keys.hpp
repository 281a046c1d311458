// The description of the keys: one row a key. Everything else is made from it: the parser, the
// ranges, the defaults of the reference page, the JSON Schema, `check --show`, what a reload may
// change, and what this build does not act on yet. Adding a key is one member in global.hpp or
// server.hpp and one row in keys_*.cpp. Long because the parts of a row's notation belong together.
//
// Rows are type-erased (a pointer to member becomes a function from object to member, a type
// becomes a Codec), so that the walkers are written once and not once a struct.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/codecs.hpp"
#include "config/reader.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {

// When a changed value takes effect: at once, for new connections, at the next start.
enum class Reload : std::uint8_t { live, fresh, restart };
// Whether this build acts on the key. **The one place to edit when a feature arrives.**
enum class Active : std::uint8_t { now, later };

struct Table;

// How a table hangs in its parent, and how to get at the ones that are there.
struct Shape {
  enum class Kind : std::uint8_t { one, optional, list, map };
  Kind kind = Kind::one;
  // The item to read into: the member itself, a new list entry, the entry of that name.
  void* (*add)(void* member, std::string_view name) = nullptr;
  std::size_t (*count)(const void* member) = nullptr;
  // Item by position, with its name in a map ("" otherwise).
  std::pair<std::string_view, const void*> (*item)(const void* member, std::size_t index) = nullptr;
};

struct Key {
  using Check = std::function<void(Reader&, const Node&, void* value)>;

  std::string_view name;
  std::string_view meaning;
  std::string_view heading;  // not empty: a section of the reference page begins here
  std::vector<std::string_view> aliases;
  std::string range;         // for people
  std::string default_text;  // instead of the printed default
  Reload reload = Reload::live;
  Active active = Active::later;
  bool ours = false;  // not an Infrarust key
  bool secret = false;
  bool required = false;
  bool embedded = false;  // a table whose keys stand in the parent itself

  void* (*outer)(void* object) = nullptr;  // first step for keys that were embedded
  void* (*inner)(void* object) = nullptr;
  const Codec* codec = nullptr;  // a value
  const Table* table = nullptr;  // a table; exactly one of the two is set
  Shape shape;
  std::vector<Check> checks;
  // False for values that this build does not act on although the key is active; none: all values.
  std::function<bool(const void* value)> value_active;
  // Makes a new item of a list or map know its parent (defaults that are inherited).
  void (*prepare)(const void* parent, void* item) = nullptr;
  std::optional<Node> minimum, maximum;  // for the JSON Schema
  bool (*equal)(const void* a, const void* b) = nullptr;
  void (*assign)(void* to, const void* from) = nullptr;

  [[nodiscard]] void* member(void* object) const {
    return inner(outer != nullptr ? outer(object) : object);
  }
  [[nodiscard]] const void* member(const void* object) const {
    return member(const_cast<void*>(object));
  }
};

struct Table {
  // Old keys that are read past with a warning.
  struct Ignored {
    std::string_view name;
    std::string_view advice;
  };

  std::vector<Key> keys;
  std::vector<Ignored> ignored;
  void (*rewrite)(Reader&, Node&) = nullptr;  // old spellings, before reading
  void (*check)(Reader&, const Node&,
                void*) = nullptr;        // keys that must fit each other, after reading
  std::shared_ptr<const void> defaults;  // an object with all of them
  std::vector<std::pair<std::string_view, const Key*>> index;  // names and aliases, sorted

  [[nodiscard]] const Key* find(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> nearest(std::string_view name) const;
};

const Table& global_keys();
const Table& server_keys();
// Shared by both files.
const Table& motd_keys();
const Table& default_motd_keys();
const Table& active_health_keys();
const Table& ip_filter_keys();

// Whether `node` holds an unknown key that is most likely meant to be `name`.
bool has_slip_for(const Table& table, const Node& node, std::string_view name);

// Reads `node` into the object that `table` describes; every problem goes to the reader.
void read_table(Reader& reader, const Table& table, Node& node, void* object);

// One value, or one optional/list/map table as a whole, of an object.
struct Leaf {
  const std::string& path;
  const Key& key;
  const void* value;
  bool active;      // the key and every table around it
  bool is_default;  // equal to that of a fresh object
};
// In the order of the description. Tables that are lists, maps or optional come first as a leaf of
// their own, then what is in them.
void walk(const Table& table, const void* object, const std::function<void(const Leaf&)>& visit);

// ---- how rows are written

inline constexpr Reload live = Reload::live;
inline constexpr Reload fresh = Reload::fresh;
inline constexpr Reload restart = Reload::restart;
inline constexpr Active now = Active::now;
inline constexpr Active later = Active::later;

enum class Flag : std::uint8_t { ours, secret, required };
inline constexpr Flag ours = Flag::ours;
inline constexpr Flag secret = Flag::secret;
inline constexpr Flag required = Flag::required;

struct Heading {
  std::string_view text;
};
struct Range {
  std::string text;
};
struct DefaultText {
  std::string text;
};
struct Alias {
  std::string_view name;
};
struct LaterValues {
  std::function<bool(const void*)> is_active;
};
struct Prepare {
  void (*function)(const void* parent, void* item);
};
// A rule for a string, or for every string of a list: may change it, and answers with what is wrong
// ("" = fine).
struct StringRule {
  std::string range;
  std::function<std::string(std::string&)> apply;
};
// As StringRule for any other type.
template <typename T>
struct ValueRule {
  std::string range;
  std::function<std::string(const T&)> apply;
};
// Any other rule over the whole value.
struct Rule {
  std::string range;
  Key::Check check;
};
template <typename V>
struct Bounds {
  std::optional<V> minimum, maximum;
  bool above = false;  // the minimum itself is not allowed
};
template <typename V>
Bounds<V> at_least(V minimum) {
  return {minimum, {}, false};
}
template <typename V>
Bounds<V> more_than(V minimum) {
  return {minimum, {}, true};
}
template <typename V, typename W>
Bounds<std::common_type_t<V, W>> within(V minimum, W maximum) {
  return {minimum, maximum, false};
}
template <typename V, typename W>
Bounds<std::common_type_t<V, W>> above_within(V minimum, W maximum) {
  return {minimum, maximum, true};
}

namespace detail {

template <typename T>
struct Member;
template <typename C, typename T>
struct Member<T C::*> {
  using Object = C;
  using Type = T;
};
template <typename T>
struct Unwrapped {
  using Type = T;
};
template <typename T>
struct Unwrapped<std::optional<T>> {
  using Type = T;
};
// Calls `f` for the value, the value of an optional, or every value of a list; each with the node
// to blame.
template <typename T, typename F>
void each_value(const Node& node, T& value, F f) {
  f(node, value);
}
template <typename T, typename F>
void each_value(const Node& node, std::optional<T>& value, F f) {
  if (value) each_value(node, *value, f);
}
template <typename T, typename F>
void each_value(const Node& node, std::vector<T>& values, F f) {
  const bool matching = node.is_list() && node.children.size() == values.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    each_value(matching ? node.children[i] : node, values[i], f);
}

template <typename T>
void apply(Key& key, Reload reload) {
  key.reload = reload;
}
template <typename T>
void apply(Key& key, Active active) {
  key.active = active;
}
template <typename T>
void apply(Key& key, Flag flag) {
  if (flag == Flag::ours) key.ours = true;
  if (flag == Flag::secret) key.secret = true;
  if (flag == Flag::required) key.required = true;
}
template <typename T>
void apply(Key& key, const Heading& heading) {
  key.heading = heading.text;
}
template <typename T>
void apply(Key& key, const Range& range) {
  key.range = range.text;
}
template <typename T>
void apply(Key& key, const DefaultText& text) {
  key.default_text = text.text;
}
template <typename T>
void apply(Key& key, Alias alias) {
  key.aliases.push_back(alias.name);
}
template <typename T>
void apply(Key& key, const LaterValues& values) {
  key.value_active = values.is_active;
}
template <typename T>
void apply(Key& key, Prepare prepare) {
  key.prepare = prepare.function;
}
template <typename T>
void apply(Key& key, const Rule& rule) {
  key.range = rule.range;
  key.checks.push_back(rule.check);
}
template <typename T>
void apply(Key& key, const StringRule& rule) {
  if (!rule.range.empty()) key.range = rule.range;
  key.checks.push_back([apply = rule.apply](Reader& reader, const Node& node, void* value) {
    each_value(node, *static_cast<T*>(value), [&](const Node& at, std::string& text) {
      if (std::string wrong = apply(text); !wrong.empty()) reader.error(at, std::move(wrong));
    });
  });
}
template <typename T, typename V>
void apply(Key& key, const ValueRule<V>& rule) {
  if (!rule.range.empty()) key.range = rule.range;
  key.checks.push_back([apply = rule.apply](Reader& reader, const Node& node, void* value) {
    each_value(node, *static_cast<T*>(value), [&](const Node& at, V& one) {
      if (std::string wrong = apply(one); !wrong.empty()) reader.error(at, std::move(wrong));
    });
  });
}
// The text of a range and the schema's limits, from values written as the key would be.
std::string bounds_text(const std::optional<Node>& minimum, const std::optional<Node>& maximum,
                        bool above);
template <typename T, typename V>
void apply(Key& key, const Bounds<V>& bounds) {
  using Value = typename Unwrapped<T>::Type;
  std::optional<Value> minimum, maximum;
  if (bounds.minimum) minimum = static_cast<Value>(*bounds.minimum);
  if (bounds.maximum) maximum = static_cast<Value>(*bounds.maximum);
  if (minimum) key.minimum = Format<Value>::write(*minimum);
  if (maximum) key.maximum = Format<Value>::write(*maximum);
  key.range = bounds_text(key.minimum, key.maximum, bounds.above);
  key.checks.push_back(
      [=, text = key.range, above = bounds.above](Reader& reader, const Node& node, void* value) {
        each_value(node, *static_cast<T*>(value), [&](const Node& at, const Value& one) {
          const bool low = minimum && (one < *minimum || (above && one == *minimum));
          const bool high = maximum && one > *maximum;
          if (low || high) reader.error(at, "must be " + text);
        });
      });
}

template <auto M>
void* get(void* object) {
  using Object = typename Member<decltype(M)>::Object;
  return &(static_cast<Object*>(object)->*M);
}

template <auto M, typename... Options>
Key row(std::string_view name, std::string_view meaning, const Options&... options) {
  using T = typename Member<decltype(M)>::Type;
  Key key;
  key.name = name;
  key.meaning = meaning;
  key.inner = &get<M>;
  key.equal = [](const void* a, const void* b) {
    return *static_cast<const T*>(a) == *static_cast<const T*>(b);
  };
  key.assign = [](void* to, const void* from) {
    *static_cast<T*>(to) = *static_cast<const T*>(from);
  };
  (apply<T>(key, options), ...);
  return key;
}

template <typename T>
struct ShapeOf {
  static constexpr Shape shape{
      .kind = Shape::Kind::one,
      .add = [](void* member, std::string_view) { return member; },
      .count = [](const void*) { return std::size_t{1}; },
      .item = [](const void* member,
                 std::size_t) { return std::pair{std::string_view(), member}; }};
};
template <typename T>
struct ShapeOf<std::optional<T>> {
  static constexpr Shape shape{
      .kind = Shape::Kind::optional,
      .add = [](void* member, std::string_view) -> void* {
        return &static_cast<std::optional<T>*>(member)->emplace();
      },
      .count =
          [](const void* member) {
            return std::size_t{static_cast<const std::optional<T>*>(member)->has_value()};
          },
      .item = [](const void* member, std::size_t) -> std::pair<std::string_view, const void*> {
        return {{}, &**static_cast<const std::optional<T>*>(member)};
      }};
};
template <typename T>
struct ShapeOf<std::vector<T>> {
  static constexpr Shape shape{
      .kind = Shape::Kind::list,
      .add = [](void* member, std::string_view) -> void* {
        return &static_cast<std::vector<T>*>(member)->emplace_back();
      },
      .count =
          [](const void* member) { return static_cast<const std::vector<T>*>(member)->size(); },
      .item = [](const void* member,
                 std::size_t index) -> std::pair<std::string_view, const void*> {
        return {{}, &(*static_cast<const std::vector<T>*>(member))[index]};
      }};
};
template <typename T>
struct ShapeOf<std::map<std::string, T>> {
  using Map = std::map<std::string, T>;
  static constexpr Shape shape{
      .kind = Shape::Kind::map,
      .add = [](void* member, std::string_view name) -> void* {
        return &(*static_cast<Map*>(member))[std::string(name)];
      },
      .count = [](const void* member) { return static_cast<const Map*>(member)->size(); },
      .item = [](const void* member,
                 std::size_t index) -> std::pair<std::string_view, const void*> {
        const auto at =
            std::next(static_cast<const Map*>(member)->begin(), static_cast<std::ptrdiff_t>(index));
        return {at->first, &at->second};
      }};
};

}  // namespace detail

// A row for a value.
template <auto M, typename... Options>
Key key(std::string_view name, std::string_view meaning, const Options&... options) {
  Key out = detail::row<M>(name, meaning, options...);
  out.codec = &codec_of<typename detail::Member<decltype(M)>::Type>();
  return out;
}

// A row for a table; by the member's type it stands there once, may be absent, is a list or is
// keyed by name.
template <auto M, typename... Options>
Key table(std::string_view name, const Table& keys, std::string_view meaning,
          const Options&... options) {
  Key out = detail::row<M>(name, meaning, options...);
  out.table = &keys;
  out.shape = detail::ShapeOf<typename detail::Member<decltype(M)>::Type>::shape;
  return out;
}

// The keys of another table, as if they were written here.
template <auto M>
Key embed(const Table& keys) {
  Key out = detail::row<M>("", "");
  out.table = &keys;
  out.embedded = true;
  return out;
}

Table finished(std::vector<Key> keys, std::shared_ptr<const void> defaults);

// The table of struct T.
template <typename T>
Table describe_table(std::initializer_list<Key> keys) {
  return finished(keys, std::make_shared<T>());
}

}  // namespace drawbridge::config
