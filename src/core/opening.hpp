// What a backend reads before a player's login start: a PROXY header if it wants one, and the host
// field of the handshake, with the player's identity behind the name where it is told that way.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/ip.hpp"
#include "config/types.hpp"
#include "core/server.hpp"
#include "core/world.hpp"
#include "mc/host.hpp"
#include "mc/player_info.hpp"

namespace drawbridge::core {

// The header that `server` wants for the player at `peer`; empty if it wants none. `client` is the
// player's socket: its own end is where the player connected to.
ByteBuffer proxy_header_for(const Endpoint& peer, const Server& server, int client);

// The same for a connection of our own (status, probe).
ByteBuffer own_proxy_header_for(const Server& server);

// Whether the server's forwarding puts the player's identity into the handshake.
bool is_told_in_handshake(config::ForwardingMode mode);

// The host name as configured (domain_rewrite; `address` is the one that was dialled) or as the
// client wrote it, with what may stand behind it. `info` counts if is_told_in_handshake(mode).
std::string host_field_for(const World& world, const mc::Host& host, const Server& server,
                           const config::Address& address, const mc::PlayerInfo& info);

}  // namespace drawbridge::core
