// The keys of a server file.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/inactive.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {
namespace {

constexpr Heading at_server{"Server files"};
constexpr Heading at_keeper{"Server files: `[server_manager]`"};

const Table& route_keys() {
  static const Table table = [] {
    Table keys = describe_table<ServerRoute>({
        key<&ServerRoute::match>("match", "Regular expression over the whole host name.", required,
                                 ours, now, a_regex()),
        key<&ServerRoute::address>(
            "address",
            "Where these hosts are served instead of `addresses`; may use the pattern's groups.",
            ours, now, Range{"`$1`, `${name}`, `$$`"}, DefaultText{"`addresses`"}),
        key<&ServerRoute::priority>("priority", "Lower ones are tried first.", ours, now),
    });
    keys.check = [](Reader& reader, const Node& node, void* object) {
      const auto& route = *static_cast<ServerRoute*>(object);
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

const Table& timeouts_keys() {
  static const Table table = describe_table<Timeouts>({
      key<&Timeouts::connect>("connect", "Longest time to connect to one address.", fresh, now,
                              more_than(seconds(0)), DefaultText{"`connect_timeout`"}),
      key<&Timeouts::read>("read", "Longest silence of a backend while an answer is awaited.",
                           fresh, now, more_than(seconds(0))),
      key<&Timeouts::write>("write", "Longest time that a write may stay blocked.", fresh, now,
                            more_than(seconds(0))),
  });
  return table;
}

const DefaultText by_type{"required for that type"};

bool set(const Node& node, std::string_view key) {
  return node.find(key) != nullptr;
}

void need(Reader& reader, const Node& node, std::string_view type,
          std::initializer_list<std::string_view> keys) {
  for (const std::string_view name : keys) {
    if (set(node, name)) continue;
    const Reader::Step step(reader, name);
    reader.error(node, fmt::format("is required for type \"{}\"", type));
  }
}

void check_keeper(Reader& reader, const Node& node, void* object) {
  if (node.find("type") == nullptr || !node.sound("type")) return;
  const auto& keeper = *static_cast<ServerManager*>(object);
  switch (keeper.type) {
    case KeeperType::local:
      need(reader, node, "local", {"command", "working_dir"});
      break;
    case KeeperType::pterodactyl:
      need(reader, node, "pterodactyl", {"api_url", "api_key", "server_id"});
      break;
    case KeeperType::crafty:
      need(reader, node, "crafty", {"api_url", "api_key", "server_id"});
      break;
    case KeeperType::kubernetes:
      need(reader, node, "kubernetes", {"object"});
      break;
    case KeeperType::webhook:
      need(reader, node, "webhook", {"start_url"});
      break;
    case KeeperType::docker:
      break;
  }
}

const Table& keeper_keys() {
  static const Table table = [] {
    Table keys = describe_table<ServerManager>({
        key<&ServerManager::type>("type", "What runs the server.", at_keeper, required, now,
                                  LaterValues{[](const void* value) {
                                    return is_active(*static_cast<const KeeperType*>(value));
                                  }}),
        key<&ServerManager::start_timeout>("start_timeout",
                                           "After this long a start counts as failed and those who "
                                           "wait are told. The server is not killed.",
                                           now, more_than(seconds(0))),
        key<&ServerManager::shutdown_after>("shutdown_after",
                                            "Stop the server when it was empty this long.", now,
                                            more_than(seconds(0)), DefaultText{"never"}),
        key<&ServerManager::poll_interval>("poll_interval",
                                           "Pause between looks at the server's state.", now,
                                           more_than(seconds(0))),
        key<&ServerManager::min_uptime>(
            "min_uptime", "A server that was started runs at least this long.", ours, now),
        key<&ServerManager::confirm_empty>(
            "confirm_empty",
            "Before an idle server is stopped, ask it for its status: it stays while that shows "
            "players (who came past the proxy).",
            ours, now),
        key<&ServerManager::shutdown_timeout>(
            "shutdown_timeout",
            "Time for a clean stop before it is forced (local, docker, kubernetes).", now,
            more_than(seconds(0))),
        key<&ServerManager::wakes_per_source>("wakes_per_source",
                                              "Starts an hour that one address may cause.", ours,
                                              now, at_least(1)),
        key<&ServerManager::wakes_per_server>("wakes_per_server", "Starts an hour of this server.",
                                              ours, now, at_least(1)),
        key<&ServerManager::command>("command", "Program to run, without a shell (local).", now,
                                     by_type, not_empty()),
        key<&ServerManager::working_dir>("working_dir", "Folder to run it in (local).", now,
                                         by_type),
        key<&ServerManager::args>("args", "Its arguments (local).", now),
        key<&ServerManager::environment>("environment",
                                         "Variables beside those of the proxy (local).", ours, now),
        key<&ServerManager::stop_command>(
            "stop_command",
            "Line on its standard input that stops it; empty = begin with SIGTERM (local).", ours,
            now),
        key<&ServerManager::log_file>("log_file", "Where its output goes (local).", ours, now,
                                      DefaultText{"`console.log` in `working_dir`"}),
        key<&ServerManager::log_size>(
            "log_size", "At this size the file is kept as `.1` and a new one begun (local).", ours,
            now, at_least(Size{4096})),
        key<&ServerManager::ready_pattern>(
            "ready_pattern", "Text in its output that hints at a finished start (local).", now),
        key<&ServerManager::on_proxy_exit>(
            "on_proxy_exit", "Whether the server ends together with the proxy (local).", ours, now),
        key<&ServerManager::api_url>("api_url", "Address of the panel.", now, by_type,
                                     a_url("http, https")),
        key<&ServerManager::api_key>(
            "api_key", "Key for the panel; `file:PATH` and `env:NAME` say where it is.", now,
            by_type, secret, not_empty()),
        key<&ServerManager::server_id>("server_id", "The server's id in the panel.", now, by_type,
                                       not_empty()),
        key<&ServerManager::ca_file>("ca_file", "Further CA certificates for panels and webhooks.",
                                     ours, now),
        key<&ServerManager::container>("container",
                                       "A container, or `compose:<project>/<service>` (docker).",
                                       ours, now, not_empty(), DefaultText{"own container"}),
        key<&ServerManager::idle_action>(
            "idle_action",
            "What is done to an idle server: `pause` keeps it in memory (docker, local).", ours,
            now),
        key<&ServerManager::kind>("kind", "What is scaled (kubernetes).", ours, later),
        key<&ServerManager::object>("object", "Its name (kubernetes).", ours, later, by_type,
                                    not_empty()),
        key<&ServerManager::kube_namespace>("namespace", "Its namespace (kubernetes).", ours, later,
                                            DefaultText{"own namespace"}),
        key<&ServerManager::start_url>("start_url", "Called with POST to start (webhook).", ours,
                                       now, by_type, a_url("http, https")),
        key<&ServerManager::stop_url>("stop_url", "Called with POST to stop (webhook).", ours, now,
                                      a_url("http, https")),
        key<&ServerManager::status_url>("status_url", "Asked with GET for the state (webhook).",
                                        ours, now, a_url("http, https")),
        key<&ServerManager::headers>("headers",
                                     "Headers of every call, values as for `api_key` (webhook).",
                                     ours, now, secret),
        key<&ServerManager::secret>("secret", "Signs every call, given as `api_key` (webhook).",
                                    ours, now, config::secret, not_empty()),
        key<&ServerManager::timeout>("timeout", "Longest duration of a call (webhook).", ours, now,
                                     more_than(seconds(0))),
        key<&ServerManager::wake_on>("wake_on", "What starts a stopped server.", ours, now),
        key<&ServerManager::wake_allow>(
            "wake_allow", "If not empty, only these players may start it.", ours, now, a_player()),
        key<&ServerManager::wake_deny>("wake_deny", "These players may not start it.", ours, now,
                                       a_player()),
        key<&ServerManager::verify_before_wake>(
            "verify_before_wake",
            "Ask the session server who a player is before starting anything.", ours, now),
        key<&ServerManager::while_starting>(
            "while_starting", "What happens to players meanwhile.", ours, now,
            DefaultText{"`limbo` with the `server_wake` handler, else `hold`"}),
        key<&ServerManager::hold_timeout>(
            "hold_timeout", "How long a login is kept open.", ours, now, more_than(seconds(0)),
            DefaultText{"`start_timeout`; `25s` for clients before 1.13"}),
        key<&ServerManager::transfer_to>("transfer_to", "Where `transfer` sends players to.", ours,
                                         now, dialled(),
                                         DefaultText{"host and port that they used"}),
    });
    keys.check = check_keeper;
    return keys;
  }();
  return table;
}

void check_addresses(Reader& reader, const Node& node, const ServerConfig& server) {
  const bool routed =
      !server.routes.empty() &&
      std::ranges::none_of(server.routes, [](const ServerRoute& r) { return r.address.empty(); });
  const Node* addresses = node.find("addresses");
  if (!node.sound("addresses") || !node.sound("routes") || !node.sound("limbo")) return;
  const Reader::Step step(reader, "addresses");
  if (addresses == nullptr && has_slip_for(server_keys(), node, "addresses")) return;
  if (server.addresses.empty() && !routed && !server.limbo) {
    reader.error(addresses != nullptr ? *addresses : node,
                 addresses != nullptr ? "needs at least one address"
                                      : "is required here: where does the server run?");
    return;
  }
  if (addresses == nullptr || server.balance != Balance::first_available || !node.sound("balance"))
    return;
  if (std::ranges::any_of(server.addresses, [](const BackendAddress& a) { return a.weight != 1; }))
    reader.hint(*addresses, "weights do nothing with balance \"first_available\"");
  else if (server.addresses.size() > 1)
    reader.hint(
        *addresses,
        "with balance \"first_available\" the first address gets everybody while it answers");
}

void check_mode(Reader& reader, const Node& node, const ServerConfig& server) {
  if (is_intercepted(server.proxy_mode) || !node.sound("proxy_mode")) return;
  for (const std::string_view name : {"network", "bungeecord_channel"}) {
    const Node* child = node.find(name);
    if (child == nullptr || (child->kind == Node::Kind::boolean && !child->boolean)) continue;
    const Reader::Step step(reader, name);
    reader.error_at_key(
        *child, fmt::format("needs proxy_mode \"client_only\" or \"offline\", and this is \"{}\"",
                            name_of(server.proxy_mode)));
  }
  if (const Node* handlers = node.find("limbo_handlers");
      handlers && !server.limbo_handlers.empty()) {
    const Reader::Step step(reader, "limbo_handlers");
    reader.warn_at_key(
        *handlers, fmt::format("is ignored with proxy_mode \"{}\"", name_of(server.proxy_mode)));
  }
}

void check_wake(Reader& reader, const Node& node, const ServerConfig& server) {
  if (!server.server_manager || !server.server_manager->verify_before_wake) return;
  if (!node.sound("proxy_mode") || !node.sound("server_manager")) return;
  const Node* at = node.find("server_manager");
  const Reader::Step step(reader, "server_manager.verify_before_wake");
  if (server.proxy_mode == ProxyMode::offline)
    reader.error(*at, "cannot be had with proxy_mode \"offline\": nobody is verified there");
  else if (!is_intercepted(server.proxy_mode) &&
           server.server_manager->while_starting == WhileStarting::hold)
    reader.error(*at,
                 fmt::format("cannot be had with while_starting \"hold\" and proxy_mode \"{}\"",
                             name_of(server.proxy_mode)));
}

// A limbo is ours from the log-in on, so its players are intercepted. Without a word on who checks
// them, nobody does.
void check_limbo(Reader& reader, const Node& node, ServerConfig& server) {
  if (!server.limbo || !node.sound("limbo") || !node.sound("proxy_mode")) return;
  const Node* mode = node.find("proxy_mode");
  if (mode == nullptr) server.proxy_mode = ProxyMode::offline;
  if (is_intercepted(server.proxy_mode)) return;
  const Reader::Step step(reader, "proxy_mode");
  reader.error(*mode, "with `limbo` must be \"offline\" or \"client_only\"");
}

void check_server(Reader& reader, const Node& node, void* object) {
  auto& server = *static_cast<ServerConfig*>(object);
  check_limbo(reader, node, server);
  check_addresses(reader, node, server);
  check_mode(reader, node, server);
  check_wake(reader, node, server);
  if (const Node* slow = node.find("slow_start");
      slow && server.balance == Balance::first_available) {
    const Reader::Step step(reader, "slow_start");
    reader.hint(*slow, "does nothing with balance \"first_available\"");
  }
  if (const Node* old = node.find("disconnect_message");
      old && server.kick_messages.contains(Kick::offline)) {
    const Reader::Step step(reader, "disconnect_message");
    reader.error_at_key(*old,
                        "is the old name of `kick_messages.offline`, which is set too; keep one");
  }
  if (server.reserved_slots > server.max_players && node.sound("reserved_slots")) {
    const Reader::Step step(reader, "reserved_slots");
    reader.error(*node.find("reserved_slots"),
                 fmt::format("is more than max_players ({})", server.max_players));
  }
  if (!node.sound("domains")) return;
  std::set<std::string_view> seen;
  for (const std::string& domain : server.domains)
    if (!seen.insert(domain).second) {
      const Reader::Step step(reader, "domains");
      reader.warn(*node.find("domains"), fmt::format("\"{}\" is listed twice", domain));
    }
}

}  // namespace

const Table& server_keys() {
  static const Table table = [] {
    Table keys = describe_table<ServerConfig>({
        key<&ServerConfig::name>("name", "What the server is called everywhere: its id.", at_server,
                                 now, an_id(), DefaultText{"file name"}),
        key<&ServerConfig::id>("id", "The same, when `name` is not set.", now, an_id(),
                               DefaultText{"file name"}),
        key<&ServerConfig::network>(
            "network", "Players switch between servers of one network only (intercepted modes).",
            now, an_id()),
        key<&ServerConfig::domains>("domains", "Host names that lead here.", now, a_domain()),
        key<&ServerConfig::addresses>(
            "addresses",
            "Where the server runs. May be left out when every entry of `routes` has an address.",
            now,
            ValueRule<BackendAddress>{
                "weight 0..65535, 1 if not given",
                [](const BackendAddress& backend) { return dialled().apply(backend.address); }},
            DefaultText{"required"}),
        config::table<&ServerConfig::routes>("routes", route_keys(),
                                             "Patterns over host names that lead here.", ours, now),
        key<&ServerConfig::balance>("balance", "The order in which healthy addresses are tried.",
                                    now),
        key<&ServerConfig::slow_start>(
            "slow_start", "An address that works again gets its full share after this long.", now,
            more_than(seconds(0))),
        key<&ServerConfig::slow_start_aggression>(
            "slow_start_aggression", "1 is an even ramp, more is steeper at the start.", now,
            more_than(0.0)),
        config::table<&ServerConfig::active_health>("active_health", active_health_keys(),
                                                    "Replaces the whole table of the global file.",
                                                    now),
        key<&ServerConfig::proxy_mode>(
            "proxy_mode", "How players are connected: bytes are moved, or packets are read.", fresh,
            now),
        key<&ServerConfig::forwarding_mode>("forwarding_mode",
                                            "How the backend learns who the player is.", fresh, now,
                                            DefaultText{"`forwarding.mode`"}),
        key<&ServerConfig::send_proxy_protocol>(
            "send_proxy_protocol",
            "Begin every connection to the backend with a PROXY header; `true` is version 2, "
            "`\"v2_crc32c\"` adds a checksum.",
            fresh, now),
        key<&ServerConfig::domain_rewrite>(
            "domain_rewrite", "Which host name the backend reads in the handshake.", fresh, now),
        key<&ServerConfig::max_players>(
            "max_players", "More than this many are refused with `full`; 0 = no limit.", now),
        key<&ServerConfig::reserved_slots>(
            "reserved_slots", "Of `max_players`, places for `reserved_for` only.", ours, now),
        key<&ServerConfig::reserved_for>(
            "reserved_for",
            "Names and UUIDs. A UUID matches verified players only (`client_only`).", ours, now,
            a_player()),
        key<&ServerConfig::allow>(
            "allow",
            "Names and UUIDs that may join; empty = everybody. A UUID matches verified players "
            "only (`client_only`).",
            ours, now, a_player()),
        key<&ServerConfig::maintenance>(
            "maintenance", "Players are refused, and pings read `motd.maintenance`.", ours, now),
        key<&ServerConfig::maintenance_allow>("maintenance_allow",
                                              "Names and UUIDs that may join all the same.", ours,
                                              now, a_player()),
        key<&ServerConfig::fallback>("fallback",
                                     "Servers to try in order when this one cannot be reached.",
                                     ours, now, an_id(), DefaultText{"global `fallback`"}),
        key<&ServerConfig::fallback_on_kick>(
            "fallback_on_kick", "Words in its kicks for which players go to a fallback.", ours, now,
            not_empty(), DefaultText{"global `fallback_on_kick`"}),
        key<&ServerConfig::disconnect_message>(
            "disconnect_message", "Words for a player whom no backend can take.", now,
            DefaultText{"`Server is currently unreachable. Please try again later.`"}),
        key<&ServerConfig::kick_messages>("kick_messages", "Words for refusals at this server.",
                                          ours, now, DefaultText{"global `kick_messages`"}),
        key<&ServerConfig::limbo_handlers>(
            "limbo_handlers", "Stations before the server, in order (intercepted modes).", fresh,
            now, LaterValues{[](const void* value) {
              return std::ranges::all_of(*static_cast<const std::vector<std::string>*>(value),
                                         [](const std::string& name) {
                                           return name == "server_wake" || name == "reconnect";
                                         });
            }}),
        key<&ServerConfig::bungeecord_channel>(
            "bungeecord_channel", "Let the backend use the BungeeCord channel (intercepted modes).",
            fresh, now),
        key<&ServerConfig::limbo>(
            "limbo",
            "This server is an empty world of the proxy's own; it needs no addresses. "
            "`proxy_mode` is then `offline`, if it is not set.",
            ours, now),
        config::table<&ServerConfig::motd>("motd", motd_keys(), "Status answers by state.", now),
        config::table<&ServerConfig::timeouts>("timeouts", timeouts_keys(), "", now),
        config::table<&ServerConfig::ip_filter>(
            "ip_filter", ip_filter_keys(), "Filters of this server, beside the global ones.", now),
        config::table<&ServerConfig::server_manager>("server_manager", keeper_keys(),
                                                     "What starts and stops the server.", now),
    });
    keys.check = check_server;
    return keys;
  }();
  return table;
}

}  // namespace drawbridge::config
