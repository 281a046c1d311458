// A player who waits for a server that is being started: counts for its idle clock from then on, so
// that the server is not stopped again while the player still logs in, however short
// `shutdown_after` is.
#pragma once

#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "core/server.hpp"

namespace drawbridge::core {

// Movable; any thread.
class ExpectedPlayer {
 public:
  ExpectedPlayer() = default;
  explicit ExpectedPlayer(std::shared_ptr<ServerState> state) : state_(std::move(state)) {
    state_->settle();
  }
  ExpectedPlayer(ExpectedPlayer&& other) noexcept = default;
  ExpectedPlayer& operator=(ExpectedPlayer&& other) noexcept {
    if (this != &other) {
      leave();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~ExpectedPlayer() { leave(); }

  // The player is there. True: whoever keeps its record counts on for it (Session::settled).
  bool arrive_at(const Server& server) {
    if (state_ != server.state) return false;
    state_.reset();
    return true;
  }

 private:
  void leave() {
    if (state_) std::exchange(state_, nullptr)->unsettle(Clock::now());
  }
  std::shared_ptr<ServerState> state_;
};

}  // namespace drawbridge::core
