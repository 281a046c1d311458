// What servers ask the proxy on the BungeeCord channel (mc/bungee_channel.hpp): to move, to tell
// and to kick players, to hand data to other servers, and who plays where.
//
// A server is trusted less than we are. It may speak only if its file and the global one say so,
// and do what [plugin_messaging.bungeecord_permissions] lets it; it sees the servers of its own
// `network` and the players on them, and nothing else. What it asks too often is not heard
// (Desk::on_channel), and a message that cannot be read costs nobody the session.
//
// What no worker knows alone every desk is asked for, and the asker's worker answers. Who asked may
// have gone by then, or its player may be elsewhere: then there is no answer.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "config/global.hpp"
#include "core/server.hpp"

namespace drawbridge::core {

class Desk;

// Whether sessions at this server may use the channel.
bool answers_channel(const config::GlobalConfig& global, const Server& server);

// Does what `server` (id), where the session with this number is, asks in `message`. On the desk's
// worker, in a turn of its own: it may end sessions.
void serve_channel(Desk& desk, std::uint64_t session, const std::string& server, ByteView message);

}  // namespace drawbridge::core
