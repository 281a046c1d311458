// What all connections of the process share. Made once by the Proxy; everything in here is
// thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "control/http_client.hpp"
#include "control/resolver.hpp"
#include "core/auth/known_accounts.hpp"
#include "core/balance.hpp"
#include "core/commands/permissions.hpp"
#include "core/gate/rate_table.hpp"
#include "core/gate/source_counts.hpp"
#include "core/limbo/limbo_frames.hpp"
#include "core/limbo/limbo_handlers.hpp"
#include "core/log_throttle.hpp"
#include "core/player_directory.hpp"
#include "core/server.hpp"
#include "core/status_cache.hpp"
#include "core/transfers.hpp"
#include "core/wake/wake_record.hpp"
#include "mc/server_key.hpp"

namespace drawbridge::core {

class Desk;
class GameCommands;
class Waker;

// What the gate remembers across worlds.
struct GateMemory {
  RateTables rates;
  SourceCounts sources;
  ServerStates listeners;  // connections by the bind text of the listener they came in at
};

struct Services {
  Services(control::Resolver& names, control::HttpClient& web) : resolver(names), http(web) {}

  control::Resolver& resolver;
  control::HttpClient& http;
  const mc::ServerKey server_key;  // of this run; clients encrypt their link's secret with it
  ServerStates states;
  BackendPools pools;
  StatusCache status_cache;
  StatusCache routed_status_cache;  // by server and address, of routes that name one
  TransferLedger transfers;
  KnownAccounts known_accounts;
  LogThrottle throttle;
  PlayerDirectory players;
  LimboBook limbo;
  LimboHandlers limbo_handlers;
  GateMemory gate;
  WakeRecords wakes;
  PermissionBook permissions;
  GameCommands* commands = nullptr;  // set before the workers run; null: there are none
  Waker* waker = nullptr;            // set before the workers run; null: nothing is started here
  // How often a player who is held is asked something, to be kept awake.
  std::atomic<Duration> hold_question_every = Duration(seconds(10));
  // How long a server waits, once it is ready, for players who were told to come again.
  std::atomic<Duration> time_to_come_again = Duration(seconds(35));
  // Until a relayed connection counts as a player's, past the time that servers give a log-in.
  std::atomic<Duration> time_to_settle = Duration(seconds(35));

  // Set before the workers run.
  std::vector<Desk*> desks;  // of all workers, whose threads have all ended before one of them goes
  std::size_t workers = 1;
  std::size_t descriptors = 1024;  // that the process may have open

  std::atomic<std::uint32_t> connections = 0;  // accepted and not ended, relayed players included
  std::atomic<std::uint32_t> sessions = 0;     // of them those that play: past their set-up
  std::atomic<std::uint32_t> intercepted = 0;  // of these those whose packets we move
  // Questions of servers that the desks are being asked.
  std::atomic<std::uint32_t> channel_questions = 0;
  std::atomic<std::uint64_t> next_session = 1;
  std::atomic<bool> stopping = false;  // log-ins are told so; what plays goes on
  std::atomic<bool> real_ip_hint_given =
      false;  // once a process: a `///` tail without a PROXY header
};

// One connection's seat under max_connections. Movable; gives itself back.
class Seat {
 public:
  Seat() = default;
  // Always taken; `number` is how many there are with this one.
  explicit Seat(Services& services)
      : services_(&services),
        number_(services.connections.fetch_add(1, std::memory_order_relaxed) + 1) {}
  Seat(Seat&& other) noexcept
      : services_(std::exchange(other.services_, nullptr)), number_(other.number_) {}
  Seat& operator=(Seat&& other) noexcept {
    if (this != &other) {
      leave();
      services_ = std::exchange(other.services_, nullptr);
      number_ = other.number_;
    }
    return *this;
  }
  ~Seat() { leave(); }
  [[nodiscard]] std::uint32_t number() const { return number_; }

 private:
  void leave() {
    if (services_) services_->connections.fetch_sub(1, std::memory_order_relaxed);
    services_ = nullptr;
  }
  Services* services_ = nullptr;
  std::uint32_t number_ = 0;
};

}  // namespace drawbridge::core
