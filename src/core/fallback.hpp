// Who may stand in for a server that cannot be had. One server's protections must not end because
// another one is down: a fallback is entered only by whom it would take at its own door.
#pragma once

#include <cstddef>

#include "core/connection.hpp"
#include "core/profile.hpp"
#include "core/server.hpp"

namespace drawbridge::core {

// Whether this client can be announced in the way that the server's forwarding_mode asks for.
// Clients from before 1.7 have no handshake to put an identity into, and those from before 1.13 no
// packet for Velocity's form (which the forwarding family does not use).
bool can_be_announced(const Connection& connection, const Server& server);

// Whether this player may be sent there in place of connection.server. `profile`: who logs in where
// packets are read; null in the forwarding family. Each family stands in for itself only.
bool may_stand_in(const Connection& connection, const Server& server, const Profile* profile);

// The next server of connection.server's `fallback`, from `position` on, that is there and takes
// this player; none: there is no other. `position` moves behind it.
ServerPtr next_fallback(const Connection& connection, const Profile* profile,
                        std::size_t& position);

}  // namespace drawbridge::core
