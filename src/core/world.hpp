// The world: everything configured, as one immutable snapshot. The control thread builds a new one
// for every change and posts it to the workers; whoever is setting a connection up keeps the one
// that it began with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip.hpp"
#include "config/global.hpp"
#include "core/gate/rules.hpp"
#include "core/pattern_routes.hpp"
#include "core/routes.hpp"
#include "core/server.hpp"

namespace drawbridge::core {

// A listener's rules, ready to ask.
struct ListenerRules {
  config::EffectiveListener config;
  std::string bind_text;  // config.bind.text(): asked for twice by each connection
  CidrSet trusted;
  std::optional<std::uint32_t> default_server;  // index into World::servers
  std::shared_ptr<ServerState> places;          // connections that came in here

  // Whether the PROXY header of this source will say who the player is.
  [[nodiscard]] bool expects_header_of(const IpAddress& source) const {
    return config.receive_proxy_protocol != config::ReceiveProxy::off && trusts(source);
  }
  [[nodiscard]] bool trusts(const IpAddress& source) const {
    return config.trust_everybody || trusted.contains(source);
  }
};

struct World {
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::uint64_t generation = 0;
  std::shared_ptr<const config::GlobalConfig> global;
  std::string forwarding_secret;  // empty: nobody needs it, or servers that do are withheld
  PreparedMotds default_motds;
  std::vector<ServerPtr> servers;  // sorted by id
  ServerPtr lobby;                 // built in, not among `servers`
  RouteTable routes;               // hands out indices into `servers`
  // Regular expressions, and the server of each (nothing: there is none of that id).
  std::shared_ptr<const PatternRoutes> patterns;
  std::vector<std::optional<std::uint32_t>> pattern_servers;
  std::vector<ListenerRules> listeners;
  GateRules gate;

  // The whole look-up: names, patterns, expressions, defaults. `host` as RouteTable::find has it.
  struct Found {
    ServerPtr server;  // null: nothing matches
    std::shared_ptr<const RoutedAddress> routed;
  };
  [[nodiscard]] Found route(std::string_view host,
                            std::optional<std::uint32_t> listener_default) const;
  // The same told in words; slow. `routed`: what an expression that decides makes of it.
  [[nodiscard]] RouteExplanation explain(std::string_view host,
                                         std::optional<std::uint32_t> listener_default,
                                         std::shared_ptr<const RoutedAddress>* routed) const;
  // Where the host is led by an expression.
  struct PatternHit {
    std::uint32_t server = 0;
    PatternMatch match;
  };
  [[nodiscard]] std::optional<PatternHit> find_pattern(std::string_view host) const;

  // The built-in lobby, for those whom the whole look-up leads nowhere: while there is no server at
  // all (and strangers are not simply dropped), or where the default server in force is called
  // "lobby" and nobody has described one. Null: not for this listener. So a stray host never ends
  // there once there are servers.
  [[nodiscard]] ServerPtr lobby_for(std::string_view listener_bind) const;

  [[nodiscard]] const Server* find(std::string_view id) const;
  [[nodiscard]] std::optional<std::uint32_t> index_of(std::string_view id) const;
  // By the listener's bind text. Never null for a listener that was opened from this world; a
  // listener that a later world no longer has finds null.
  [[nodiscard]] const ListenerRules* listener(std::string_view bind_text) const;

  // Worlds that exist in this process: a reload must not pile them up.
  static std::size_t alive();
};
using WorldPtr = std::shared_ptr<const World>;

// The expressions of all of these in the order in which they are tried.
std::vector<PatternClaim> pattern_claims(const config::GlobalConfig& global,
                                         const std::vector<ServerPtr>& servers);

struct GateMemory;

// What a world has beside configuration and servers.
struct WorldExtras {
  std::uint64_t generation = 0;
  CountryTablePtr countries = {};      // null: none
  std::string forwarding_secret = {};  // empty: none is needed, or it cannot be used
  // The compiled expressions of an earlier world (may be null), used again if they are the same.
  std::shared_ptr<const PatternRoutes> before = {};
};

// Builds the world of these parts. `servers` must be sorted by id, ids unique;
// `default_motds` are those of `global`.
WorldPtr make_world(std::shared_ptr<const config::GlobalConfig> global,
                    std::vector<ServerPtr> servers, PreparedMotds default_motds, GateMemory& memory,
                    WorldExtras extras);

// Domains that two servers claim, and those that cannot be used: one line each, for the log and for
// `check`.
std::vector<std::string> conflicts_of(const World& world);

}  // namespace drawbridge::core
