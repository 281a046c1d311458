// Reaching a server: which address, its name resolved, dialled, the next one tried. The same way
// for players and for status fetches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "config/types.hpp"
#include "core/address_health.hpp"
#include "core/backend_dial.hpp"
#include "core/desk.hpp"
#include "core/server.hpp"
#include "net/socket_options.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Where a route leads besides the server's own addresses: made of its pattern's groups, or as it
// stands there.
struct RoutedAddress {
  config::Address address;
  std::shared_ptr<const AllowedNetworks> allow;  // null: everywhere
};

// On whose behalf.
struct ReachFor {
  std::optional<IpAddress> client = {};                   // for ip_hash
  std::shared_ptr<const RoutedAddress> routed = nullptr;  // instead of the server's addresses
};

struct Reached {
  static constexpr std::uint16_t routed = UINT16_MAX;

  net::Stream backend;
  LiveConnection at_address;  // counts for least_conn until it goes
  config::Address address;    // as configured
  std::uint16_t index = 0;    // into the server's addresses, or `routed`
};

// Socket options of this server's connections, both ends.
net::SocketOptions socket_options(const config::GlobalConfig& global, const Server& server);

// Tries the server's addresses in the order of its balance, each for connect_timeout, at most
// connect_max_attempts of them. Health is kept on the way. The error (of the backend) tells of the
// last address tried.
net::Task<Result<Reached>> reach(Desk& desk, WorldPtr world, ServerPtr server, ReachFor why = {});

// One line: this address of the server changed sides.
void log_health(const Server& server, std::size_t address, bool healthy, std::string_view why);

}  // namespace drawbridge::core
