// The keys of the global file.
#include <fmt/format.h>

#include <algorithm>

#include "config/grammar.hpp"
#include "config/keys_parts.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {
namespace {

const Table& listener_keys() {
  static const Table table = describe_table<Listener>({
      key<&Listener::bind>("bind", "Where to listen.", live, ours, required, now, listening()),
      key<&Listener::receive_proxy_protocol>("receive_proxy_protocol",
                                             "As the key of that name, for this socket.", fresh,
                                             ours, now, DefaultText{"`receive_proxy_protocol`"}),
      key<&Listener::trusted_proxies>(
          "trusted_proxies", "Who may send a PROXY header here; on a Unix socket everybody.", fresh,
          ours, now, DefaultText{"`trusted_proxies`"}),
      key<&Listener::default_server>("default_server",
                                     "Server for hosts that nothing else matches here.", fresh,
                                     ours, now, an_id(), DefaultText{"`default_server`"}),
      key<&Listener::name>("name", "What logs, metrics and the API call it.", live, ours, now,
                           DefaultText{"the bind text"}),
      key<&Listener::mode>(
          "mode", "Rights of a Unix socket. A left-over socket is replaced, another file is not.",
          live, ours, now, octal_rights()),
      key<&Listener::max_connections>("max_connections",
                                      "Connections that came in here; one more is closed. 0 = no "
                                      "limit.",
                                      live, ours, now),
  });
  return table;
}

const Table& keepalive_keys() {
  static const Table table = describe_table<Keepalive>({
      key<&Keepalive::time>("time", "Silence after which TCP asks whether the other side is there.",
                            fresh, now, more_than(seconds(0))),
      key<&Keepalive::interval>("interval", "Pause between questions.", fresh, now,
                                more_than(seconds(0))),
      key<&Keepalive::retries>("retries",
                               "Questions without an answer, then the connection is over.", fresh,
                               now, at_least(1)),
  });
  return table;
}

const Table& limits_keys() {
  static const Table table = describe_table<Limits>({
      key<&Limits::setup_timeout>(
          "setup_timeout", "From accepting a connection to the end of its login start or status.",
          fresh, ours, now, within(seconds(1), seconds(60))),
      key<&Limits::login_timeout>("login_timeout",
                                  "From login start to login success (intercepted modes).", fresh,
                                  ours, now, within(seconds(5), seconds(120))),
      key<&Limits::stranger_memory>(
          "stranger_memory", "Memory for all who have not logged in yet; the oldest go first.",
          live, ours, now, at_least(Size{1} << 20)),
      key<&Limits::connections_per_source>(
          "connections_per_source",
          "Open connections of one source, players included; one more is closed. 0 = no limit.",
          live, ours, now),
      key<&Limits::pre_login_per_source>(
          "pre_login_per_source",
          "Connections of one source whose first packets are read at the same time; further ones "
          "wait until `setup_timeout`. 0 = no limit.",
          live, ours, now),
      key<&Limits::max_inflated>("max_inflated", "Largest packet after inflating.", fresh, ours,
                                 now, within(Size{1} << 20, Size{64} << 20)),
      key<&Limits::inflated_per_second>(
          "inflated_per_second",
          "Inflated bytes that one client may cause, as a 7 s average; 0 = off.", fresh, ours, now),
      key<&Limits::packets_per_second>(
          "packets_per_second", "Packets that one client may send, as a 7 s average; 0 = off.",
          fresh, ours, now),
  });
  return table;
}

const Table& control_keys() {
  static const Table table = describe_table<ControlSocket>({
      key<&ControlSocket::socket>("socket", "Where commands find the running proxy.", restart, ours,
                                  now,
                                  DefaultText{"`$RUNTIME_DIRECTORY/drawbridge.sock`, else "
                                              "`./drawbridge.sock`"}),
  });
  return table;
}

const Table& shutdown_keys() {
  static const Table table = describe_table<Shutdown>({
      key<&Shutdown::drain>("drain", "Time for players to leave before connections are closed.",
                            live, ours, now, within(seconds(0), minutes(10))),
  });
  return table;
}

const Table& route_keys() {
  static const Table table = [] {
    Table keys = describe_table<GlobalRoute>({
        key<&GlobalRoute::match>("match", "Regular expression over the whole host name.", live,
                                 ours, required, now, a_regex()),
        key<&GlobalRoute::server>("server", "Where matching hosts are led to.", live, ours,
                                  required, now, an_id()),
        key<&GlobalRoute::address>(
            "address", "Replaces the server's addresses; may use the pattern's groups.", live, ours,
            now, Range{"`$1`, `${name}`, `$$`"}, DefaultText{"the server's own"}),
        key<&GlobalRoute::resolve_allow>(
            "resolve_allow", "Networks that a name made from groups may resolve to.", live, ours,
            now, DefaultText{"all but loopback, link-local, multicast"}),
    });
    keys.check = [](Reader& reader, const Node& node, void* object) {
      const auto& route = *static_cast<GlobalRoute*>(object);
      const Node* address = node.find("address");
      if (address == nullptr || address->bad || !node.sound("match")) return;
      const Reader::Step step(reader, "address");
      if (const auto good = check_address_template(route.address, route.match); !good)
        reader.error(*address, good.error().what);
    };
    return keys;
  }();
  return table;
}

const Table& status_cache_keys() {
  static const Table table = describe_table<StatusCache>({
      key<&StatusCache::ttl>("ttl", "How long a status answer is fresh; `\"0s\"` = no cache.", live,
                             now),
      key<&StatusCache::max_entries>("max_entries", "Answers that are kept; the oldest goes first.",
                                     live, now, at_least(1)),
      key<&StatusCache::negative_ttl>("negative_ttl",
                                      "A backend that failed is not asked again within it.", live,
                                      ours, now, within(seconds(0), seconds(60))),
      key<&StatusCache::stale_while_error>(
          "stale_while_error",
          "While a backend fails, show its last icon and version; a duration limits their age.",
          live, ours, now),
  });
  return table;
}

void warn_of_default_trust(Reader& reader, const Node& node) {
  std::string list;
  for (const Cidr& cidr : private_networks())
    list += fmt::format("{}{}", list.empty() ? "" : ", ", cidr.text());
  reader.warn(node,
              fmt::format("`trusted_proxies` is not set; headers are believed from {}", list));
}

void check_proxy_of_listeners(Reader& reader, const Node& node, const GlobalConfig& global,
                              bool trust_is_named) {
  const Node* listeners = node.find("listener");
  if (!node.sound("listener")) return;
  for (std::size_t i = 0; listeners != nullptr && i < global.listener.size(); ++i) {
    const Listener& listener = global.listener[i];
    const Node& at = listeners->children[i];
    const bool trusts_by_default =
        !trust_is_named && !listener.trusted_proxies && !listener.bind.is_unix();
    const Reader::Step step(reader, fmt::format("listener[{}].trusted_proxies", i));
    if (listener.trusted_proxies && listener.trusted_proxies->empty())
      reader.error(at, "must not be empty");
    if (!trusts_by_default) continue;
    if (listener.receive_proxy_protocol == ReceiveProxy::optional)
      reader.error(at, "is required with receive_proxy_protocol = \"optional\"");
    else if (listener.receive_proxy_protocol == ReceiveProxy::required)
      warn_of_default_trust(reader, at);
  }
}

void check_proxy_protocol(Reader& reader, const Node& node, const GlobalConfig& global) {
  const bool named = node.find("trusted_proxies") || node.find("trusted_proxies_file");
  const Node* key = node.find("receive_proxy_protocol");
  if (key != nullptr && !named) {
    const Reader::Step step(reader, "receive_proxy_protocol");
    if (global.receive_proxy_protocol == ReceiveProxy::optional) {
      reader.error(*key, "\"optional\" needs `trusted_proxies`: who is it that sends the header?");
    } else if (global.receive_proxy_protocol == ReceiveProxy::required) {
      warn_of_default_trust(reader, *key);
    }
  }
  const Node* list = node.find("trusted_proxies");
  if (list != nullptr && !list->bad && global.trusted_proxies.empty()) {
    const Reader::Step step(reader, "trusted_proxies");
    reader.error(*list, "must not be empty");
  }
  check_proxy_of_listeners(reader, node, global, named);
}

// Whether the kernel refuses a second listening socket because of the first: 0.0.0.0 has the port
// of every IPv4 address, and [::] that of every address.
bool overlap(const Address& a, const Address& b) {
  if (a.is_unix() || b.is_unix() || !a.ip || !b.ip || a.port != b.port || a.port == 0) return false;
  const auto covers = [](const IpAddress& wide, const IpAddress& other) {
    return wide == IpAddress::v6({}) || (wide == IpAddress() && other.is_v4());
  };
  return a != b && (covers(*a.ip, *b.ip) || covers(*b.ip, *a.ip));
}

void check_listeners(Reader& reader, const Node& node, const GlobalConfig& global) {
  const Node* listeners = node.find("listener");
  if (listeners == nullptr || !node.sound("listener")) return;
  for (std::size_t i = 0; i < global.listener.size(); ++i) {
    const Address& bind = global.listener[i].bind;
    const Reader::Step step(reader, fmt::format("listener[{}].bind", i));
    const auto compare = [&](const Address& other, std::string_view key) {
      // With so_reuseport the kernel takes both; the narrower address gets its connections.
      if (!overlap(bind, other) || global.so_reuseport) return;
      reader.error(listeners->children[i],
                   fmt::format("{} and {} (`{}`) overlap: one of them has the port of the other's "
                               "address too; keep the wider one, or give them different ports",
                               bind.text(), other.text(), key));
    };
    if (global.bind) compare(*global.bind, "bind");
    for (std::size_t j = 0; j < i; ++j) {
      const Address& other = global.listener[j].bind;
      if (bind == other && (bind.is_unix() || bind.port != 0))
        reader.error(listeners->children[i], fmt::format("{} is listed twice", bind.text()));
      compare(other, fmt::format("listener[{}].bind", j));
    }
  }
}

void check_wasm(Reader& reader, const Node& node, const GlobalConfig& global) {
  const Node* wasm = node.find("wasm");
  if (wasm == nullptr || wasm->bad) return;
  const Reader::Step step(reader, "wasm");
  if (global.wasm.limits.cpu_budget > global.wasm.limits.max_call_duration)
    reader.hint(*wasm, "`cpu_budget` is more than `max_call_duration`, which ends a call first");
  for (const auto& [name, value] : {std::pair{"cpu_budget", global.wasm.limits.cpu_budget},
                                    {"codec_cpu_budget", global.wasm.limits.codec_cpu_budget}})
    if (value < global.wasm.epoch_tick)
      reader.error(*wasm, fmt::format("`{}` is less than one `epoch_tick`", name));
}

void check_global(Reader& reader, const Node& node, void* object) {
  const auto& global = *static_cast<GlobalConfig*>(object);
  check_proxy_protocol(reader, node, global);
  check_listeners(reader, node, global);
  check_wasm(reader, node, global);
}

constexpr Heading at_process{"Process and listeners"};
constexpr Heading at_routes{"Routes, status, messages"};
constexpr Heading at_gate{"The gate"};
constexpr Heading at_backends{"Towards the backends"};
constexpr Heading at_providers{"Providers and cluster"};
constexpr Heading at_operators{"Operators"};
constexpr Heading at_plugins{"Plugins"};

using G = GlobalConfig;

}  // namespace

