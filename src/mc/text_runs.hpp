// A text as the stretches of one style that a player sees: the form in the middle, between § codes
// and JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mc/text.hpp"

namespace drawbridge::mc {

// The sixteen colours by their code (0-9 a-f), and the five formats by theirs (k l m n o).
struct NamedColor {
  char code;
  std::string_view name;
  std::uint32_t rgb;
};
extern const std::array<NamedColor, 16> named_colors;
struct NamedFormat {
  char code;
  std::string_view name;
};
extern const std::array<NamedFormat, 5> named_formats;

struct Color {
  std::uint32_t rgb = 0;
  bool is_named = true;  // one of the sixteen

  // "red", "#ff5555"; nothing for anything else.
  static std::optional<Color> parse(std::string_view text);
  [[nodiscard]] const NamedColor& nearest() const;
  bool operator==(const Color&) const = default;
};

struct Style {
  std::optional<Color> color;
  std::array<bool, named_formats.size()> formats{};

  bool operator==(const Style&) const = default;
};

struct Run {
  std::string text;
  Style style;
};

// § codes are read as the game reads them: a colour ends the formats, r ends both, an unknown code
// is dropped. Of a component text, extra and arrays count; of a translation the fallback or the
// key.
std::vector<Run> runs_of(const Text& text);

}  // namespace drawbridge::mc
