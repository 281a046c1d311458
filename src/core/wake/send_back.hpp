// `while_starting = "transfer"`: the player is let in as far as the configuration phase, waits
// there (which a client does for as long as it is sent keep-alives; it shows "Joining world"), and
// is told with a transfer packet to come again once the server is ready. No world is needed for
// that, so it works for every version from 1.20.5 on, whether its registries are known or not.
//
// The client that comes again has a connection that nobody has looked into, so it passes straight
// through in the modes that forward bytes.
#pragma once

#include <string>

#include "base/uuid.hpp"
#include "core/connection.hpp"
#include "core/packet_stream.hpp"
#include "core/wake/wait.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// `client` is in its login phase, perhaps encrypted; the server is being started or ready. Ends
// with `over` (sent away), `refused` or `gone`; whoever is refused may be in configuration by then.
// The caller's frame keeps the references alive.
net::Task<WaitOutcome> send_back_when_ready(Connection& connection, PacketStream& client,
                                            std::string name, Uuid uuid, api::WakeRequest who);

}  // namespace drawbridge::core
