// A log-in of the forwarding family at a server that sleeps. Where nothing has to be asked of the
// client it is held, and its bytes that nobody has read stay where they are. Where its account has
// to be checked first (verify_before_wake), or it waits in configuration (transfer), its login is
// ours, and it has to come again to reach the server.
#pragma once

#include "core/connection.hpp"
#include "core/wake/wait.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// `dial`: connection.client stands as before, and what came meanwhile is behind what was buffered;
// the same for `refused`, `unreachable` and `gone`. `over`: the client has had its last words, and
// they are in the log.
net::Task<WaitOutcome> wait_at_the_door(Connection& connection, bool unreachable);

}  // namespace drawbridge::core
