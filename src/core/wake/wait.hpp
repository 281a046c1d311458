// A log-in at a server that sleeps: it knocks, and waits as `while_starting` says.
//
// `hold` keeps the login open. A client gives up after 30 s without a byte, and login has no
// keep-alive: so clients of 1.13 and later are asked a question on a channel of ours every 10 s
// (login_plugin_request), which they answer with "not understood". Their answers stay here, and the
// last one has come before the wait ends, so that no backend ever sees one. Older clients are held
// for 25 s.
#pragma once

#include <cstdint>
#include <string>

#include "api/keeper.hpp"
#include "base/clock.hpp"
#include "config/types.hpp"
#include "core/connection.hpp"
#include "core/packet_stream.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

struct WaitOutcome {
  enum class Kind : std::uint8_t {
    dial,         // it is online, or was a moment ago
    unreachable,  // it runs, and cannot be reached: waiting does not help
    refused,      // with these words
    gone,         // the client left, broke the rules, or the proxy ends
  };
  Kind kind = Kind::dial;
  config::Kick kick = config::Kick::offline;
  Duration wait{};          // for {seconds}
  std::string detail = {};  // for the log
};

// Wakes connection.server, which has a wake record, and waits for it. `client` is in its login
// phase; nothing but answers of ours is taken from it. `unreachable`: it was dialled just now, in
// vain. connection.deadline moves on by the time waited. The caller's frame keeps the references
// alive.
net::Task<WaitOutcome> wait_for_server(Connection& connection, PacketStream& client,
                                       api::WakeRequest who, bool unreachable);

// A ping at a server that sleeps, where pings wake.
void knock_for_status(const Connection& connection);

}  // namespace drawbridge::core
