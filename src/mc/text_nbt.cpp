#include "mc/text_nbt.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <limits>

namespace drawbridge::mc {
namespace {

namespace json = boost::json;
using Tag = Nbt::Tag;

constexpr int max_levels = 64;  // as deep as text_runs reads

// What a component says with true and false.
constexpr std::array<std::string_view, 6> flags{"bold",          "italic",     "underlined",
                                                "strikethrough", "obfuscated", "interpret"};

Nbt nbt_of(const json::value& value);

bool is_wrapper(const Nbt& item) {
  const auto* compound = std::get_if<Nbt::Compound>(&item.value);
  return compound != nullptr && compound->members.size() == 1 && compound->members[0].name.empty();
}

bool is_whole(Tag tag) {
  return tag == Tag::i32 || tag == Tag::i64;
}

template <typename T>
T number(const Nbt& nbt) {
  return std::visit(
      [](const auto& value) -> T {
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(value)>>) {
          return static_cast<T>(value);
        } else {
          return T{};
        }
      },
      nbt.value);
}

template <typename T>
Nbt array_of(const std::vector<Nbt>& items) {
  std::vector<T> out;
  out.reserve(items.size());
  for (const Nbt& item : items) out.push_back(number<T>(item));
  return {std::move(out)};
}

Nbt nbt_of(const json::array& list) {
  std::vector<Nbt> items;
  items.reserve(list.size());
  for (const auto& part : list) items.push_back(nbt_of(part));
  const auto all = [&items](auto is) { return std::ranges::all_of(items, is, &Nbt::tag); };
  if (items.empty()) return {Nbt::List{}};
  const Tag first = items.front().tag();
  if (all([](Tag tag) { return tag == Tag::i32; })) return array_of<std::int32_t>(items);
  if (all(is_whole)) return array_of<std::int64_t>(items);
  if (all([](Tag tag) { return is_whole(tag) || tag == Tag::f64; })) {
    for (Nbt& item : items) item = {number<double>(item)};
    return {Nbt::List{Tag::f64, std::move(items)}};
  }
  if (all([first](Tag tag) { return tag == first; }) && std::ranges::none_of(items, is_wrapper)) {
    return {Nbt::List{first, std::move(items)}};
  }
  for (Nbt& item : items) {
    if (item.tag() == Tag::compound && !is_wrapper(item)) continue;
    Nbt::Compound wrapper;
    wrapper.set("", std::move(item));
    item = {std::move(wrapper)};
  }
  return {Nbt::List{Tag::compound, std::move(items)}};
}

Nbt nbt_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return {std::string()};
    case json::kind::bool_:
      return {static_cast<std::int8_t>(value.get_bool() ? 1 : 0)};
    case json::kind::int64: {
      const std::int64_t whole = value.get_int64();
      if (std::in_range<std::int32_t>(whole)) return {static_cast<std::int32_t>(whole)};
      return {whole};
    }
    case json::kind::uint64:
      return {static_cast<double>(value.get_uint64())};
    case json::kind::double_:
      return {std::isfinite(value.get_double()) ? value.get_double() : 0.0};
    case json::kind::string:
      return {modified_from_utf8(value.get_string())};
    case json::kind::array:
      return nbt_of(value.get_array());
    case json::kind::object:
      break;
  }
  Nbt::Compound out;
  out.members.reserve(value.get_object().size());
  for (const auto& [key, member] : value.get_object()) {
    if (!member.is_null()) out.members.push_back({modified_from_utf8(key), nbt_of(member)});
  }
  return {std::move(out)};
}

class JsonBuilder {
 public:
  [[nodiscard]] bool is_too_deep() const { return is_too_deep_; }

  json::value operator()(const Nbt& nbt, std::string_view key, int levels) {
    if (levels == 0) {
      is_too_deep_ = true;
      return nullptr;
    }
    return std::visit([&](const auto& value) { return build(value, key, levels); }, nbt.value);
  }

 private:
  static json::value build(std::monostate, std::string_view, int) { return nullptr; }
  static json::value build(std::int8_t value, std::string_view key, int) {
    if (std::ranges::find(flags, key) != flags.end()) return value != 0;
    return value;
  }
  static json::value build(std::int16_t value, std::string_view, int) { return value; }
  static json::value build(std::int32_t value, std::string_view, int) { return value; }
  static json::value build(std::int64_t value, std::string_view, int) { return value; }
  static json::value build(float value, std::string_view key, int levels) {
    return build(static_cast<double>(value), key, levels);
  }
  static json::value build(double value, std::string_view, int) {
    return std::isfinite(value) ? value : 0.0;
  }
  static json::value build(const std::string& value, std::string_view, int) {
    return json::string(utf8_from_modified(value));
  }
  template <typename T>
  static json::value build(const std::vector<T>& items, std::string_view, int) {
    return json::array(items.begin(), items.end());
  }
  json::value build(const Nbt::List& list, std::string_view, int levels) {
    json::array out;
    out.reserve(list.items.size());
    for (const Nbt& item : list.items) {
      if (is_wrapper(item)) {
        const auto& wrapper = std::get<Nbt::Compound>(item.value);
        out.push_back((*this)(wrapper.members[0].value, "", levels - 1));
      } else {
        out.push_back((*this)(item, "", levels - 1));
      }
    }
    return out;
  }
  json::value build(const Nbt::Compound& compound, std::string_view, int levels) {
    json::object out;
    out.reserve(compound.members.size());
    for (const Nbt::Member& member : compound.members) {
      out.insert_or_assign(utf8_from_modified(member.name),
                           (*this)(member.value, member.name, levels - 1));
    }
    return out;
  }

  bool is_too_deep_ = false;
};

}  // namespace

Nbt to_nbt(const Text& text, Version version) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = max_nbt_depth / 2;
  const json::value component = json::parse(to_json(text, version), error, {}, options);
  if (error) return {modified_from_utf8(to_plain(text))};
  return nbt_of(component);
}

Result<Text> text_from_nbt(const Nbt& nbt, Fault fault) {
  JsonBuilder build;
  const json::value component = build(nbt, "", max_levels);
  if (build.is_too_deep()) return fail(fault, "a text component is too deep");
  const bool is_empty_list = component.is_array() && component.get_array().empty();
  if (is_empty_list || !(component.is_object() || component.is_array() || component.is_string())) {
    return fail(fault, "a text component is a compound, a list or a text");
  }
  return Text{Text::Form::json, json::serialize(component)};
}

WireText wire_text(const Text& text, Version version) {
  WireText out;
  if (version < nbt_texts_since) {
    out.json = to_json(text, version);
    return out;
  }
  Writer writer(out.nbt.bytes, version);
  write_nbt(writer, to_nbt(text, version));
  // A text beyond what NBT can hold: its first words are better than none.
  if (!writer.ok()) {
    out.nbt.bytes.clear();
    Writer again(out.nbt.bytes, version);
    write_nbt(again, {modified_from_utf8(to_plain(text).substr(0, 256))});
  }
  return out;
}

Result<Text> read_wire_text(const WireText& wire, Version version, Fault fault) {
  if (version < nbt_texts_since) {
    // A backend's text may be longer than what json_text() takes from an operator.
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = max_levels;
    json::parse(wire.json, error, {}, options);
    if (error) return fail(fault, "not a JSON text component: {}", error.message());
    return Text{Text::Form::json, wire.json};
  }
  const auto nbt = parse_nbt(wire.nbt.bytes, version, fault);
  if (!nbt) return std::unexpected(nbt.error());
  return text_from_nbt(*nbt, fault);
}

}  // namespace drawbridge::mc
