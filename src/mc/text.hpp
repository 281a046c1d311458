// Texts for players. An operator writes them with § codes or as a JSON text component; a client of
// each version gets what it can read. What comes from strangers (names, hosts) enters only through
// expand(), where it can bring neither § codes nor JSON.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

struct Text {
  enum class Form : std::uint8_t { legacy, json };

  Form form = Form::legacy;
  std::string value;  // UTF-8; as json a valid component (see json_text)

  static Text legacy(std::string value) { return {Form::legacy, std::move(value)}; }
  bool operator==(const Text&) const = default;
};

// A component that an operator or a backend wrote, by the rules of base/text_component.hpp.
Result<Text> json_text(std::string_view json, Fault fault = Fault::proxy);

// As a JSON component for login disconnects and statuses, which are JSON in every version. Colours
// beyond the sixteen (§x§r§r§g§g§b§b, "#rrggbb") become the nearest of the sixteen below 1.16;
// events get the names that the version knows (text_events.hpp). Other texts are as NBT
// since 1.20.3: see text_nbt.hpp.
std::string to_json(const Text& text, Version version);
// With § codes: for clients before 1.7 and terminals.
std::string to_legacy(const Text& text);
// Without any codes: for logs and the oldest ping.
std::string to_plain(const Text& text);

// One placeholder's value. Everything that is not text (control characters, §) is taken out on
// insertion.
struct Value {
  std::string_view name;  // without braces
  std::string value;
};

// {name} replaced by its value; a known placeholder (base/text_component.hpp) without a value by
// nothing. What is in braces but no known placeholder stays as it is.
Text expand(const Text& text, std::span<const Value> values);

}  // namespace drawbridge::mc
