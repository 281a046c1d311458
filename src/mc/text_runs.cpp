#include "mc/text_runs.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "base/strings.hpp"
#include "mc/utf16.hpp"

namespace drawbridge::mc {
namespace {

constexpr int max_levels = 64;  // a backend's text may be deeper than what we take from an operator
constexpr std::string_view section = "\u00A7";

int distance(std::uint32_t a, std::uint32_t b) {
  int sum = 0;
  for (const int shift : {0, 8, 16}) {
    const int difference =
        static_cast<int>(a >> shift & 0xFF) - static_cast<int>(b >> shift & 0xFF);
    sum += difference * difference;
  }
  return sum;
}

// Twelve units after §x: six times § and a hexadecimal digit.
std::optional<std::uint32_t> hex_behind_x(std::string_view text) {
  std::string digits;
  for (int i = 0; i < 6; ++i) {
    if (!text.starts_with(section) || text.size() < section.size() + 1) return std::nullopt;
    digits.push_back(text[section.size()]);
    text.remove_prefix(section.size() + 1);
  }
  return parse_int<std::uint32_t>(digits, 16);
}

void apply_code(Style& style, char code, const Style& outer) {
  code = lower(code);
  if (code == 'r') {
    style = outer;
    return;
  }
  if (const auto* color = std::ranges::find(named_colors, code, &NamedColor::code);
      color != named_colors.end()) {
    style = Style{.color = Color{.rgb = color->rgb, .is_named = true}, .formats = {}};
    return;
  }
  const auto* format = std::ranges::find(named_formats, code, &NamedFormat::code);
  if (format != named_formats.end()) {
    style.formats[static_cast<std::size_t>(format - named_formats.begin())] = true;
  }
}

void append_run(std::vector<Run>& runs, std::string_view text, const Style& style) {
  if (text.empty()) return;
  if (!runs.empty() && runs.back().style == style) {
    runs.back().text += text;
  } else {
    runs.push_back({std::string(text), style});
  }
}

const boost::json::string* string_at(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_string();
}

Style style_of(const boost::json::object& component, const Style& outer) {
  Style style = outer;
  if (const auto* color = string_at(component, "color")) {
    const auto parsed = Color::parse(*color);
    if (parsed || *color == "reset") style.color = parsed;
  }
  for (std::size_t i = 0; i < named_formats.size(); ++i) {
    const auto* format = component.if_contains(named_formats[i].name);
    if (format != nullptr && format->is_bool()) style.formats[i] = format->get_bool();
  }
  return style;
}

}  // namespace

// The palette of the game's own chat.
const std::array<NamedColor, 16> named_colors{{
    {'0', "black", 0x000000},
    {'1', "dark_blue", 0x0000AA},
    {'2', "dark_green", 0x00AA00},
    {'3', "dark_aqua", 0x00AAAA},
    {'4', "dark_red", 0xAA0000},
    {'5', "dark_purple", 0xAA00AA},
    {'6', "gold", 0xFFAA00},
    {'7', "gray", 0xAAAAAA},
    {'8', "dark_gray", 0x555555},
    {'9', "blue", 0x5555FF},
    {'a', "green", 0x55FF55},
    {'b', "aqua", 0x55FFFF},
    {'c', "red", 0xFF5555},
    {'d', "light_purple", 0xFF55FF},
    {'e', "yellow", 0xFFFF55},
    {'f', "white", 0xFFFFFF},
}};

const std::array<NamedFormat, 5> named_formats{{
    {'k', "obfuscated"},
    {'l', "bold"},
    {'m', "strikethrough"},
    {'n', "underlined"},
    {'o', "italic"},
}};

std::optional<Color> Color::parse(std::string_view text) {
  if (text.starts_with('#')) {
    const auto rgb = parse_int<std::uint32_t>(text.substr(1), 16);
    if (!rgb || text.size() != 7) return std::nullopt;
    return Color{.rgb = *rgb, .is_named = false};
  }
  const auto* named = std::ranges::find(named_colors, text, &NamedColor::name);
  if (named == named_colors.end()) return std::nullopt;
  return Color{.rgb = named->rgb, .is_named = true};
}

const NamedColor& Color::nearest() const {
  return *std::ranges::min_element(
      named_colors, {}, [this](const NamedColor& named) { return distance(named.rgb, rgb); });
}

namespace {

void append_legacy_runs(std::vector<Run>& runs, std::string_view legacy, const Style& outer) {
  constexpr std::size_t hex_size = 6 * (section.size() + 1);
  Style style = outer;
  while (!legacy.empty()) {
    const auto at = legacy.find(section);
    append_run(runs, legacy.substr(0, at), style);
    if (at == std::string_view::npos) return;
    legacy.remove_prefix(at + section.size());
    if (legacy.empty()) return;  // a lone § at the end
    const char code = legacy.front();
    // Of a character of several bytes only the § before it is dropped.
    if (static_cast<Byte>(code) < 0x80) legacy.remove_prefix(1);
    const auto hex = lower(code) == 'x' ? hex_behind_x(legacy) : std::nullopt;
    if (hex) {
      style = Style{.color = Color{.rgb = *hex, .is_named = false}, .formats = {}};
      legacy.remove_prefix(hex_size);
    } else {
      apply_code(style, code, outer);
    }
  }
}

void append_json_runs(std::vector<Run>& runs, const boost::json::value& component,
                      const Style& outer, int depth) {
  if (depth == 0) return;
  if (const auto* text = component.if_string()) {
    append_legacy_runs(runs, *text, outer);
  } else if (const auto* list = component.if_array()) {
    // The first is the parent of the others.
    if (list->empty()) return;
    const auto* first = list->front().if_object();
    const Style style = first == nullptr ? outer : style_of(*first, outer);
    for (const auto& part : *list) {
      append_json_runs(runs, part, &part == &list->front() ? outer : style, depth - 1);
    }
  } else if (const auto* object = component.if_object()) {
    const Style style = style_of(*object, outer);
    for (const std::string_view key : {"text", "fallback", "translate"}) {
      if (const auto* words = string_at(*object, key)) {
        append_legacy_runs(runs, *words, style);
        break;
      }
    }
    const auto* extra = object->if_contains("extra");
    if (extra == nullptr || !extra->is_array()) return;
    for (const auto& part : extra->get_array()) append_json_runs(runs, part, style, depth - 1);
  } else if (component.is_number() || component.is_bool()) {
    append_run(runs, boost::json::serialize(component), outer);
  }
}

}  // namespace

std::vector<Run> runs_of(const Text& text) {
  std::vector<Run> runs;
  if (text.form == Text::Form::json) {
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = max_levels;
    const auto component = boost::json::parse(text.value, error, {}, options);
    if (!error) {
      append_json_runs(runs, component, {}, max_levels);
      return runs;
    }
  }
  append_legacy_runs(runs, valid_utf8(text.value), {});
  return runs;
}

}  // namespace drawbridge::mc
