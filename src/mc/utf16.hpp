// UTF-16BE, the text form of every packet before 1.7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace drawbridge::mc {

// Appends at most `max_units` UTF-16 units, never half a surrogate pair, and returns their number.
// Bytes that are not UTF-8 become U+FFFD.
std::size_t append_utf16be(ByteBuffer& out, std::string_view utf8, std::size_t max_units);

// The same with the i16 count in front, as packets have it.
void append_legacy_string(ByteBuffer& out, std::string_view utf8, std::size_t max_units);

// Lone surrogates become U+FFFD; an odd last byte is ignored.
std::string utf8_from_utf16be(ByteView bytes);

// `text` with U+FFFD for bytes that are not UTF-8: one of them would make a whole JSON document
// unreadable, and taking a code out from between two could make a new one.
std::string valid_utf8(std::string_view text);

}  // namespace drawbridge::mc
