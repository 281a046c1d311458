// The way from a log-in into the limbo: for players of servers that read packets, and for those who
// wait there to be sent back to one that does not.
#pragma once

#include "base/result.hpp"
#include "core/connection.hpp"
#include "core/desk.hpp"
#include "core/limbo/limbo_frames.hpp"
#include "core/packet_stream.hpp"
#include "core/profile.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// What this client is shown; or why it cannot be shown a world of ours.
Result<LimboFramesPtr> limbo_frames_for(const Connection& connection);

// The end of the log-in. An error: the client is of no use any more. The caller's frame keeps the
// references alive.
net::Task<Result<>> let_into_limbo(const Connection& connection, PacketStream& client,
                                   const Profile& profile);

// Hands the player over; nothing of the log-in outlives this call. A session without a traveller
// has nowhere to go but out.
void begin_limbo(Connection& connection, PacketStream& client, const Profile& profile,
                 LimboFramesPtr frames, Session session);

}  // namespace drawbridge::core
