// Answers to status pings: from the cache, from the backend, or the MOTD of the server's state. An
// answer never says online for a backend that is not.
#pragma once

#include "core/connection.hpp"
#include "mc/text.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Answers the ping of connection.hello (modern or old) for connection.server, and the latency
// packet after it.
net::Task<> answer_status(Connection& connection);
// The same with these words in place of a MOTD: for pings that are refused.
net::Task<> answer_status_with(Connection& connection, mc::Text words);

}  // namespace drawbridge::core
