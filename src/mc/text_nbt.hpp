// Texts as NBT, which every packet has since 1.20.3, except for the disconnect of the login phase
// and the status. The tree is that of the JSON form, so that each is made from the other.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "mc/nbt.hpp"
#include "mc/reader.hpp"
#include "mc/text.hpp"
#include "mc/version.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

// What to_json() says, as NBT.
// - true and false are bytes; whole numbers i32, or i64 where they need it; others f64.
// - A list of whole numbers is an array; one of several kinds has each part that is no compound
//   in a compound under "", as the game does it.
// - Of a number that is not whole the last of its 17 digits may change (Boost 1.81's parser).
// - null, for which NBT has no word, is left out of objects and an empty text in lists.
Nbt to_nbt(const Text& text, Version version);

// The other way. Bytes are numbers, except for what a component says with true and false (bold,
// interpret, ...). An error: a tree of more than 64 levels, or one that is no text (a number,
// nothing). No versions here: events keep the words that they have; to_json() and to_nbt()
// translate them.
Result<Text> text_from_nbt(const Nbt& nbt, Fault fault);

// A text as one field of a packet, kept as it came: a JSON string before 1.20.3, NBT since.
struct WireText {
  std::string json;
  RawNbt nbt;

  bool operator==(const WireText&) const = default;
};
inline constexpr Version nbt_texts_since = v1_20_3;
inline constexpr std::size_t max_text_json = 262'144;  // UTF-16 units, as the game counts

void text_field(auto& io, auto& text) {
  if (io.version >= nbt_texts_since) {
    nbt_field(io, text.nbt);
  } else {
    io.string(text.json, max_text_json);
  }
}

WireText wire_text(const Text& text, Version version);
Result<Text> read_wire_text(const WireText& wire, Version version, Fault fault);

}  // namespace drawbridge::mc
