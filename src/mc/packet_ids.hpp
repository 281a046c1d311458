// Which number a packet has in which version. The numbers change with almost every release, so all
// of the program speaks of a Kind and asks an IdMap, once per connection and phase, for the numbers
// of its version; after that a packet costs one array load.
//
// The table behind it (packet_ids_table.inc) is written by tools/gen_packet_ids from the npm
// package minecraft-data and lists changes only: a version that nobody has heard of has the numbers
// of the newest known release below it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

enum class State : std::uint8_t { handshake, status, login, configuration, play };
enum class Bound : std::uint8_t { client, server };  // towards whom

// The packets that a proxy has to know, by minecraft-data's names; every other is `none` and
// forwarded as it came. One name in several states and directions is one kind: keep_alive is in
// four places. Each stands here under the first of its places.
enum class Kind : std::uint8_t {
  none,
  // handshake, to the server
  handshake,
  // status, to the client
  status_response,
  ping,
  // status, to the server
  status_request,
  // login, to the client
  disconnect,
  encryption_begin,
  success,
  compress,
  login_plugin_request,
  cookie_request,
  // login, to the server
  login_start,
  login_plugin_response,
  login_acknowledged,
  cookie_response,
  // configuration, to the client
  custom_payload,
  finish_configuration,
  keep_alive,
  reset_chat,
  registry_data,
  resource_pack_send,
  remove_resource_pack,
  add_resource_pack,
  store_cookie,
  transfer,
  feature_flags,
  tags,
  select_known_packs,
  code_of_conduct,
  // configuration, to the server
  settings,
  pong,
  resource_pack_receive,
  accept_code_of_conduct,
  // play, to the client
  login,
  respawn,
  kick_disconnect,
  start_configuration,
  set_compression,
  bundle_delimiter,
  chunk_batch_start,
  chunk_batch_finished,
  chat,
  system_chat,
  player_chat,
  profileless_chat,
  declare_commands,
  tab_complete,
  playerlist_header,
  player_info,
  player_remove,
  boss_bar,
  title,
  set_title_text,
  set_title_subtitle,
  set_title_time,
  clear_titles,
  action_bar,
  position,
  abilities,
  spawn_position,
  game_state_change,
  server_data,
  update_view_position,
  map_chunk,
  // play, to the server
  configuration_acknowledged,
  chunk_batch_received,
  chat_message,
  chat_command,
  chat_command_signed,
  chat_session_update,
  message_acknowledgement,
  teleport_confirm,
  player_loaded,
};
inline constexpr std::size_t kinds = static_cast<std::size_t>(Kind::player_loaded) + 1;

// As in the enumeration: "keep_alive". For logs.
std::string_view name(Kind kind);
std::string_view name(State state);

// The numbers of one version, state and direction, both ways.
class IdMap {
 public:
  // `none` for every number without a kind, be it negative or beyond all that the game has.
  [[nodiscard]] Kind kind(std::int32_t id) const {
    return static_cast<std::uint32_t>(id) < kinds_.size() ? kinds_[static_cast<std::size_t>(id)]
                                                          : Kind::none;
  }
  // Nothing where this version has no such packet in this state and direction.
  [[nodiscard]] std::optional<std::int32_t> id(Kind kind) const {
    const std::int16_t id = ids_[static_cast<std::size_t>(kind)];
    if (id < 0) return std::nullopt;
    return id;
  }
  [[nodiscard]] bool has(Kind kind) const { return ids_[static_cast<std::size_t>(kind)] >= 0; }

 private:
  friend struct IdMaps;
  IdMap() { ids_.fill(-1); }

  std::array<Kind, 256> kinds_{};
  std::array<std::int16_t, kinds> ids_{};
};

// For any version: that of the newest release not above it. The reference is good for the life of
// the program; safe from every thread.
const IdMap& id_map(Version version, State state, Bound bound);

}  // namespace drawbridge::mc
