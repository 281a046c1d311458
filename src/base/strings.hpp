// Small text functions that the standard library lacks. All are pure and ASCII only unless they say
// otherwise.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace drawbridge {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
std::string lowered(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

// Without blanks and line ends at both sides.
std::string_view trimmed(std::string_view text);
// Parts between separators, empty ones included; "" has one part.
std::vector<std::string_view> split(std::string_view text, char separator);

// The whole text as a number in base 10 (or 16), else nothing.
template <std::integral T>
std::optional<T> parse_int(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// Text from a stranger made safe for one line of a log or terminal: control characters, quotes,
// backslashes and bytes that are not UTF-8 become \xNN; longer than `limit` bytes is cut with
// "...".
std::string escaped_for_log(std::string_view text, std::size_t limit = 256);
bool is_valid_utf8(std::string_view text);
// Bytes of the well-formed UTF-8 sequence at the front of a text that is not empty, or 0.
std::size_t utf8_length(std::string_view text);
// Whether the sequence of `length` bytes at the front makes terminals do things: C0 and C1 control
// characters, and the marks that reverse or break a line (bidirectional overrides and isolates,
// line and paragraph separators).
bool controls_terminal(std::string_view text, std::size_t length);

// The candidate with the fewest edits from `name`, if that is few enough to be a likely slip of the
// pen.
std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> candidates);

std::string to_hex(ByteView bytes);
std::optional<ByteBuffer> from_hex(std::string_view text);
std::string to_base64(ByteView bytes);
// Standard alphabet; line breaks are skipped; nothing on any other fault.
std::optional<ByteBuffer> from_base64(std::string_view text);

// "850 ms", "1.5s", "1m05s", "1h01m".
std::string readable_duration(std::int64_t milliseconds);

}  // namespace drawbridge
