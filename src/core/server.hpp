// A configured backend as connections see it: its file, and what was prepared from it once so that
// no connection has to.
//
// Immutable and shared between worlds for as long as nothing of it changes; a connection past its
// set-up holds its Server and no world. What changes by itself hangs off it in objects that outlive
// every version of the file: ServerState (players) and BackendPool (health of addresses).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "config/server.hpp"
#include "core/balance.hpp"
#include "core/gate/rules.hpp"
#include "core/wake/wake_record.hpp"
#include "mc/status.hpp"

namespace drawbridge::core {

inline constexpr std::uint32_t no_place = 0xFFFF'FFFF;  // a cap: nobody gets in

// Players that are connected to a server or being connected (of a listener: its connections).
// Workers count, everybody reads. For max_players the place is taken before the dial, so that a
// rush of log-ins cannot overshoot the cap.
class ServerState {
 public:
  // Who counts for the idle clock of a server that sleeps: not everybody who has connected
  // (desk.cpp decides). They come and go on workers.
  void settle() { settled_.fetch_add(1, std::memory_order_relaxed); }
  void unsettle(TimePoint now);
  [[nodiscard]] std::uint32_t settled() const { return settled_.load(std::memory_order_relaxed); }
  // When the last of them left; the epoch if nobody ever did.
  [[nodiscard]] TimePoint settled_until() const {
    return TimePoint(Duration(settled_until_.load(std::memory_order_relaxed)));
  }
  // Players, over all time, who have stayed for a while.
  void note_stay() { stayed_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t stayed() const { return stayed_.load(std::memory_order_relaxed); }

  // False if there are `cap` players already (0 = no cap).
  bool take_place(std::uint32_t cap);
  void leave() { players_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t players() const { return players_.load(std::memory_order_relaxed); }

  // Status requests under way to its backends.
  std::atomic<std::uint32_t> status_fetches = 0;

 private:
  std::atomic<std::uint32_t> players_ = 0;
  std::atomic<std::uint32_t> settled_ = 0;
  std::atomic<std::int64_t> settled_until_ = 0;
  std::atomic<std::uint64_t> stayed_ = 0;
};

// A player's place on a server, or a connection's on a listener; gives it back when it goes.
// Movable, any thread.
class Place {
 public:
  Place() = default;
  // Empty (false) if the server is full.
  static Place take(std::shared_ptr<ServerState> state, std::uint32_t cap);
  Place(Place&& other) noexcept = default;
  Place& operator=(Place&& other) noexcept;
  ~Place() { give_back(); }
  explicit operator bool() const { return state_ != nullptr; }
  void give_back();

 private:
  std::shared_ptr<ServerState> state_;
};

// One MOTD of a server or of default_motd, its picture already read.
struct PreparedMotd {
  config::MotdEntry entry;
  std::string favicon;  // data URL, empty if none was set

  bool operator==(const PreparedMotd&) const = default;
};
struct PreparedMotds {
  std::optional<PreparedMotd> online, sleeping, starting, stopping, crashed, unreachable,
      maintenance;

  bool operator==(const PreparedMotds&) const = default;
};
// Reads the pictures. What cannot be used is left out and said in the log, once a load.
PreparedMotds prepare(const config::Motd& motd, std::string_view where);

// Who described a server. Of two that claim one domain or one id the lower rank wins (contract:
// file, api, docker, kubernetes, http, plugin).
enum class Provider : std::uint8_t { file, api, docker, kubernetes, http, plugin };
std::string_view name_of(Provider provider);

struct Server {
  config::ServerConfig config;
  Provider provider = Provider::file;
  // Set: log-ins are refused, with this reason in the log, because the server asks for a protection
  // that is not there.
  std::optional<std::string> withheld;
  PreparedMotds motds;
  std::optional<FilterRules> filter;
  PlayerList allow;  // empty: everybody
  PlayerList maintenance_allow;
  PlayerList reserved_for;
  std::shared_ptr<ServerState> state;
  std::shared_ptr<BackendPool> pool;
  std::shared_ptr<WakeRecord> wake;  // null: nobody starts and stops it

  // The built-in place for players of a proxy that has no servers yet; see lobby.hpp.
  bool is_lobby = false;

  [[nodiscard]] const std::string& id() const { return config.id; }
  // How many players there may be for this one to get a place: max_players, less what is reserved
  // for others; 0 = no limit.
  [[nodiscard]] std::uint32_t most_for(std::string_view player,
                                       const std::optional<Uuid>& verified = std::nullopt) const;
};
using ServerPtr = std::shared_ptr<const Server>;

// ServerState by id (a listener's by its bind text). Thread-safe; a state lives as long as somebody
// holds it.
class ServerStates {
 public:
  std::shared_ptr<ServerState> of(std::string_view id);

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<ServerState>, std::less<>> states_;
  std::size_t sweep_at_ = 64;  // so many names: those that nobody holds any more are forgotten
};

}  // namespace drawbridge::core
