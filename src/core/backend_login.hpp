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

#include "base/result.hpp"
#include "config/types.hpp"
#include "core/connection.hpp"
#include "core/packet_stream.hpp"
#include "core/profile.hpp"
#include "core/reach.hpp"
#include "core/server.hpp"
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

// Whether another server may take this player in place of its own. It must not be the way round a
// protection: it reads packets as well, and a server whose players must have an account takes no
// others.
bool may_stand_in(const Connection& connection, const Server& server, const Profile& profile);

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
