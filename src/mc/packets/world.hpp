// The packets of play that a world begins with, to the client. A proxy writes them where it shows a
// world of its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.hpp"
#include "mc/packets/fields.hpp"
#include "mc/packets/login.hpp"
#include "mc/text_nbt.hpp"

namespace drawbridge::mc {

enum class GameMode : std::uint8_t { survival, creative, adventure, spectator };

// Where a player died last, for the recovery compass; written only as "nowhere".
void no_death_field(auto& io) {
  io.boolean(false);
}

// The first packet of play. What a version does not have of it is left out.
struct JoinWorld {
  static constexpr std::string_view name = "login";
  static constexpr Kind kind = Kind::login;

  std::int32_t entity = 1;
  GameMode mode = GameMode::adventure;
  std::int32_t dimension = 0;                 // before 1.16; from 1.20.5 its place in the registry
  std::string world = "minecraft:overworld";  // from 1.16
  std::string dimension_type = "minecraft:overworld";  // by name: 1.16, and 1.19 to 1.20.4
  RawNbt codec;                                        // 1.16 to 1.20.1
  RawNbt dimension_value;                              // 1.16.2 to 1.18.2
  std::int32_t view_distance = 2;                      // chunks
  bool online_mode = false;                            // from 26.2

  static void fields(Writer& io, const JoinWorld& p);

 private:
  static void world_fields(Writer& io, const JoinWorld& p);
};

struct Abilities {
  static constexpr std::string_view name = "abilities";
  static constexpr Kind kind = Kind::abilities;

  enum : std::int8_t { invulnerable = 1, flying = 2, may_fly = 4, creative = 8 };

  std::int8_t flags = 0;
  float flying_speed = 0.05F;
  float walking_speed = 0.1F;

  static void fields(auto& io, auto& p) {
    io.i8(p.flags);
    io.f32(p.flying_speed);
    io.f32(p.walking_speed);
  }
};

// Where compasses point to.
struct SpawnPosition {
  static constexpr std::string_view name = "spawn_position";
  static constexpr Kind kind = Kind::spawn_position;

  std::int32_t x = 0, y = 0, z = 0;
  std::string world = "minecraft:overworld";  // from 1.21.9

  static void fields(Writer& io, const SpawnPosition& p);
};

// Puts the player somewhere.
struct PlayerPosition {
  static constexpr std::string_view name = "position";
  static constexpr Kind kind = Kind::position;

  double x = 0, y = 0, z = 0;
  std::int32_t teleport = 1;  // from 1.9; the client confirms it

  static void fields(Writer& io, const PlayerPosition& p);
};

struct ViewPosition {
  static constexpr std::string_view name = "update_view_position";
  static constexpr Kind kind = Kind::update_view_position;

  std::int32_t chunk_x = 0, chunk_z = 0;

  static void fields(auto& io, auto& p) {
    io.varint(p.chunk_x);
    io.varint(p.chunk_z);
  }
};

struct GameStateChange {
  static constexpr std::string_view name = "game_state_change";
  static constexpr Kind kind = Kind::game_state_change;

  enum : std::uint8_t { chunks_follow = 13 };  // from 1.20.3

  std::uint8_t reason = chunks_follow;
  float value = 0;

  static void fields(auto& io, auto& p) {
    io.u8(p.reason);
    io.f32(p.value);
  }
};

// A chunk of nothing but air, lit by nothing.
struct VoidChunk {
  static constexpr std::string_view name = "map_chunk";
  static constexpr Kind kind = Kind::map_chunk;

  std::int32_t x = 0, z = 0;
  std::int32_t biome = 1;
  std::int32_t sections = 24;  // the dimension's height / 16; from 1.18

  static void fields(Writer& io, const VoidChunk& p);
};

// One player's line in the tab list is added.
struct AddPlayer {
  static constexpr std::string_view name = "player_info";
  static constexpr Kind kind = Kind::player_info;

  Uuid uuid;
  std::string player;
  std::vector<Property> properties;  // from 1.8
  GameMode mode = GameMode::adventure;

  static void fields(Writer& io, const AddPlayer& p);
};

// 1.8 to 1.16.5: one packet for titles and all that belongs to them.
struct Title {
  static constexpr std::string_view name = "title";
  static constexpr Kind kind = Kind::title;

  enum class Action : std::uint8_t { title, subtitle, times, hide, reset };

  Action action = Action::title;
  WireText text;
  std::int32_t fade_in = 10, stay = 70, fade_out = 20;  // ticks

  static void fields(Writer& io, const Title& p);
};

// From 1.17: a packet each.
struct SetTitleText {
  static constexpr std::string_view name = "set_title_text";
  static constexpr Kind kind = Kind::set_title_text;
  WireText text;
  static void fields(auto& io, auto& p) { text_field(io, p.text); }
};
struct SetTitleSubtitle {
  static constexpr std::string_view name = "set_title_subtitle";
  static constexpr Kind kind = Kind::set_title_subtitle;
  WireText text;
  static void fields(auto& io, auto& p) { text_field(io, p.text); }
};
struct ActionBar {
  static constexpr std::string_view name = "action_bar";
  static constexpr Kind kind = Kind::action_bar;
  WireText text;
  static void fields(auto& io, auto& p) { text_field(io, p.text); }
};
struct SetTitleTimes {
  static constexpr std::string_view name = "set_title_time";
  static constexpr Kind kind = Kind::set_title_time;
  std::int32_t fade_in = 10, stay = 70, fade_out = 20;  // ticks
  static void fields(auto& io, auto& p) {
    io.i32(p.fade_in);
    io.i32(p.stay);
    io.i32(p.fade_out);
  }
};
struct ClearTitles {
  static constexpr std::string_view name = "clear_titles";
  static constexpr Kind kind = Kind::clear_titles;
  bool reset = true;
  static void fields(auto& io, auto& p) { io.boolean(p.reset); }
};

// Above and below the tab list; from 1.8.
struct PlayerListHeader {
  static constexpr std::string_view name = "playerlist_header";
  static constexpr Kind kind = Kind::playerlist_header;
  WireText header, footer;
  static void fields(auto& io, auto& p) {
    text_field(io, p.header);
    text_field(io, p.footer);
  }
};

// From 1.9.
struct BossBar {
  static constexpr std::string_view name = "boss_bar";
  static constexpr Kind kind = Kind::boss_bar;

  enum class Action : std::uint8_t { add, remove, health, title };

  Uuid uuid;
  Action action = Action::add;
  WireText title;          // add, title
  float health = 1;        // add, health
  std::int32_t color = 2;  // add: green

  static void fields(Writer& io, const BossBar& p);
};

// From 1.13: literals without arguments, each a whole command.
struct CommandWords {
  static constexpr std::string_view name = "declare_commands";
  static constexpr Kind kind = Kind::declare_commands;

  std::vector<std::string> words;

  static void fields(Writer& io, const CommandWords& p);
};

}  // namespace drawbridge::mc
