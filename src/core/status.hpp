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

// The JSON of the backend's own answer over this fresh connection to it, which `host` is asked for
// (empty: the address's). With the PROXY header and the name that the server wants.
net::Task<Result<std::string>> ask_status(net::Stream& backend, ServerPtr server,
                                          config::Address address, std::string host,
                                          mc::Version version, TimePoint deadline);

}  // namespace drawbridge::core
