#include "core/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace drawbridge::core {

namespace {

std::atomic<std::size_t> worlds_alive = 0;

std::string_view id_of(const ServerPtr& server) {
  return server->config.id;
}

RouteTable make_routes(const World& world) {
  std::vector<RouteClaim> claims;
  for (std::uint32_t i = 0; i < world.servers.size(); ++i) {
    const Server& server = *world.servers[i];
    for (const std::string& domain : server.config.domains)
      claims.push_back({.domain = domain,
                        .server = i,
                        .provider_rank = static_cast<int>(server.provider),
                        .server_id = server.id()});
  }
  std::optional<std::uint32_t> fallback;
  if (world.global->default_server) fallback = world.index_of(*world.global->default_server);
  return RouteTable(claims, fallback);
}

}  // namespace

World::World() {
  worlds_alive.fetch_add(1, std::memory_order_relaxed);
}
World::~World() {
  worlds_alive.fetch_sub(1, std::memory_order_relaxed);
}
std::size_t World::alive() {
  return worlds_alive.load(std::memory_order_relaxed);
}

std::optional<std::uint32_t> World::index_of(std::string_view id) const {
  const auto at = std::ranges::lower_bound(servers, id, {}, id_of);
  if (at == servers.end() || id_of(*at) != id) return std::nullopt;
  return static_cast<std::uint32_t>(at - servers.begin());
}

const Server* World::find(std::string_view id) const {
  const auto index = index_of(id);
  return index ? servers[*index].get() : nullptr;
}

const ListenerRules* World::listener(std::string_view bind_text) const {
  const auto at = std::ranges::find(listeners, bind_text, &ListenerRules::bind_text);
  return at == listeners.end() ? nullptr : &*at;
}

WorldPtr make_world(std::shared_ptr<const config::GlobalConfig> global,
                    std::vector<ServerPtr> servers, PreparedMotds default_motds,
                    std::uint64_t generation, std::string forwarding_secret) {
  auto world = std::make_shared<World>();
  world->generation = generation;
  world->forwarding_secret = std::move(forwarding_secret);
  world->global = std::move(global);
  world->servers = std::move(servers);
  world->default_motds = std::move(default_motds);
  world->routes = make_routes(*world);
  for (const config::EffectiveListener& listener : config::effective_listeners(*world->global)) {
    ListenerRules rules{.config = listener,
                        .bind_text = listener.bind.text(),
                        .trusted = CidrSet(listener.trusted_proxies),
                        .default_server = {}};
    if (listener.default_server) rules.default_server = world->index_of(*listener.default_server);
    world->listeners.push_back(std::move(rules));
  }
  return world;
}

std::vector<std::string> conflicts_of(const World& world) {
  std::vector<std::string> lines;
  for (const RouteConflict& conflict : world.routes.conflicts())
    lines.push_back(fmt::format("domain {} is claimed by {} and {}; {} has it", conflict.domain,
                                conflict.winner, fmt::join(conflict.losers, ", "),
                                conflict.winner));
  for (const RouteRejection& rejection : world.routes.rejections())
    lines.push_back(fmt::format("domain {} of {} is not used: {}", rejection.domain,
                                rejection.server_id, rejection.reason));
  return lines;
}

}  // namespace drawbridge::core
