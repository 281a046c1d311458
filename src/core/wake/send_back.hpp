// `while_starting = "transfer"`: the player waits inside the proxy, and is told with a transfer
// packet to come again once the server is ready. From 1.20.5 on.
//
// It waits in the limbo (limbo_entry.hpp; LimboHost sends it back). Whom no world of ours can be
// shown is let in as far as the configuration phase and waits there, which a client does for as
// long as it is sent keep-alives; it shows "Joining world".
//
// The client that comes again has a connection that nobody has looked into, so it passes straight
// through in the modes that forward bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "base/uuid.hpp"
#include "core/connection.hpp"
#include "core/packet_stream.hpp"
#include "core/wake/wait.hpp"
#include "mc/packets/common.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Where this client is to come again: `transfer_to`, else the host and port that it used. Of a
// server with a keeper.
mc::Transfer way_back(const Connection& connection);

struct SentBack {
  Endpoint from;
  std::string_view player, server;
};
// It is being sent there: whoever comes from there is ours, and the log says so.
void note_sent_back(Services& services, const SentBack& who, const mc::Transfer& to, TimePoint now);

// The wait in configuration. `client` is in its login phase, perhaps encrypted; the server is being
// started or ready. Ends with `over` (sent away), `refused` or `gone`; whoever is refused may be in
// configuration by then. The caller's frame keeps the references alive.
net::Task<WaitOutcome> send_back_when_ready(Connection& connection, PacketStream& client,
                                            std::string name, Uuid uuid, api::WakeRequest who);

}  // namespace drawbridge::core
