// The forwarding family (passthrough, zero_copy, server_only): reach the backend, replay what the
// client said, and let the pump move the bytes. Nothing is parsed after the login start, so any
// future version of the game works.
#pragma once

#include "core/connection.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// For a login (of any age) whose server is known and not withheld. Tries the server, then its
// fallbacks while nothing has been sent; kicks when nobody can be reached.
net::Task<> forward(Connection& connection);

}  // namespace drawbridge::core
