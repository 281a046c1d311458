#include "mc/packet_ids.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

namespace drawbridge::mc {
namespace {

constexpr std::int16_t absent = -1;

struct Since {
  Version version;
  std::int16_t id;
};

// One packet in one state and direction, with its changes.
struct Row {
  Kind kind;
  State state;
  Bound bound;
  std::span<const Since> changes;
};

#include "mc/packet_ids_table.inc"

consteval bool is_ascending(const Row& row) {
  if (row.changes.empty() || row.changes.front().id == absent) return false;
  for (std::size_t i = 0; i < row.changes.size(); ++i) {
    const Since& now = row.changes[i];
    if (now.id < absent || now.id > 0xFF) return false;
    if (i == 0) continue;
    const Since& before = row.changes[i - 1];
    if (before.version >= now.version || before.id == now.id) return false;
  }
  return true;
}

constexpr std::int16_t id_at(const Row& row, Version version) {
  std::int16_t id = absent;
  for (const Since& change : row.changes) {
    if (change.version > version) break;
    id = change.id;
  }
  return id;
}

consteval bool table_is_sound() {
  for (const Row& row : rows) {
    if (!is_ascending(row)) return false;
  }
  for (const Row& row : rows) {
    for (const Row& other : rows) {
      if (&row == &other || row.state != other.state || row.bound != other.bound) continue;
      if (row.kind == other.kind) return false;
    }
  }
  return true;
}

// Every packet's own number at every version at which something changes there.
consteval bool ids_are_unique(State state, Bound bound) {
  auto version = static_cast<Version>(0);
  while (true) {
    auto next = static_cast<Version>(INT32_MAX);
    std::array<bool, 256> is_taken{};
    for (const Row& row : rows) {
      if (row.state != state || row.bound != bound) continue;
      std::int16_t id = absent;
      for (const Since& change : row.changes) {
        if (change.version > version) {
          next = std::min(next, change.version);
          break;
        }
        id = change.id;
      }
      if (id == absent) continue;
      if (is_taken[static_cast<std::size_t>(id)]) return false;
      is_taken[static_cast<std::size_t>(id)] = true;
    }
    if (next == static_cast<Version>(INT32_MAX)) return true;
    version = next;
  }
}

static_assert(table_is_sound(), "each packet once, its changes in order");
static_assert(ids_are_unique(State::handshake, Bound::server));
static_assert(ids_are_unique(State::status, Bound::client));
static_assert(ids_are_unique(State::status, Bound::server));
static_assert(ids_are_unique(State::login, Bound::client));
static_assert(ids_are_unique(State::login, Bound::server));
static_assert(ids_are_unique(State::configuration, Bound::client));
static_assert(ids_are_unique(State::configuration, Bound::server));
static_assert(ids_are_unique(State::play, Bound::client));
static_assert(ids_are_unique(State::play, Bound::server));

constexpr std::string_view names[] = {
    "none",
    "handshake",
    "status_response",
    "ping",
    "status_request",
    "disconnect",
    "encryption_begin",
    "success",
    "compress",
    "login_plugin_request",
    "cookie_request",
    "login_start",
    "login_plugin_response",
    "login_acknowledged",
    "cookie_response",
    "custom_payload",
    "finish_configuration",
    "keep_alive",
    "reset_chat",
    "registry_data",
    "resource_pack_send",
    "remove_resource_pack",
    "add_resource_pack",
    "store_cookie",
    "transfer",
    "feature_flags",
    "tags",
    "select_known_packs",
    "code_of_conduct",
    "settings",
    "pong",
    "resource_pack_receive",
    "accept_code_of_conduct",
    "login",
    "respawn",
    "kick_disconnect",
    "start_configuration",
    "set_compression",
    "bundle_delimiter",
    "chunk_batch_start",
    "chunk_batch_finished",
    "chat",
    "system_chat",
    "player_chat",
    "profileless_chat",
    "declare_commands",
    "tab_complete",
    "playerlist_header",
    "player_info",
    "player_remove",
    "boss_bar",
    "title",
    "set_title_text",
    "set_title_subtitle",
    "set_title_time",
    "clear_titles",
    "action_bar",
    "position",
    "abilities",
    "spawn_position",
    "game_state_change",
    "server_data",
    "update_view_position",
    "map_chunk",
    "configuration_acknowledged",
    "chunk_batch_received",
    "chat_message",
    "chat_command",
    "chat_command_signed",
    "chat_session_update",
    "message_acknowledgement",
    "teleport_confirm",
    "player_loaded",
};
static_assert(std::size(names) == kinds);

}  // namespace

std::string_view name(Kind kind) {
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name(State state) {
  constexpr std::string_view words[] = {"handshake", "status", "login", "configuration", "play"};
  return words[static_cast<std::size_t>(state)];
}

// All maps, built at first use: one for each state, direction and version with a change in it.
struct IdMaps {
  struct Entry {
    Version since;
    IdMap map;
  };
  std::array<std::vector<Entry>, 10> of_place;  // ascending
  IdMap nothing;                                // where a version has no such state

  static std::size_t place(State state, Bound bound) {
    return static_cast<std::size_t>(state) * 2 + static_cast<std::size_t>(bound);
  }

  IdMaps() {
    for (const Row& row : rows) {
      for (const Since& change : row.changes) add(place(row.state, row.bound), change.version);
    }
    for (const Row& row : rows) {
      for (Entry& entry : of_place[place(row.state, row.bound)]) {
        const std::int16_t id = id_at(row, entry.since);
        if (id == absent) continue;
        entry.map.kinds_[static_cast<std::size_t>(id)] = row.kind;
        entry.map.ids_[static_cast<std::size_t>(row.kind)] = id;
      }
    }
  }

  void add(std::size_t place, Version since) {
    auto& entries = of_place[place];
    const auto at = std::ranges::lower_bound(entries, since, {}, &Entry::since);
    if (at == entries.end() || at->since != since) entries.insert(at, {since, IdMap()});
  }
};

const IdMap& id_map(Version version, State state, Bound bound) {
  static const IdMaps maps;
  const auto& entries = maps.of_place[IdMaps::place(state, bound)];
  const auto above = std::ranges::upper_bound(entries, version, {}, &IdMaps::Entry::since);
  return above == entries.begin() ? maps.nothing : std::prev(above)->map;
}

}  // namespace drawbridge::mc
