#include "mc/packets/world.hpp"

#include <algorithm>

#include "mc/compression.hpp"

namespace drawbridge::mc {

namespace {

// 26, 26 and 12 bits; until 1.13 the height stood in the middle.
void block_field(Writer& io, std::int32_t x, std::int32_t y, std::int32_t z) {
  const auto bits = [](std::int32_t value, unsigned count) {
    return static_cast<std::uint64_t>(value) & ((std::uint64_t{1} << count) - 1);
  };
  const std::uint64_t packed = io.version >= v1_14
                                   ? bits(x, 26) << 38 | bits(z, 26) << 12 | bits(y, 12)
                                   : bits(x, 26) << 38 | bits(y, 12) << 26 | bits(z, 26);
  io.i64(static_cast<std::int64_t>(packed));
}

// Without anything of a length to come.
void no_list(Writer& io) {
  io.varint(0);
}

constexpr std::size_t columns = 256;           // of a chunk
constexpr std::size_t old_biome_cells = 1024;  // from 1.15 to 1.17: a cube of 4 has a biome
constexpr std::int32_t motion_blocking = 4;    // of the kinds of height maps

}  // namespace

// --- The world ---

void JoinWorld::fields(Writer& io, const JoinWorld& p) {
  const Version version = io.version;
  const auto mode = static_cast<std::uint8_t>(p.mode);
  constexpr std::uint8_t difficulty = 0;
  constexpr std::uint8_t players = 20;  // of the tab list, long ignored
  io.i32(p.entity);
  if (version >= v1_20_2) return world_fields(io, p);
  if (version >= v1_16_2) io.boolean(false);  // hardcore
  io.u8(mode);
  if (version >= v1_16) {
    io.i8(-1);  // the mode before
    io.varint(1);
    io.string(p.world);
    nbt_field(io, p.codec);
    if (version >= v1_16_2 && version < v1_19) {
      nbt_field(io, p.dimension_value);
    } else {
      io.string(p.dimension_type);
    }
    io.string(p.world);
  } else if (version >= v1_9_1) {
    io.i32(p.dimension);
  } else {
    io.i8(static_cast<std::int8_t>(p.dimension));
  }
  if (version >= v1_15) io.i64(0);  // of the seed, for biomes
  if (version < v1_14) io.u8(difficulty);
  if (version >= v1_16_2) {
    io.varint(players);
  } else {
    io.u8(players);
  }
  if (version < v1_16) io.string("flat");
  if (version >= v1_14) io.varint(p.view_distance);
  if (version >= v1_18) io.varint(p.view_distance);  // of simulation
  if (version >= v1_8) io.boolean(false);            // less on the debug screen
  if (version >= v1_15) io.boolean(true);            // a screen to respawn from
  if (version >= v1_16) {
    io.boolean(false);  // a debug world
    io.boolean(true);   // flat: no darkness near the bottom
  }
  if (version >= v1_19) no_death_field(io);
  if (version >= v1_20) io.varint(0);  // of portals
}

// From 1.20.2 on, behind the entity's number.
void JoinWorld::world_fields(Writer& io, const JoinWorld& p) {
  io.boolean(false);  // hardcore
  io.varint(1);
  io.string(p.world);
  io.varint(20);  // players
  io.varint(p.view_distance);
  io.varint(p.view_distance);  // of simulation
  io.boolean(false);           // less on the debug screen
  io.boolean(true);            // a screen to respawn from
  io.boolean(false);           // crafting only what is known
  if (io.version >= v1_20_5) {
    io.varint(p.dimension);
  } else {
    io.string(p.dimension_type);
  }
  io.string(p.world);
  io.i64(0);  // of the seed
  io.u8(static_cast<std::uint8_t>(p.mode));
  io.i8(-1);          // the mode before
  io.boolean(false);  // a debug world
  io.boolean(true);   // flat
  no_death_field(io);
  io.varint(0);                               // of portals
  if (io.version >= v1_21_2) io.varint(-63);  // the sea's level
  if (io.version >= v26_2) io.boolean(p.online_mode);
  if (io.version >= v1_20_5) io.boolean(false);  // chat must be signed
}

void SpawnPosition::fields(Writer& io, const SpawnPosition& p) {
  if (io.version < v1_8) {
    io.i32(p.x);
    io.i32(p.y);
    io.i32(p.z);
    return;
  }
  if (io.version >= v1_21_9) io.string(p.world);
  block_field(io, p.x, p.y, p.z);
  if (io.version >= v1_17) io.f32(0);    // yaw
  if (io.version >= v1_21_9) io.f32(0);  // pitch
}

void PlayerPosition::fields(Writer& io, const PlayerPosition& p) {
  if (io.version >= v1_21_2) io.varint(p.teleport);
  io.f64(p.x);
  // Until 1.7 it is the eyes' height.
  constexpr double eyes = 1.62;
  io.f64(io.version < v1_8 ? p.y + eyes : p.y);
  io.f64(p.z);
  if (io.version >= v1_21_2)
    for (int axis = 0; axis < 3; ++axis) io.f64(0);  // its speed
  io.f32(0);                                         // yaw
  io.f32(0);                                         // pitch
  if (io.version >= v1_21_2) return io.i32(0);       // nothing of it relative
  if (io.version < v1_8) return io.boolean(false);   // on the ground
  io.i8(0);                                          // nothing of it relative
  if (io.version >= v1_9) io.varint(p.teleport);
  if (io.version >= v1_17 && io.version < v1_19_4) io.boolean(false);  // leave a vehicle
}

// --- Chunks ---

namespace {

// 1.7 and 1.8 take a chunk without sections for one that goes, so it has one, of air.
ByteBuffer old_section(Version version) {
  // Blocks and their data (1.8: two bytes of both), light of both kinds, biomes.
  constexpr std::size_t blocks = 4096;
  const std::size_t kinds = version < v1_8 ? blocks + blocks / 2 : 2 * blocks;
  ByteBuffer out(kinds + blocks / 2, 0);
  out.insert(out.end(), blocks / 2, 0xFF);  // of the sky
  out.insert(out.end(), columns, 1);        // plains
  return out;
}

void old_chunk(Writer& io, const VoidChunk& p) {
  const ByteBuffer section = old_section(io.version);
  io.boolean(true);  // all of the column
  io.u16(1);         // the lowest section
  if (io.version >= v1_8) return io.bytes(section, section.size());
  io.u16(0);
  Deflater deflater;
  const ByteView stream = deflater.deflate(section);
  io.i32(static_cast<std::int32_t>(stream.size()));
  io.raw(stream);
  (void)p;
}

void height_maps(Writer& io) {
  // 9 bits for each column. Until 1.15 a value may lie across two numbers.
  const int longs = io.version < v1_16 ? 36 : 37;
  if (io.version >= v1_21_5) {
    io.varint(1);
    io.varint(motion_blocking);
    io.varint(longs);
    for (int i = 0; i < longs; ++i) io.i64(0);
    return;
  }
  Nbt::Compound maps;
  maps.set("MOTION_BLOCKING", {std::vector<std::int64_t>(static_cast<std::size_t>(longs), 0)});
  write_nbt(io, {std::move(maps)});
}

// From 1.18 on: sections of one block and one biome.
void section_data(Writer& io, const VoidChunk& p) {
  ByteBuffer data;
  Writer out(data, io.version);
  for (std::int32_t i = 0; i < p.sections; ++i) {
    out.i16(0);                           // blocks that are not air
    if (io.version >= v26_1) out.i16(0);  // and fluids
    for (const std::int32_t value : {0, p.biome}) {
      out.u8(0);  // bits for each: there is one value
      out.varint(value);
      if (io.version < v1_21_5) no_list(out);
    }
  }
  io.bytes(data, data.size());
}

void biome_cells(Writer& io, const VoidChunk& p) {
  if (io.version >= v1_16_2) io.varint(old_biome_cells);
  for (std::size_t i = 0; i < old_biome_cells; ++i) {
    if (io.version >= v1_16_2) {
      io.varint(p.biome);
    } else {
      io.i32(p.biome);
    }
  }
}

}  // namespace

void VoidChunk::fields(Writer& io, const VoidChunk& p) {
  const Version version = io.version;
  io.i32(p.x);
  io.i32(p.z);
  if (version < v1_9) return old_chunk(io, p);
  if (version < v1_17) io.boolean(true);                         // all of the column
  if (version >= v1_16 && version < v1_16_2) io.boolean(false);  // keep nothing of before
  if (version < v1_18) io.varint(0);                             // sections: none
  if (version >= v1_14) height_maps(io);
  if (version >= v1_15 && version < v1_18) biome_cells(io, p);
  if (version >= v1_18) {
    section_data(io, p);
  } else if (version >= v1_15) {
    no_list(io);
  } else {
    // A biome a column; bytes until 1.12.
    ByteBuffer biomes;
    Writer out(biomes, version);
    for (std::size_t i = 0; i < columns; ++i) {
      if (version >= v1_13) {
        out.i32(p.biome);
      } else {
        out.u8(static_cast<std::uint8_t>(p.biome));
      }
    }
    io.bytes(biomes, biomes.size());
  }
  if (version >= v1_9_4) no_list(io);  // block entities
  if (version < v1_18) return;
  if (version < v1_20) io.boolean(true);  // light at the edges is right
  for (int masks = 0; masks < 4; ++masks) no_list(io);
  for (int lights = 0; lights < 2; ++lights) no_list(io);
}

// --- What is shown ---

void AddPlayer::fields(Writer& io, const AddPlayer& p) {
  const auto mode = static_cast<std::int32_t>(p.mode);
  const auto properties = [&] {
    list_field(io, p.properties, 64, [&io](auto& property) { property_fields(io, property); });
  };
  if (io.version < v1_8) {
    io.string(p.player, 16);
    io.boolean(true);
    return io.i16(0);  // ping
  }
  if (io.version >= v1_19_3) {
    // Which parts there are: the profile, the mode, whether it is listed.
    constexpr std::uint8_t parts = 1U << 0 | 1U << 2 | 1U << 3;
    io.u8(parts);
    io.varint(1);
    io.uuid(p.uuid);
    io.string(p.player, 16);
    properties();
    io.varint(mode);
    return io.boolean(true);
  }
  io.varint(0);  // add
  io.varint(1);
  io.uuid(p.uuid);
  io.string(p.player, 16);
  properties();
  io.varint(mode);
  io.varint(0);                                // ping
  io.boolean(false);                           // another name to show
  if (io.version >= v1_19) io.boolean(false);  // a key
}

void Title::fields(Writer& io, const Title& p) {
  // 1.11 put the action bar in between.
  const auto action = static_cast<std::int32_t>(p.action);
  const bool moved = io.version >= v1_11 && p.action >= Action::times;
  io.varint(moved ? action + 1 : action);
  if (p.action == Action::title || p.action == Action::subtitle) text_field(io, p.text);
  if (p.action != Action::times) return;
  io.i32(p.fade_in);
  io.i32(p.stay);
  io.i32(p.fade_out);
}

void BossBar::fields(Writer& io, const BossBar& p) {
  io.uuid(p.uuid);
  io.varint(static_cast<std::int32_t>(p.action));
  if (p.action == Action::add || p.action == Action::title) text_field(io, p.title);
  if (p.action == Action::add || p.action == Action::health) io.f32(p.health);
  if (p.action != Action::add) return;
  io.varint(p.color);
  io.varint(0);  // without notches
  io.u8(0);      // nothing darkens
}

void CommandWords::fields(Writer& io, const CommandWords& p) {
  constexpr std::uint8_t root = 0;
  constexpr std::uint8_t literal_to_run = 1 | 4;
  const auto count = static_cast<std::int32_t>(p.words.size());
  io.varint(count + 1);
  io.u8(root);
  io.varint(count);
  for (std::int32_t i = 1; i <= count; ++i) io.varint(i);
  for (const std::string& word : p.words) {
    io.u8(literal_to_run);
    io.varint(0);  // children
    io.string(word);
  }
  io.varint(0);  // the root's place
}

}  // namespace drawbridge::mc
