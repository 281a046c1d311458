// What the coroutines of a move share. Internal to the mover (mover.cpp, mover_limbo.cpp).
#pragma once

#include <optional>
#include <string>

#include "core/desk.hpp"
#include "core/limbo/limbo_visit.hpp"
#include "core/session/mover.hpp"
#include "core/session/session_owner.hpp"
#include "mc/host.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// What a coroutine knows of the player that it moves. `session` is null once that is gone.
struct Mover::Move {
  Move(Session& s, net::TaskControl& c) : session(&s), control(c) { s.move = this; }
  ~Move() { release(); }
  // It is over, and another may begin.
  void release() {
    if (session != nullptr) session->move = nullptr;
    session = nullptr;
  }
  Move(const Move&) = delete;
  Move& operator=(const Move&) = delete;

  Session* session;
  net::TaskControl& control;
  std::string why;                  // the last failure
  std::optional<BackendLoss> loss;  // of the old place, while it was on its way
  bool stands = false;              // where it is, while a server starts: it may be interrupted
  std::optional<MoveOrder> instead = {};  // that came meanwhile
  LimboVisitPtr visit = {};  // that let it go on; until it has arrived it is expected there
};

// Where to, and what if not.
struct Mover::Plan {
  MoveOrder order;                  // with a server: on request
  std::optional<BackendLoss> loss;  // the old place is gone already
  ServerPtr from = nullptr;         // the server that was lost
};

// How long a client may take to arrive where it is already going, and how often it is looked at.
inline constexpr Duration longest_arrival = seconds(30);
inline constexpr Duration look_again = milliseconds(20);

// Forge of 1.13 to 1.20.1 negotiates in login, with its first server.
inline bool negotiated_in_login(const mc::Host& host) {
  return host.kept.find("FML2") != std::string::npos || host.kept.find("FML3") != std::string::npos;
}

}  // namespace drawbridge::core