const Table& global_keys() {
  static const Table table = [] {
    Table keys = describe_table<GlobalConfig>({
        key<&G::bind>("bind", "A listener in short form. `[::]` is dual stack.", at_process, live,
                      now, listening(),
                      DefaultText{"`0.0.0.0:25565`, unless there are `[[listener]]` tables"}),
        config::table<&G::listener>("listener", listener_keys(), "Further listening sockets.", live,
                                    ours, now),
        key<&G::receive_proxy_protocol>(
            "receive_proxy_protocol",
            "`true`: every connection must come from a trusted proxy and begin with a PROXY "
            "header. `\"optional\"`: trusted proxies must send one, all others are direct "
            "clients.",
            fresh, now),
        key<&G::trusted_proxies>(
            "trusted_proxies", "PROXY headers are believed from these sources only.", fresh, ours,
            now, Range{"not empty"}, DefaultText{"loopback, private, link-local"}),
        key<&G::trusted_proxies_file>("trusted_proxies_file", "Further sources, one a line.", fresh,
                                      ours, now),
        key<&G::max_connections>(
            "max_connections",
            "Connections of the whole process; one more gets `proxy_full`. 0 = no limit.", live,
            now),
        key<&G::worker_threads>("worker_threads", "Threads that move bytes; 0 = one for each core.",
                                restart, now, within(0, 1024)),
        key<&G::so_reuseport>("so_reuseport", "Several processes may listen on one port (Linux).",
                              restart, now),
        config::table<&G::keepalive>("keepalive", keepalive_keys(), "", now),
        key<&G::tcp_congestion>(
            "tcp_congestion",
            "Congestion control of player sockets; one that the kernel lacks is a warning.", fresh,
            ours, now, Range{"a name of the kernel's list"}),
        key<&G::coalesce>(
            "coalesce",
            "Gather packets for up to this long before sending them on. `auto`: at most 1 ms and "
            "only under load.",
            live, ours, now, Range{"50us..5ms"}),
        config::table<&G::limits>("limits", limits_keys(), "", ours, now),
        config::table<&G::control>("control", control_keys(), "", ours, now),
        key<&G::protect>(
            "protect",
            "`public` sets limits for a proxy on the open internet, unless they are set by hand.",
            live, ours, now),
        key<&G::servers_dir>("servers_dir",
                             "Folder with one file for each server; may appear later.", live, now),
        key<&G::plugins_dir>("plugins_dir", "Folder with plugins and their data.", restart, later),
        config::table<&G::shutdown>("shutdown", shutdown_keys(), "", ours, now),

        key<&G::unknown_domain_behavior>(
            "unknown_domain_behavior",
            "Answer players of unknown hosts with a MOTD and a kick, or just close.", at_routes,
            live, now),
        key<&G::default_server>("default_server", "Server for hosts that nothing else matches.",
                                live, ours, now, an_id()),
        config::table<&G::route>("route", route_keys(),
                                 "Patterns over host names, tried in file order.", live, ours, now),
        config::table<&G::status_cache>("status_cache", status_cache_keys(), "", now),
        config::table<&G::default_motd>(
            "default_motd", default_motd_keys(),
            "`online` answers for unknown hosts, `unreachable` is the last resort of every server.",
            live, now),
        key<&G::kick_messages>("kick_messages", "Words for refusals.", live, ours, now,
                               DefaultText{"built in"}),
        key<&G::announce_proxy_commands>("announce_proxy_commands",
                                         "Show the proxy's commands in the client's completion.",
                                         live, later),

        config::table<&G::ip_filter>("ip_filter", ip_filter_keys(), "", at_gate, now),
        config::table<&G::geoip>("geoip", geoip_keys(), "", ours, now),
        config::table<&G::rate_limit>("rate_limit", rate_limit_keys(), "", now),
        config::table<&G::ban>("ban", ban_keys(), "", now),
        config::table<&G::permissions>("permissions", permissions_keys(), "", now),
        config::table<&G::auth>("auth", auth_keys(), "", now),
        key<&G::accept_transfers>(
            "accept_transfers", "Let players in who come by a transfer packet (intercepted modes).",
            fresh, ours, now),

        key<&G::connect_timeout>("connect_timeout", "Longest time to connect to one address.",
                                 at_backends, live, now, more_than(seconds(0))),
        key<&G::connect_max_attempts>("connect_max_attempts",
                                      "Addresses that are tried for one connection; 0 = all.", live,
                                      now),
        config::table<&G::active_health>("active_health", active_health_keys(), "", now),
        key<&G::drain_file>("drain_file",
                            "Addresses that get no new players, one a line: `SERVER ADDRESS`. "
                            "Watched; edits are live.",
                            restart, ours, now),
        key<&G::state_dir>("state_dir",
                           "What is kept about sleeping servers over restarts: how long they take "
                           "to start, and the processes that go on without the proxy.",
                           restart, ours, now, DefaultText{"`$STATE_DIRECTORY`, else `./state`"}),
        config::table<&G::forwarding>("forwarding", forwarding_keys(), "", now),
        key<&G::fallback>("fallback", "Servers to try for those without a list of their own.", live,
                          ours, now, an_id()),
        key<&G::fallback_on_kick>(
            "fallback_on_kick",
            "Words in a kick, in any case, for which a player goes to a fallback in place of being "
            "kicked; `*` stands for anything.",
            live, ours, now, not_empty()),
        config::table<&G::limbo>("limbo", limbo_keys(), "", ours, now),
        config::table<&G::plugin_messaging>("plugin_messaging", plugin_messaging_keys(), "", now),

        config::table<&G::docker>("docker", docker_keys(), "Servers from container labels.",
                                  at_providers, live, now, DefaultText{"off"}),
        config::table<&G::kubernetes>("kubernetes", kubernetes_keys(),
                                      "Servers from annotated services.", live, ours, later,
                                      DefaultText{"off"}),
        config::table<&G::http_discovery>("http_discovery", http_discovery_keys(),
                                          "Servers from a URL.", live, ours, now,
                                          DefaultText{"off"}),
        config::table<&G::cluster>("cluster", cluster_keys(), "Several proxies that share state.",
                                   restart, ours, later, DefaultText{"off"}),

        config::table<&G::web>("web", web_keys(), "The admin API and the dashboard.", at_operators,
                               live, later, DefaultText{"off"}),
        config::table<&G::metrics>("metrics", metrics_keys(), "Prometheus metrics.", live, ours,
                                   later, DefaultText{"off"}),
        config::table<&G::telemetry>("telemetry", telemetry_keys(), "OpenTelemetry export.", live,
                                     later, DefaultText{"off"}),

        config::table<&G::events>("events", events_keys(), "", at_plugins, later),
        config::table<&G::wasm>("wasm", wasm_keys(), "", later),
        config::table<&G::plugins>("plugins", plugin_keys(), "What one plugin may do, by its id.",
                                   live, later, Prepare{inherit_wasm}),
    });
    keys.check = check_global;
    return keys;
  }();
  return table;
}

}  // namespace drawbridge::config
