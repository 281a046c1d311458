// A knock: somebody wants a server that may be asleep. It goes from a worker to the control thread;
// the answer comes back once it is certain.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/keeper.hpp"
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "config/types.hpp"
#include "core/server.hpp"

namespace drawbridge::core {

struct WakeAnswer {
  enum class Kind : std::uint8_t {
    ready,       // dial
    under_way,   // it is being started (only to those who do not wait)
    unverified,  // verify_before_wake: nothing was done; ask again once the account is checked
    not_needed,  // it runs as far as anybody knows, and cannot be reached
    refused,     // `kick` says why it is not started for this one
    failed,      // it was started and did not come up; `kick` says so
  };
  Kind kind = Kind::ready;
  config::Kick kick = config::Kick::offline;
  Duration wait{};          // refused by a budget: when to ask again
  std::string detail = {};  // for the log
};

struct Knock {
  std::string server;  // id
  IpAddress source;    // as budgets count it
  api::WakeRequest who;
  bool unreachable = false;  // it was dialled just now, in vain
  bool waits = true;         // for the end of the start; false: answered at once
  // It waits, and is sent away then, to come again by a connection of its own.
  bool leaves = false;
};

// Who is told. `alive` is expired when nobody waits any more.
struct WakeWaiter {
  std::function<void(WakeAnswer)> answer;
  std::weak_ptr<void> alive;
};

// What one status ping of ours found.
struct PingOutcome {
  enum class Kind : std::uint8_t {
    answered,
    closed,  // the connection was taken and closed: enable-status=false
    failed,  // nobody there, or no answer in time
    ours,    // it says nothing about the server: no descriptors, shutdown
  };
  Kind kind = Kind::ours;
  std::string json = {};
  std::string why = {};
};

}  // namespace drawbridge::core
