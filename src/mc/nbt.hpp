// NBT, the game's binary tree, as far as packets have it: registries, and texts since 1.20.3. What
// is only passed on is checked and skipped, not built; what is read or written is a small tree.
//
// Two forms are on the wire: until 1.20.1 the root has a name (always empty in packets),
// since 1.20.2 it has none. Inside both are alike. A root of tag `end` stands for "nothing there".
//
// Hard caps, because every byte may come from a stranger: depth as in the game; nothing is
// allocated for a count before as many bytes are there; a tree may have a bounded number of values,
// since one byte on the wire can become 56 in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/reader.hpp"
#include "mc/version.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

inline constexpr int max_nbt_depth = 512;  // the game's own: lists and compounds inside one another
inline constexpr std::size_t max_nbt_values = 131'072;  // of one tree, whatever their size
inline constexpr std::size_t max_nbt_bytes = 2'097'152;

struct Nbt {
  // In the order of the tags on the wire.
  enum class Tag : std::uint8_t {
    end,
    i8,
    i16,
    i32,
    i64,
    f32,
    f64,
    i8_array,
    string,
    list,
    compound,
    i32_array,
    i64_array,
  };
  struct List {
    Tag of = Tag::end;  // of each item; of an empty list anything
    std::vector<Nbt> items;
    bool operator==(const List& other) const;
  };
  struct Member;
  struct Compound {
    std::vector<Member> members;  // as on the wire, repeated names too

    [[nodiscard]] const Nbt* find(std::string_view name) const;
    void set(std::string_view name,
             Nbt value);  // in the place of the last of that name, or at the end
    bool operator==(const Compound& other) const;
  };

  // Texts are in Java's modified UTF-8, as they are on the wire (see utf8_from_modified).
  std::variant<std::monostate, std::int8_t, std::int16_t, std::int32_t, std::int64_t, float, double,
               std::vector<std::int8_t>, std::string, List, Compound, std::vector<std::int32_t>,
               std::vector<std::int64_t>>
      value;

  [[nodiscard]] Tag tag() const { return static_cast<Tag>(value.index()); }
  bool operator==(const Nbt& other) const;
};

struct Nbt::Member {
  std::string name;
  Nbt value;
  bool operator==(const Member&) const = default;
};

// One value with its root, in the form of the reader's version. A fault sticks to the reader, as
// with its own fields.
void skip_nbt(Reader& reader, std::size_t max_bytes = max_nbt_bytes);
Nbt read_nbt(Reader& reader, std::size_t max_bytes = max_nbt_bytes);
// Spoils the writer where the game would refuse the tree: too deep, a list of several kinds, a text
// beyond 65,535 bytes.
void write_nbt(Writer& writer, const Nbt& nbt);

// The whole of `bytes` as one value.
Result<Nbt> parse_nbt(ByteView bytes, Version version, Fault fault);

// A value that is passed on as it came: checked, never built. For packets' fields().
struct RawNbt {
  ByteBuffer bytes;  // with its root, in the form of its version

  bool operator==(const RawNbt&) const = default;
};
void nbt_field(Reader& reader, RawNbt& out, std::size_t max_bytes = max_nbt_bytes);
void nbt_field(Writer& writer, const RawNbt& raw, std::size_t max_bytes = max_nbt_bytes);

// Java's modified UTF-8 has U+0000 as C0 80 and characters beyond 16 bits as two surrogates of
// three bytes each. What is in neither form becomes U+FFFD.
std::string utf8_from_modified(std::string_view modified);
std::string modified_from_utf8(std::string_view utf8);

}  // namespace drawbridge::mc
