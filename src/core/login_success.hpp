// The end of a log-in, towards the client: compression, success, and from 1.20.2 on the client's
// word that it has understood.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/packet_stream.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/packets/login.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// `client` is in its login phase; afterwards in configuration, before 1.20.2 in play. The caller's
// frame keeps the reference alive.
net::Task<Result<>> send_login_success(PacketStream& client, mc::Threshold threshold,
                                       mc::LoginSuccess success, TimePoint deadline);

}  // namespace drawbridge::core
