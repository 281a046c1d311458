#include "core/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>

#include "core/limbo/lobby.hpp"
#include "core/reach.hpp"
#include "core/services.hpp"

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

std::optional<World::PatternHit> World::find_pattern(std::string_view host) const {
  if (host.empty() || host.size() > max_host_length) return std::nullopt;
  for (const std::size_t claim : patterns->matching(host)) {
    if (!pattern_servers[claim]) continue;
    auto filled = patterns->fill(claim, host);
    if (filled) return PatternHit{*pattern_servers[claim], std::move(*filled)};
  }
  return std::nullopt;
}

ServerPtr World::lobby_for(std::string_view listener_bind) const {
  const bool drops = global->unknown_domain_behavior == config::UnknownDomain::drop;
  if (servers.empty() && !drops) return lobby;
  const ListenerRules* rules = listener(listener_bind);
  const auto& wanted = rules != nullptr && rules->config.default_server
                           ? rules->config.default_server
                           : global->default_server;
  return wanted == lobby->id() && !index_of(lobby->id()) ? lobby : nullptr;
}

World::Found World::route(std::string_view host,
                          std::optional<std::uint32_t> listener_default) const {
  const std::optional<Match> domain = routes.find_domain(host);
  if (domain) return {servers[domain->server], nullptr};
  if (auto hit = find_pattern(host)) return {servers[hit->server], std::move(hit->match.routed)};
  const std::optional<Match> otherwise = routes.find_default(listener_default);
  if (otherwise) return {servers[otherwise->server], nullptr};
  return {};
}

RouteExplanation World::explain(std::string_view host,
                                std::optional<std::uint32_t> listener_default,
                                std::shared_ptr<const RoutedAddress>* routed) const {
  std::optional<RouteTable::RouteAnswer> answer;
  if (!patterns->claims().empty()) {
    answer.emplace();
    answer->text = fmt::format("none of {} matches", patterns->claims().size());
    const bool is_host = !host.empty() && host.size() <= max_host_length;
    for (const std::size_t claim :
         is_host ? patterns->matching(host) : std::vector<std::size_t>{}) {
      const PatternClaim& one = patterns->claims()[claim];
      const auto filled = patterns->fill(claim, host);
      if (!pattern_servers[claim]) {
        answer->text =
            fmt::format("{} matches, but there is no server {}", one.origin, one.server_id);
      } else if (!filled) {
        answer->text = fmt::format("{} matches, but {}", one.origin, filled.error().what);
      } else {
        answer->match = Match{*pattern_servers[claim], MatchKind::route, one.match};
        *routed = filled->routed;
        break;
      }
    }
  }
  RouteExplanation out = routes.explain(
      host, listener_default, [this](std::uint32_t i) { return servers[i]->id(); }, answer);
  if (!out.match || out.match->kind != MatchKind::route) routed->reset();
  return out;
}

std::vector<PatternClaim> pattern_claims(const config::GlobalConfig& global,
                                         const std::vector<ServerPtr>& servers) {
  std::vector<PatternClaim> claims;
  for (const config::GlobalRoute& route : global.route)
    claims.push_back({.origin = fmt::format("route {}", claims.size() + 1),
                      .match = route.match,
                      .server_id = route.server,
                      .address = route.address,
                      .resolve_allow = route.resolve_allow});
  // Servers come by id and their routes by position, which a stable order keeps.
  std::map<int, std::vector<PatternClaim>> by_priority;
  for (const ServerPtr& server : servers) {
    std::size_t number = 0;
    for (const config::ServerRoute& route : server->config.routes)
      by_priority[route.priority].push_back(
          {.origin = fmt::format("{}, route {}", server->id(), ++number),
           .match = route.match,
           .server_id = server->id(),
           .address = route.address,
           .resolve_allow = {}});
  }
  for (auto& [priority, list] : by_priority) std::ranges::move(list, std::back_inserter(claims));
  return claims;
}

WorldPtr make_world(std::shared_ptr<const config::GlobalConfig> global,
                    std::vector<ServerPtr> servers, PreparedMotds default_motds, GateMemory& memory,
                    WorldExtras extras) {
  auto world = std::make_shared<World>();
  world->generation = extras.generation;
  world->forwarding_secret = std::move(extras.forwarding_secret);
  world->global = std::move(global);
  world->servers = std::move(servers);
  world->default_motds = std::move(default_motds);
  world->lobby = make_lobby();
  world->routes = make_routes(*world);
  std::vector<PatternClaim> claims = pattern_claims(*world->global, world->servers);
  if (extras.before && extras.before->claims() == claims)
    world->patterns = std::move(extras.before);
  else
    world->patterns = std::make_shared<const PatternRoutes>(std::move(claims));
  for (const PatternClaim& claim : world->patterns->claims())
    world->pattern_servers.push_back(world->index_of(claim.server_id));
  world->gate = make_gate_rules(*world->global, memory.rates, std::move(extras.countries));
  for (const config::EffectiveListener& listener : config::effective_listeners(*world->global)) {
    ListenerRules rules{.config = listener,
                        .bind_text = listener.bind.text(),
                        .trusted = CidrSet(listener.trusted_proxies),
                        .default_server = {},
                        .places = memory.listeners.of(listener.bind.text())};
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
  for (const std::string& rejection : world.patterns->rejections())
    lines.push_back(fmt::format("{}; it is not used", rejection));
  return lines;
}

}  // namespace drawbridge::core
