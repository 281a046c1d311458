// Java's modified UTF-8, in which NBT has its texts, and the UTF-8 of everybody else.
#include <algorithm>

#include "base/strings.hpp"
#include "mc/nbt.hpp"

namespace drawbridge::mc {
namespace {

constexpr std::string_view replacement = "\uFFFD";

// The 16-bit unit of a well-formed sequence of two or three bytes at the front, surrogates
// included.
struct Unit {
  std::uint32_t value = 0;
  std::size_t size = 0;  // 0: none
};
Unit wide_unit(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<Byte>(text[i]) : Byte{0};
  };
  const auto follows = [byte](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto bits = [byte](std::size_t i, unsigned mask, unsigned shift) {
    return static_cast<std::uint32_t>(byte(i) & mask) << shift;
  };
  if ((byte(0) & 0xE0) == 0xC0 && follows(1)) return {bits(0, 0x1F, 6) | bits(1, 0x3F, 0), 2};
  if ((byte(0) & 0xF0) == 0xE0 && follows(1) && follows(2)) {
    return {bits(0, 0x0F, 12) | bits(1, 0x3F, 6) | bits(2, 0x3F, 0), 3};
  }
  return {};
}

void append_wide_unit(std::string& out, std::uint32_t unit) {
  out.push_back(static_cast<char>(0xE0 | (unit >> 12)));
  out.push_back(static_cast<char>(0x80 | ((unit >> 6) & 0x3F)));
  out.push_back(static_cast<char>(0x80 | (unit & 0x3F)));
}

bool is_high(std::uint32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low(std::uint32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

}  // namespace

std::string utf8_from_modified(std::string_view modified) {
  std::string out;
  out.reserve(modified.size());
  while (!modified.empty()) {
    // Well-formed UTF-8 is the usual case, and whatever writes real UTF-8 here is understood too.
    if (const std::size_t length = utf8_length(modified); length != 0) {
      out += modified.substr(0, length);
      modified.remove_prefix(length);
      continue;
    }
    const Unit unit = wide_unit(modified);
    if (unit.size == 2 && unit.value == 0) {
      out.push_back('\0');
    } else if (unit.size == 3 && is_high(unit.value)) {
      const Unit low = wide_unit(modified.substr(3));
      if (low.size == 3 && is_low(low.value)) {
        const std::uint32_t point = 0x10000 + ((unit.value - 0xD800) << 10) + (low.value - 0xDC00);
        out.push_back(static_cast<char>(0xF0 | (point >> 18)));
        out.push_back(static_cast<char>(0x80 | ((point >> 12) & 0x3F)));
        out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
        out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
        modified.remove_prefix(6);
        continue;
      }
      out += replacement;
    } else {
      out += replacement;
    }
    modified.remove_prefix(std::max<std::size_t>(unit.size, 1));
  }
  return out;
}

std::string modified_from_utf8(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const std::size_t length = utf8_length(utf8);
    if (length == 0) {
      out += replacement;
    } else if (length == 1 && utf8.front() == '\0') {
      out += "\xC0\x80";
    } else if (length < 4) {
      out += utf8.substr(0, length);
    } else {
      std::uint32_t point = static_cast<Byte>(utf8[0]) & 0x07U;
      for (std::size_t i = 1; i < 4; ++i) point = point << 6 | (static_cast<Byte>(utf8[i]) & 0x3FU);
      point -= 0x10000;
      append_wide_unit(out, 0xD800 + (point >> 10));
      append_wide_unit(out, 0xDC00 + (point & 0x3FF));
    }
    utf8.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace drawbridge::mc
