// One server file as plain values; see global.hpp for how the members relate to the keys.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/global.hpp"
#include "config/types.hpp"

namespace drawbridge::config {

struct BackendAddress {
  Address address;
  std::uint16_t weight = 1;  // 0: only when nothing else is left

  bool operator==(const BackendAddress&) const = default;
};

struct ServerRoute {
  std::string match;
  std::string address;  // empty: the server's `addresses`
  int priority = 100;   // lower first

  bool operator==(const ServerRoute&) const = default;
};

struct Timeouts {
  std::optional<Duration> connect;  // none: the global connect_timeout
  Duration read = seconds(30);
  Duration write = seconds(30);

  bool operator==(const Timeouts&) const = default;
};

// [server_manager]: what starts and stops the server.
struct ServerManager {
  KeeperType type = KeeperType::local;
  Duration start_timeout = minutes(5);
  std::optional<Duration> shutdown_after;  // none: never stopped
  Duration poll_interval = seconds(5);
  Duration min_uptime{};
  bool confirm_empty = false;
  Duration shutdown_timeout = seconds(60);
  std::uint32_t wakes_per_source = 6;   // an hour
  std::uint32_t wakes_per_server = 30;  // an hour
  // local
  std::string command;
  std::optional<std::filesystem::path> working_dir;
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;  // beside the proxy's own
  std::string stop_command = "stop";               // empty: none, begin with SIGTERM
  std::string ready_pattern = "For help, type \"help\"";
  OnProxyExit on_proxy_exit = OnProxyExit::stop;
  std::optional<std::filesystem::path> log_file;  // none: console.log in working_dir
  Size log_size = Size{10} << 20;
  // pterodactyl, crafty
  std::string api_url;
  std::string api_key;
  std::string server_id;
  std::optional<std::filesystem::path> ca_file;
  // docker
  std::optional<std::string> container;
  IdleAction idle_action = IdleAction::stop;  // local, too
  // kubernetes
  KubernetesKind kind = KubernetesKind::statefulset;
  std::string object;
  std::optional<std::string> kube_namespace;  // key `namespace`
  // webhook
  std::string start_url;
  std::optional<std::string> stop_url;
  std::optional<std::string> status_url;
  std::map<std::string, std::string> headers;
  std::optional<std::string> secret;
  Duration timeout = seconds(30);
  // who may wake, and what players see meanwhile
  WakeOn wake_on = WakeOn::login;
  std::vector<std::string> wake_allow;
  std::vector<std::string> wake_deny;
  bool verify_before_wake = false;
  std::optional<WhileStarting> while_starting;
  std::optional<Duration> hold_timeout;
  std::optional<Address> transfer_to;

  bool operator==(const ServerManager&) const = default;
};

struct ServerConfig {
  // Identity: `name`, else `id`, else the file name; always set after loading and unique among the
  // files.
  std::string id;
  std::string name;  // as written; empty when it was not

  std::optional<std::string> network;
  // Lower case, no final dot, non-ASCII labels as xn--; may hold * and ?.
  std::vector<std::string> domains;
  std::vector<BackendAddress> addresses;
  std::vector<ServerRoute> routes;
  Balance balance = Balance::first_available;
  std::optional<Duration> slow_start;
  double slow_start_aggression = 1.0;
  std::optional<ActiveHealth> active_health;  // replaces the whole global table
  ProxyMode proxy_mode = ProxyMode::passthrough;
  std::optional<ForwardingMode> forwarding_mode;  // none: the global one
  SendProxy send_proxy_protocol = SendProxy::off;
  DomainRewrite domain_rewrite;
  std::uint32_t max_players = 0;          // 0 = none
  std::uint32_t reserved_slots = 0;       // of max_players, for those in reserved_for only
  std::vector<std::string> reserved_for;  // names and UUIDs
  std::vector<std::string> allow;         // names and UUIDs; empty: everybody
  bool maintenance = false;
  std::vector<std::string> maintenance_allow;  // names and UUIDs
  std::vector<std::string> fallback;
  std::optional<std::vector<std::string>> fallback_on_kick;  // none: the global ones
  std::optional<Text> disconnect_message;  // the old name of kick_messages.offline
  KickMessages kick_messages;
  std::vector<std::string> limbo_handlers;
  bool bungeecord_channel = false;
  bool limbo = false;  // this server is the limbo itself
  Motd motd;
  Timeouts timeouts;
  std::optional<IpFilter> ip_filter;
  std::optional<ServerManager> server_manager;

  bool operator==(const ServerConfig&) const = default;
};

// The words for a refusal: the server's, else the global file's, else the built-in ones. `server`
// may be null.
Text kick_text(Kick kick, const ServerConfig* server, const GlobalConfig& global);
// The server's own list, else the global one.
const std::vector<std::string>& effective_fallback(const ServerConfig& server,
                                                   const GlobalConfig& global);
const std::vector<std::string>& effective_fallback_on_kick(const ServerConfig& server,
                                                           const GlobalConfig& global);
ForwardingMode effective_forwarding(const ServerConfig& server, const GlobalConfig& global);
// Whether players of this server are announced with the secret of forwarding.secret_file: not with
// `velocity` in a mode that forwards, which sends nothing.
bool needs_forwarding_secret(const ServerConfig& server, const GlobalConfig& global);
Duration effective_connect_timeout(const ServerConfig& server, const GlobalConfig& global);

}  // namespace drawbridge::config
