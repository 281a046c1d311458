#include "mc/rejoin.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "mc/nbt.hpp"
#include "mc/packet_ids.hpp"
#include "mc/reader.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

namespace {

// What of a `login` a respawn repeats.
struct Join {
  std::uint8_t mode = 0;
  std::int8_t mode_before = -1;
  std::int32_t dimension = 0;  // before 1.16
  std::size_t dimension_at = 0;
  std::uint8_t difficulty = 0;  // before 1.14
  std::string level_type;       // before 1.16
  RawNbt dimension_value;       // 1.16.2 to 1.18.2
  std::string dimension_type;   // 1.16, and from 1.19 on
  std::string world;            // from 1.16
  std::int64_t seed = 0;        // from 1.15
  bool is_debug = false;
  bool is_flat = false;
  std::size_t tail_at = 0;  // where and, from 1.20 on, for how long: from 1.19 to the end
};

// Beside the mode in `login` before 1.16.2; `respawn` has no such bit.
constexpr std::uint8_t hardcore = 8;

void read_old(Reader& in, Join& join) {
  in.u8(join.mode);
  join.mode &= static_cast<std::uint8_t>(~hardcore);
  join.dimension_at = in.position();
  if (in.version >= v1_9_1) {
    in.i32(join.dimension);
  } else {
    std::uint8_t byte = 0;  // of a signed one
    in.u8(byte);
    join.dimension = byte < 0x80 ? byte : byte - 0x100;
  }
  if (in.version >= v1_15) in.i64(join.seed);
  std::uint8_t players = 0;
  if (in.version < v1_14) in.u8(join.difficulty);
  in.u8(players);
  in.string(join.level_type);
}

void read_new(Reader& in, Join& join) {
  const Version version = in.version;
  bool flag = false;
  if (version >= v1_16_2) in.boolean(flag);  // hardcore
  in.u8(join.mode);
  if (version < v1_16_2) join.mode &= static_cast<std::uint8_t>(~hardcore);
  in.i8(join.mode_before);
  std::int32_t worlds = 0;
  in.varint(worlds);
  std::string_view name;
  for (std::int32_t i = 0; i < worlds && in.ok(); ++i) in.string(name);
  RawNbt codec;
  nbt_field(in, codec);
  if (version >= v1_16_2 && version < v1_19) {
    nbt_field(in, join.dimension_value);
  } else {
    in.string(join.dimension_type);
  }
  in.string(join.world);
  in.i64(join.seed);
  std::uint8_t few = 0;
  std::int32_t number = 0;
  if (version >= v1_16_2) {
    in.varint(number);  // players
  } else {
    in.u8(few);
  }
  in.varint(number);                        // how far it sees
  if (version >= v1_18) in.varint(number);  // and how far there is life
  in.boolean(flag);
  in.boolean(flag);
  in.boolean(join.is_debug);
  in.boolean(join.is_flat);
  join.tail_at = in.position();
}

ByteBuffer respawn_of(const Join& join, std::int32_t dimension, ByteView tail, Version version) {
  ByteBuffer body;
  Writer out(body, version);
  out.varint(id_map(version, State::play, Bound::client).id(Kind::respawn).value_or(0));
  if (version < v1_16) {
    out.i32(dimension);
    if (version >= v1_15) out.i64(join.seed);
    if (version < v1_14) out.u8(join.difficulty);
    out.u8(join.mode);
    out.string(join.level_type);
    return body;
  }
  if (version >= v1_16_2 && version < v1_19) {
    nbt_field(out, join.dimension_value);
  } else {
    out.string(join.dimension_type);
  }
  out.string(join.world);
  out.i64(join.seed);
  out.u8(join.mode);
  out.i8(join.mode_before);
  out.boolean(join.is_debug);
  out.boolean(join.is_flat);
  out.u8(0);  // nothing of the old self is kept
  out.raw(tail);
  return body;
}

// Any other; 0 and -1 are there in every version.
std::int32_t elsewhere(std::int32_t dimension) {
  return dimension == 0 ? -1 : 0;
}

}  // namespace

Result<std::vector<ByteBuffer>> rejoin_packets(ByteView login_fields, Version version,
                                               bool is_forge) {
  Reader in(login_fields, version);
  Join join;
  std::int32_t entity = 0;
  in.i32(entity);
  if (version >= v1_16) {
    read_new(in, join);
  } else {
    read_old(in, join);
  }
  if (!in.ok()) return fail(Fault::backend, "login: {}", in.why());

  ByteBuffer login;
  Writer out(login, version);
  out.varint(id_map(version, State::play, Bound::client).id(Kind::login).value_or(0));
  const std::size_t fields_at = login.size();
  out.raw(login_fields);
  std::vector<ByteBuffer> packets;
  if (version >= v1_16) {
    packets.push_back(std::move(login));
    const ByteView tail = version >= v1_19 ? login_fields.subspan(join.tail_at) : ByteView{};
    packets.push_back(respawn_of(join, 0, tail, version));
    return packets;
  }
  const std::int32_t other = elsewhere(join.dimension);
  if (!is_forge) {
    ByteBuffer patch;
    Writer patched(patch, version);
    if (version >= v1_9_1) {
      patched.i32(other);
    } else {
      patched.i8(static_cast<std::int8_t>(other));
    }
    std::ranges::copy(patch,
                      login.begin() + static_cast<std::ptrdiff_t>(fields_at + join.dimension_at));
  }
  packets.push_back(std::move(login));
  if (is_forge) packets.push_back(respawn_of(join, other, {}, version));
  packets.push_back(respawn_of(join, join.dimension, {}, version));
  return packets;
}

}  // namespace drawbridge::mc
