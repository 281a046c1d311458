// The packets of play that the proxy reads or writes whole and no other phase has; see common.hpp
// for the others.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/uuid.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/fields.hpp"
#include "mc/text_nbt.hpp"

namespace drawbridge::mc {

struct KickDisconnect {
  static constexpr std::string_view name = "kick_disconnect";
  static constexpr Kind kind = Kind::kick_disconnect;

  WireText reason;

  static void fields(auto& io, auto& p) { text_field(io, p.reason); }
};

// 1.8 only: compression again, in the midst of play.
struct SetCompression {
  static constexpr std::string_view name = "set_compression";
  static constexpr Kind kind = Kind::set_compression;

  std::int32_t threshold = -1;  // negative: off

  static void fields(auto& io, auto& p) { io.varint(p.threshold); }
};

// 1.20.2 and later: back to configuration. Nothing of play may follow it.
struct StartConfiguration {
  static constexpr std::string_view name = "start_configuration";
  static constexpr Kind kind = Kind::start_configuration;

  static void fields(auto&, auto&) {}
};

struct ConfigurationAcknowledged {
  static constexpr std::string_view name = "configuration_acknowledged";
  static constexpr Kind kind = Kind::configuration_acknowledged;

  static void fields(auto&, auto&) {}
};

// To the client, until 1.18.2: everything that is said.
struct Chat {
  static constexpr std::string_view name = "chat";
  static constexpr Kind kind = Kind::chat;

  enum : std::int8_t { from_player = 0, system = 1, action_bar = 2 };

  WireText message;
  std::int8_t position = system;  // 1.8 and later
  Uuid sender;                    // 1.16 and later; all zero for the server

  static void fields(auto& io, auto& p) {
    text_field(io, p.message);
    if (io.version >= v1_8) io.i8(p.position);
    if (io.version >= v1_16) io.uuid(p.sender);
  }
};

// To the client, since 1.19: what is not a player's, signed by nobody.
struct SystemChat {
  static constexpr std::string_view name = "system_chat";
  static constexpr Kind kind = Kind::system_chat;

  // Places in 1.19's own registry of chat types.
  enum : std::int32_t { type_system = 1, type_game_info = 2 };

  WireText content;
  bool is_action_bar = false;
  std::int32_t type = type_system;  // 1.19 only, in place of is_action_bar

  static void fields(auto& io, auto& p) {
    text_field(io, p.content);
    if (io.version >= v1_19_1) {
      io.boolean(p.is_action_bar);
    } else {
      io.varint(p.type);
    }
  }
};

}  // namespace drawbridge::mc
