// A log-in at a server that sleeps: it knocks, and waits as `while_starting` says.
//
// Who may wait where:
//
//   hold      the login stays open (wait_for_server, client in its login phase). A client gives up
//             after 30 s without a byte, and login has no keep-alive: so clients of 1.13 and later
//             are asked a question on a channel of ours every 10 s (login_plugin_request), which
//             they answer with "not understood". Their answers stay here, and the last one has come
//             before the wait ends, so that no backend ever sees one. Older clients are held 25 s.
//   transfer  the login is finished, the client waits in the limbo and is sent to come again
//             (send_back.hpp); one that no world can be shown waits in configuration, where
//             wait_for_server is called.
//   kick      nobody waits: wait_for_server with `waits` off.
//   limbo     the player is in a world of ours, outside every coroutine: wait_for_server with
//             `waits` off first; `under_way` means that the player may be let into the limbo. From
//             there Waker::knock tells the outcome (waiter_on, with Knock::waits), and what there
//             is to show meanwhile is in Server::wake->look(): state, since when, eta.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/keeper.hpp"
#include "base/clock.hpp"
#include "config/types.hpp"
#include "core/connection.hpp"
#include "core/packet_stream.hpp"
#include "core/wake/knock.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

struct WaitOutcome {
  enum class Kind : std::uint8_t {
    dial,         // it is online, or was a moment ago
    under_way,    // it is being started; only where nobody waits for that
    unreachable,  // it runs, and cannot be reached: waiting does not help
    unverified,   // the account has to be checked first; nothing was started
    refused,      // with these words
    gone,         // the client left, broke the rules, or the proxy ends
    over,         // the client has had its last packet
  };
  Kind kind = Kind::dial;
  config::Kick kick = config::Kick::offline;
  Duration wait{};          // for {seconds}
  std::string detail = {};  // for the log
};

// What happens to this log-in while connection.server, which has a keeper, is started. `transfer`
// only for clients that can be sent away; others are held. `limbo` only where packets are read;
// with the other modes it is `transfer`.
config::WhileStarting while_starting_for(const Connection& connection);

struct AskToWake {
  api::WakeRequest who;
  bool unreachable = false;  // it was dialled just now, in vain
  bool waits = true;         // for the end of the start
  bool leaves = false;       // and is sent away then, to come again
};

// Wakes connection.server, which has a wake record, and waits for it, or only for the decision.
// `client` is in its login phase, or in configuration; nothing but answers of ours is taken from it
// (in configuration also what it says by itself, which is dropped). connection.deadline moves on
// by the time waited. While it waits, the player counts as connection.expected. The caller's frame
// keeps the references alive.
net::Task<WaitOutcome> wait_for_server(Connection& connection, PacketStream& client, AskToWake ask);

// The outcome of a knock, told on `worker`'s thread to somebody who lives there; dropped once
// `alive` has expired.
WakeWaiter waiter_on(net::Worker& worker, std::weak_ptr<void> alive,
                     std::function<void(WakeAnswer)> told);
// What connection.server is asked with.
Knock knock_of(const Connection& connection, AskToWake ask);

// A ping at a server that sleeps, where pings wake.
void knock_for_status(const Connection& connection);

}  // namespace drawbridge::core
