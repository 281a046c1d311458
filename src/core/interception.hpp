// The intercepted family (client_only, offline): we log the player in ourselves, then at a backend,
// and hand both links to a session that reads packets.
#pragma once

#include "core/connection.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// For a login of any age whose server is known, intercepted and not withheld. Ends when the player
// has been refused, or when the session has both links; no coroutine outlives the login.
net::Task<> intercept(Connection& connection);

}  // namespace drawbridge::core
