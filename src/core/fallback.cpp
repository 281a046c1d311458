#include "core/fallback.hpp"

#include <string>
#include <vector>

#include "config/server.hpp"
#include "core/opening.hpp"

namespace drawbridge::core {

bool can_be_announced(const Connection& connection, const Server& server) {
  return !connection.hello.is_legacy() ||
         !is_told_in_handshake(config::effective_forwarding(server.config, connection.global()));
}

ServerPtr next_fallback(const Connection& connection, std::size_t& position) {
  const std::vector<std::string>& ids =
      config::effective_fallback(connection.server->config, connection.global());
  while (position < ids.size()) {
    const auto index = connection.world->index_of(ids[position++]);
    if (!index) continue;
    const ServerPtr& server = connection.world->servers[*index];
    const bool takes =
        !server->withheld && !config::is_intercepted(server->config.proxy_mode) &&
        can_be_announced(connection, *server) &&
        connection.gate().at_server(connection.peer.address, connection.hello, *server).passed();
    if (takes) return server;
  }
  return nullptr;
}

}  // namespace drawbridge::core
