#include "core/fallback.hpp"

#include <string>
#include <vector>

#include "config/server.hpp"
#include "core/opening.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

bool may_stand_in(const Connection& connection, const Server& server, const Profile* profile) {
  const bool reads_packets = config::is_intercepted(server.config.proxy_mode);
  if (server.withheld || reads_packets != (profile != nullptr)) return false;
  if (!can_be_announced(connection, server)) return false;
  const Gate gate = connection.gate();
  if (!gate.at_server(connection.peer.address, connection.hello, server).passed()) return false;
  if (profile == nullptr) return true;
  // A server whose players must have an account takes no others.
  if (!profile->authenticated && server.config.proxy_mode != config::ProxyMode::offline)
    return false;
  return gate.at_identity(profile->name, profile->uuid, profile->authenticated, server).passed();
}

bool can_be_announced(const Connection& connection, const Server& server) {
  if (server.config.limbo) return true;  // there is nobody to tell
  const auto mode = config::effective_forwarding(server.config, connection.global());
  if (is_told_in_handshake(mode)) return !connection.hello.is_legacy();
  const bool asks =
      mode == config::ForwardingMode::velocity && config::is_intercepted(server.config.proxy_mode);
  return !asks || connection.hello.version >= mc::v1_13;
}

ServerPtr next_fallback(const Connection& connection, const Profile* profile,
                        std::size_t& position) {
  const std::vector<std::string>& ids =
      config::effective_fallback(connection.server->config, connection.global());
  while (position < ids.size()) {
    const auto index = connection.world->index_of(ids[position++]);
    if (!index) continue;
    const ServerPtr& server = connection.world->servers[*index];
    if (may_stand_in(connection, *server, profile)) return server;
  }
  return nullptr;
}

}  // namespace drawbridge::core
