// Logging an intercepted player in at a backend, while the client is still in its own login phase:
// who the player is is told (forwarding_mode), what the backend asks the client meanwhile is passed
// on (login plugin requests of mod loaders, cookies), and what is wrong with the backend's set-up
// is recognised and explained.
//
// Never weaker than configured: a backend that does not take the player's identity in the
// configured way, or a client that cannot be announced in it, is refused with words and a log line.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/result.hpp"
#include "config/types.hpp"
#include "core/connection.hpp"
#include "core/packet_stream.hpp"
#include "core/profile.hpp"
#include "core/reach.hpp"
#include "core/server.hpp"
#include "mc/host.hpp"
#include "mc/packets/login.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Why no backend has the player. It is in the log already.
struct Refusal {
  // client: it is gone, late, or broke the rules of the game. Nothing needs to be said to it.
  Fault fault = Fault::backend;
  std::string reason;  // not empty: the backend's own words (JSON), for the client as they are
  config::Kick kick = config::Kick::offline;  // else these
  std::string_view detail;                    // with one line more; a literal, may be empty
  ServerPtr limbo = {};  // the fallback list led here, and no further: the player may wait there
};

// What the client reads: sent once, never wrapped.
mc::LoginDisconnect disconnect_for(const Connection& connection, const Refusal& refusal);

// A player whom a backend has let in. Nothing of it has been said to the client yet.
struct BackendJoined {
  // `success` was read, nothing behind it. Its threshold() is what `compress` said. From 1.20.2 on
  // the backend now waits for login_acknowledged.
  PacketStream backend;
  mc::LoginSuccess success;  // with the UUID that the backend gives the player
  // False where the backend knows the player by another UUID than the account's: what the client
  // signs (chat_session_update) cannot be checked there and must not reach it.
  bool knows_account = false;
  ServerPtr server;
  Place place;
  LiveConnection at_address;
  std::uint16_t address = 0;  // index into the server's addresses, or Reached::routed
  std::string routed_to;      // its text, when a route led there
};

// On whose behalf. While the player still logs in, `connection` is its own; a player who is in the
// game already, and comes from another place, has none. Lives in the frame of a coroutine.
struct Caller {
  // With a connection: all of it is that one's.
  explicit Caller(Connection& connection);
  Caller(Desk& desk, WorldPtr world) : desk(desk), world(std::move(world)) {}

  Desk& desk;
  WorldPtr world;
  mc::Version version{};
  Endpoint peer;
  std::uint16_t port = 0;  // that the client asked for
  mc::Host host;
  int client = -1;       // its socket
  TimePoint deadline{};  // of all that is to come; moves on while the client is asked something
  Connection* connection = nullptr;
  std::uint64_t session = 0;  // without a connection: its number

  [[nodiscard]] const config::GlobalConfig& global() const { return *world->global; }
  void log_refusal(log::Level level, std::string_view reason, std::string_view detail) const;
  [[nodiscard]] bool was_shed() const;
  void hold(std::size_t bytes) const;
};

// Logs a player who is in the game already in at this one server. Nothing can be asked of the
// client: to questions of mod loaders and for cookies the answer is "not understood", or none.
net::Task<std::expected<BackendJoined, Refusal>> join_next_backend(Caller& caller,
                                                                   const Profile& profile,
                                                                   ServerPtr server);
// Whether another server may take this player in place of its own. It must not be the way round a
// protection: it reads packets as well, and a server whose players must have an account takes no
// others.
bool may_stand_in(const Caller& caller, const Server& server, const Profile& profile);

// Reaches connection.server, then its fallbacks while none has let the player in, and logs the
// player in there. Whatever the client sends meanwhile is read from `client`, whose phase is login.
//
// All must be done by connection.deadline; time in which the client is being asked something does
// not count and moves the deadline on (each answer has `timeouts.read`). The caller's frame keeps
// the references alive.
net::Task<std::expected<BackendJoined, Refusal>> join_backend(Connection& connection,
                                                              const Profile& profile,
                                                              PacketStream& client);

}  // namespace drawbridge::core
