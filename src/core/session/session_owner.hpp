// What the packet pump tells whoever knows the players.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "config/types.hpp"
#include "core/session/packet_flow.hpp"
#include "mc/text.hpp"

namespace drawbridge::core {

// Why a session ended: what came first.
enum class SessionEndReason : std::uint8_t {
  client_closed,
  backend_closed,   // without a word to the player
  kicked,           // by the server
  transferred,      // by the server or the limbo, to another address
  client_reset,     // RST, or a write to a client that is gone
  backend_reset,    // the same of the backend
  client_timeout,   // keepalive or TCP_USER_TIMEOUT
  backend_timeout,  // the same of the backend
  half_open_idle,  // the client had closed, the backend sent nothing and did not close for a minute
  silent,          // neither end said a word in configuration for as long as the server may take
  memory,          // the worker held too much, and this session the most of it
  client_fault,    // it sent what is none of the game's
  backend_fault,   // the same of the backend
  rate_limited,    // more packets or inflated bytes than a client may cause
  closed,          // by us, with words
  shutdown,        // the program ends
  failed           // an error of ours: the descriptor could not be watched
};
std::string_view name(SessionEndReason reason);  // "client closed", ...

struct SessionBytes {
  std::uint64_t to_backend = 0;  // that the kernel took
  std::uint64_t to_client = 0;
};

struct SessionEnd {
  std::uint64_t id = 0;
  SessionBytes bytes;
  SessionEndReason why = SessionEndReason::closed;
  std::string detail;  // the words of a kick, what was wrong with a packet; may be empty
  TimePoint started;
};

// A backend that a player was on is no more, and nothing has been said to the player.
struct BackendLoss {
  SessionEndReason why = SessionEndReason::backend_closed;  // or reset, timeout, kicked
  std::string reason;                                       // of a kick: plain words
  bool in_play = false;  // else in configuration: the player was still on its way there
};

// Whoever knows the players. Outlives the pump's sessions; called on the worker.
class SessionOwner {
 public:
  // Told once; both sockets are gone by then. The session must not be used any more.
  virtual void on_session_end(const SessionEnd& end) = 0;
  // Told once, within the first second or little more, if the session lives that long.
  virtual void on_session_lasts(std::uint64_t id, int client, int backend) = 0;
  // A command of ours, or what is to be completed of one; or what the server said on the BungeeCord
  // channel. May use the session, and end it.
  virtual void on_said(std::uint64_t /*id*/, const PacketFlow::Said& /*said*/) {}
  // What this player is told.
  virtual mc::Text words_for(std::uint64_t id, config::Kick kick) = 0;
  // True: the owner keeps the player, has called PacketSession::detach_backend(), and will end the
  // waiting: with another backend, another place, or a kick.
  virtual bool on_backend_lost(std::uint64_t /*id*/, const BackendLoss& /*loss*/) { return false; }

 protected:
  ~SessionOwner() = default;
};

}  // namespace drawbridge::core
