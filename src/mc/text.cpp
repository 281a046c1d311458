#include "mc/text.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/strings.hpp"
#include "base/text_component.hpp"
#include "mc/text_events.hpp"
#include "mc/text_runs.hpp"
#include "mc/utf16.hpp"

namespace drawbridge::mc {
namespace {

namespace json = boost::json;

constexpr std::string_view section = "\u00A7";

std::string color_name(const Color& color, Version version) {
  if (!color.is_named && version >= v1_16) return fmt::format("#{:06x}", color.rgb);
  return std::string(color.nearest().name);
}

json::object component_of(const Run& run, Version version) {
  json::object out;
  out["text"] = run.text;
  if (run.style.color) out["color"] = color_name(*run.style.color, version);
  for (std::size_t i = 0; i < named_formats.size(); ++i) {
    if (run.style.formats[i]) out[named_formats[i].name] = true;
  }
  return out;
}

json::value component_of(const std::vector<Run>& runs, Version version) {
  if (runs.empty()) return {{"text", ""}};
  if (runs.size() == 1) return component_of(runs.front(), version);
  json::array extra;
  for (const Run& run : runs) extra.push_back(component_of(run, version));
  // The root has no style, or every part would inherit it.
  return {{"text", ""}, {"extra", std::move(extra)}};
}

// Below 1.16 a client knows colours by name only; it would show "#ff8800" as white.
void name_colors(json::value& component, Version version) {
  if (auto* list = component.if_array()) {
    for (auto& part : *list) name_colors(part, version);
  } else if (const auto* number = component.if_double();
             number != nullptr && !std::isfinite(*number)) {
    component = 0;  // 1e400: Boost 1.81 would write it as the word Infinity
  } else if (auto* object = component.if_object()) {
    for (auto& [key, value] : *object) {
      const auto* text = value.if_string();
      const auto color = key == "color" && text != nullptr ? Color::parse(*text) : std::nullopt;
      if (color) {
        value = color_name(*color, version);
      } else {
        name_colors(value, version);
      }
    }
  }
}

std::string without_sections(std::string_view text) {
  std::string out(text);
  for (auto at = out.find(section); at != std::string::npos; at = out.find(section, at)) {
    out.erase(at, section.size());
  }
  return out;
}

std::string safe_value(std::string_view value, Text::Form form) {
  std::string out;
  for (const char c : without_sections(valid_utf8(value))) {
    if (static_cast<Byte>(c) < 0x20 || c == 0x7F) continue;
    if (form == Text::Form::json && (c == '"' || c == '\\')) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

bool is_known(std::string_view name) {
  return std::ranges::find(placeholder_names(), name) != placeholder_names().end();
}

// A § that the template leaves open in front of a placeholder would make a code of the value's
// first letter.
void close_section(std::string& out) {
  for (const std::string_view open :
       {section, std::string_view("\\u00a7"), std::string_view("\\u00A7")}) {
    while (out.ends_with(open)) out.resize(out.size() - open.size());
  }
}

}  // namespace

Result<Text> json_text(std::string_view text, Fault fault) {
  if (const Result<> good = check_text_component(text, fault); !good)
    return std::unexpected(good.error());
  return Text{Text::Form::json, std::string(text)};
}

std::string to_json(const Text& text, Version version) {
  if (text.form == Text::Form::json) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 64;
    json::value component = json::parse(text.value, error, {}, options);
    const bool has_other_events = may_need_other_events(text.value, version);
    if (!error && version >= v1_16 && !has_other_events) return text.value;
    if (!error) {
      name_colors(component, version);
      if (has_other_events) fit_events(component, version);
      return json::serialize(component);
    }
  }
  return json::serialize(component_of(runs_of(Text::legacy(text.value)), version));
}

std::string to_legacy(const Text& text) {
  std::string out;
  Style current;
  const auto put = [&out](char code) { (out += section) += code; };
  for (const Run& run : runs_of(text)) {
    if (run.style != current) {
      // A colour, or r, ends everything before it.
      put(run.style.color ? run.style.color->nearest().code : 'r');
      for (std::size_t i = 0; i < named_formats.size(); ++i) {
        if (run.style.formats[i]) put(named_formats[i].code);
      }
      current = run.style;
    }
    out += run.text;
  }
  return out;
}

std::string to_plain(const Text& text) {
  std::string out;
  for (const Run& run : runs_of(text)) out += run.text;
  return out;
}

Text expand(const Text& text, std::span<const Value> values) {
  Text out{text.form, {}};
  std::string_view rest = text.value;
  while (!rest.empty()) {
    const auto brace = rest.find('{');
    out.value += rest.substr(0, brace);
    if (brace == std::string_view::npos) break;
    rest.remove_prefix(brace);
    const std::string_view name = placeholder_at(rest);
    const auto value = std::ranges::find(values, name, &Value::name);
    if (name.empty() || (value == values.end() && !is_known(name))) {
      out.value += '{';
      rest.remove_prefix(1);
      continue;
    }
    close_section(out.value);
    if (value != values.end()) out.value += safe_value(value->value, text.form);
    rest.remove_prefix(name.size() + 2);
  }
  return out;
}

}  // namespace drawbridge::mc
