// Reaching a server: which address, its name resolved, dialled, the next one tried. The same way
// for players and for status fetches.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "core/address_health.hpp"
#include "core/desk.hpp"
#include "core/server.hpp"
#include "net/socket_options.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

struct Reached {
  net::Stream backend;
  LiveConnection at_address;  // counts for least_conn until it goes
  std::uint16_t address = 0;  // index into the server's addresses
};

// Socket options of this server's connections, both ends.
net::SocketOptions socket_options(const config::GlobalConfig& global, const Server& server);

// Tries the server's addresses in the order of its balance, each for connect_timeout, at most
// connect_max_attempts of them. Health is kept on the way. The error (of the backend) tells of the
// last address tried.
net::Task<Result<Reached>> reach(Desk& desk, WorldPtr world, ServerPtr server);

}  // namespace drawbridge::core
