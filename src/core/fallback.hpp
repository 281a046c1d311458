// Who may stand in for a server of the forwarding family that cannot be had. One server's
// protections must not end because another one is down: a fallback is entered only by whom it would
// take at its own door. Where packets are read the rule is that of backend_login.hpp.
#pragma once

#include <cstddef>

#include "core/connection.hpp"
#include "core/server.hpp"

namespace drawbridge::core {

// Whether this client can be announced in the way that the server's forwarding_mode asks for:
// clients from before 1.7 have no handshake to put an identity into.
bool can_be_announced(const Connection& connection, const Server& server);

// The next server of connection.server's `fallback`, from `position` on, that is there, forwards
// and takes this player; none: there is no other. `position` moves behind it.
ServerPtr next_fallback(const Connection& connection, std::size_t& position);

}  // namespace drawbridge::core
