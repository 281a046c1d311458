#include "mc/utf16.hpp"

#include "base/strings.hpp"

namespace drawbridge::mc {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;

bool is_surrogate(std::uint32_t code) {
  return code >= 0xD800 && code <= 0xDFFF;
}

// The character at `at`, which moves behind it; behind one byte only when that is no character.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t { return static_cast<Byte>(text[i]); };
  const std::uint32_t lead = byte(at++);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 && lead < 0xF8 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
  if (more == 0 || lead >= 0xF8 || text.size() - at < static_cast<std::size_t>(more)) {
    return replacement;
  }
  std::uint32_t code = lead & (0x3FU >> more);
  for (int i = 0; i < more; ++i) {
    const std::uint32_t next = byte(at + static_cast<std::size_t>(i));
    if ((next & 0xC0) != 0x80) return replacement;
    code = code << 6 | (next & 0x3F);
  }
  constexpr std::uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
  if (code < smallest[more] || code > 0x10FFFF || is_surrogate(code)) return replacement;
  at += static_cast<std::size_t>(more);
  return code;
}

void append_unit(ByteBuffer& out, std::uint32_t unit) {
  out.push_back(static_cast<Byte>(unit >> 8));
  out.push_back(static_cast<Byte>(unit));
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

}  // namespace

std::size_t append_utf16be(ByteBuffer& out, std::string_view utf8, std::size_t max_units) {
  std::size_t units = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const std::uint32_t code = next_code_point(utf8, at);
    const std::size_t needed = code > 0xFFFF ? 2 : 1;
    if (units + needed > max_units) break;
    units += needed;
    if (needed == 1) {
      append_unit(out, code);
    } else {
      append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
      append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
  return units;
}

void append_legacy_string(ByteBuffer& out, std::string_view utf8, std::size_t max_units) {
  const std::size_t count_at = out.size();
  append_unit(out, 0);
  const std::size_t units = append_utf16be(out, utf8, max_units);
  out[count_at] = static_cast<Byte>(units >> 8);
  out[count_at + 1] = static_cast<Byte>(units);
}

std::string utf8_from_utf16be(ByteView bytes) {
  std::string out;
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    return static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  };
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::uint32_t code = unit(i);
    if (code >= 0xD800 && code < 0xDC00 && i + 3 < bytes.size() && unit(i + 2) >= 0xDC00 &&
        unit(i + 2) <= 0xDFFF) {
      code = 0x10000 + ((code - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    } else if (is_surrogate(code)) {
      code = replacement;
    }
    append_utf8(out, code);
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);
  ByteBuffer units;
  append_utf16be(units, text, text.size());
  return utf8_from_utf16be(units);
}

}  // namespace drawbridge::mc
