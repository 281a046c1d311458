// The global file as plain values, named and nested like the keys; initialisers are the defaults.
// Meaning, range and time of effect stand once, in keys_global.cpp, from which the reference page
// (docs/configuration.md) is printed. Long because it has as many members as the file has keys.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/types.hpp"

namespace drawbridge::config {

struct Listener {
  Address bind;
  // Absent: the global key of that name. effective_listeners() fills all of them in.
  std::optional<ReceiveProxy> receive_proxy_protocol;
  std::optional<std::vector<Cidr>> trusted_proxies;
  std::optional<std::string> default_server;
  std::string name;                   // empty: the bind text
  std::string mode = "0660";          // rights of a Unix socket, octal
  std::uint32_t max_connections = 0;  // 0 = none

  bool operator==(const Listener&) const = default;
};

struct Keepalive {
  Duration time = seconds(30);
  Duration interval = seconds(10);
  std::uint32_t retries = 3;

  bool operator==(const Keepalive&) const = default;
};

struct Limits {
  Duration setup_timeout = seconds(10);
  Duration login_timeout = seconds(30);
  Size stranger_memory = Size{64} << 20;
  std::uint32_t connections_per_source = 0;  // 0 = none
  std::uint32_t pre_login_per_source = 0;    // 0 = none
  Size max_inflated = Size{8} << 20;
  Size inflated_per_second = Size{5} << 20;  // 0 = off
  std::uint32_t packets_per_second = 0;      // 0 = off

  bool operator==(const Limits&) const = default;
};

struct ControlSocket {
  std::filesystem::path socket = "./drawbridge.sock";

  bool operator==(const ControlSocket&) const = default;
};

struct Shutdown {
  Duration drain = seconds(30);

  bool operator==(const Shutdown&) const = default;
};

// One [[route]]: a pattern over whole host names.
struct GlobalRoute {
  std::string match;
  std::string server;
  std::string address;                             // empty: the server's own
  std::optional<std::vector<Cidr>> resolve_allow;  // none: all but loopback, link-local, multicast

  bool operator==(const GlobalRoute&) const = default;
};

struct StatusCache {
  Duration ttl = seconds(5);  // 0 = off
  std::uint32_t max_entries = 1000;
  Duration negative_ttl = seconds(1);
  StaleWhileError stale_while_error;

  bool operator==(const StatusCache&) const = default;
};

struct MotdEntry {
  Text text;
  std::optional<Favicon> favicon;
  std::optional<std::string> version_name;
  std::optional<std::uint32_t> max_players;

  bool operator==(const MotdEntry&) const = default;
};

// One entry for each state of a server.
struct Motd {
  std::optional<MotdEntry> online;
  std::optional<MotdEntry> sleeping;
  std::optional<MotdEntry> starting;
  std::optional<MotdEntry> stopping;
  std::optional<MotdEntry> crashed;
  std::optional<MotdEntry> unreachable;
  std::optional<MotdEntry> maintenance;

  bool operator==(const Motd&) const = default;
};

struct IpFilter {
  // Each includes what its file lists.
  std::vector<Cidr> whitelist;
  std::vector<Cidr> blacklist;
  std::optional<std::filesystem::path> whitelist_file;
  std::optional<std::filesystem::path> blacklist_file;
  std::vector<std::string> country_whitelist;  // two capital letters
  std::vector<std::string> country_blacklist;

  // Whether it keeps anybody out.
  [[nodiscard]] bool filters() const { return has_networks() || has_countries(); }
  [[nodiscard]] bool has_networks() const { return !whitelist.empty() || !blacklist.empty(); }
  [[nodiscard]] bool has_countries() const {
    return !country_whitelist.empty() || !country_blacklist.empty();
  }

  bool operator==(const IpFilter&) const = default;
};

// Where addresses are.
struct GeoIp {
  std::optional<std::filesystem::path> database;  // MaxMind's format, countries

  bool operator==(const GeoIp&) const = default;
};

struct RateBucket {
  std::string name;
  std::uint32_t ipv4_prefix = 24;
  std::uint32_t ipv6_prefix = 48;
  std::uint32_t max_connections = 24;
  Duration window = seconds(10);
  std::uint32_t status_max = 2400;
  Duration status_window = seconds(10);

  bool operator==(const RateBucket&) const = default;
};

struct RateLimit {
  bool enabled = false;
  std::uint32_t max_connections = 3;
  Duration window = seconds(10);
  std::uint32_t status_max = 300;
  Duration status_window = seconds(10);
  std::uint32_t ipv4_prefix = 32;
  std::uint32_t ipv6_prefix = 64;
  std::uint32_t max_entries = 65536;
  std::uint32_t accept_max = 0;  // 0 = none
  Duration accept_window = seconds(10);
  Duration max_wait{};  // 0 = refuse at once
  std::vector<Cidr> exempt;
  std::vector<RateBucket> bucket;

  bool operator==(const RateLimit&) const = default;
};

struct Ban {
  std::string provider = "builtin";  // or "none", or a plugin's id
  std::filesystem::path file = "bans.json";
  Duration purge_interval = seconds(300);
  bool enable_audit_log = true;
  Duration check_timeout = seconds(5);

  bool operator==(const Ban&) const = default;
};

struct Permissions {
  std::string provider = "builtin";
  std::vector<std::string> admins;
  std::vector<std::string> player_commands;
  bool trust_offline_admins = false;
  bool server_command = true;

  bool operator==(const Permissions&) const = default;
};

struct Auth {
  std::string session_url = "https://sessionserver.mojang.com/session/minecraft/hasJoined";
  DuplicateLogin duplicate_login = DuplicateLogin::kick_old;
  bool prevent_proxy_connections = false;
  OfflineUuid offline_uuid = OfflineUuid::offline;
  Duration timeout = seconds(10);
  NameRule names = NameRule::strict;

  bool operator==(const Auth&) const = default;
};

struct ActiveHealth {
  bool enabled = true;
  HealthProbe kind = HealthProbe::tcp;
  Duration unhealthy_interval = seconds(10);
  Duration interval = seconds(30);
  Duration timeout = seconds(3);
  bool probe_healthy = false;
  std::uint32_t max_concurrent = 8;

  bool operator==(const ActiveHealth&) const = default;
};

struct Forwarding {
  ForwardingMode mode = ForwardingMode::none;
  std::filesystem::path secret_file = "forwarding.secret";

  bool operator==(const Forwarding&) const = default;
};

struct Limbo {
  std::optional<Text> title;
  std::optional<Text> subtitle;
  std::optional<Text> chat;
  std::optional<Text> boss_bar;
  std::optional<Duration> time_limit;
  Duration reconnect_for = minutes(10);
  LimboThen then = LimboThen::kick;

  bool operator==(const Limbo&) const = default;
};

struct BungeecordPermissions {
  bool connect = true;
  bool connect_other = false;
  bool ip = true;
  bool ip_other = true;
  bool player_count = true;
  bool player_list = true;
  bool get_servers = true;
  bool get_server = true;
  bool get_player_server = true;
  bool message = false;
  bool message_raw = false;
  bool forward = true;
  bool forward_to_player = true;
  bool uuid = true;
  bool uuid_other = true;
  bool server_ip = true;
  bool kick_player = false;
  bool kick_player_raw = false;

  bool operator==(const BungeecordPermissions&) const = default;
};

struct PluginMessaging {
  bool bungeecord = false;
  BungeecordPermissions bungeecord_permissions;

  bool operator==(const PluginMessaging&) const = default;
};

struct TlsFiles {
  std::optional<std::filesystem::path> ca;
  std::optional<std::filesystem::path> cert;
  std::optional<std::filesystem::path> key;

  bool operator==(const TlsFiles&) const = default;
};

struct Docker {
  std::string endpoint = "unix:///var/run/docker.sock";
  std::optional<std::string> network;
  Duration poll_interval = seconds(30);
  Duration reconnect_delay = seconds(5);
  bool mc_router_labels = true;
  TlsFiles tls;

  bool operator==(const Docker&) const = default;
};

struct Kubernetes {
  std::optional<std::filesystem::path> kubeconfig;  // none: in-cluster
  std::optional<std::string> context;
  std::string kube_namespace;  // key `namespace`; "" = all
  std::string selector;        // "" = all
  Duration resync_interval = minutes(5);

  bool operator==(const Kubernetes&) const = default;
};

struct HttpDiscovery {
  std::string url;
  Duration interval = seconds(30);
  Duration timeout = seconds(10);
  std::optional<std::string> token;
  std::map<std::string, std::string> headers;
  bool etag = true;
  bool allow_empty = false;
  std::optional<std::string> report_url;
  Duration report_interval = seconds(30);
  std::filesystem::path cache_file = "./cache/http_discovery.json";

  bool operator==(const HttpDiscovery&) const = default;
};

struct Cluster {
  std::string url;
  std::optional<std::string> name;  // none: the host name
  std::string prefix = "drawbridge:";
  std::vector<std::string> share = {"players", "bans", "rate_limit", "wake", "status", "queue"};

  bool operator==(const Cluster&) const = default;
};

struct WebTls {
  std::optional<std::filesystem::path> cert;
  std::optional<std::filesystem::path> key;
  std::optional<std::filesystem::path> client_ca;

  bool operator==(const WebTls&) const = default;
};

struct WebRateLimit {
  std::uint32_t requests_per_minute = 60;

  bool operator==(const WebRateLimit&) const = default;
};

struct Web {
  bool enable_api = true;
  std::optional<bool> enable_webui;  // none: as enable_api
  Address bind{.host = "127.0.0.1", .ip = IpAddress::v4(0x7f000001), .port = 8080, .unix_path = {}};
  std::optional<std::string> api_key;
  std::vector<std::string> cors_origins;
  WebRateLimit rate_limit;
  std::vector<Cidr> trusted_proxies;
  WebTls tls;
  Duration ticket_ttl = seconds(30);
  bool url_key = true;

  bool operator==(const Web&) const = default;
};

struct Metrics {
  std::optional<Address> bind;  // none: on web.bind
  std::string path = "/metrics";
  std::optional<std::string> token;
  std::optional<std::vector<Cidr>> allow;  // none: loopback

  bool operator==(const Metrics&) const = default;
};

struct TelemetryMetrics {
  bool enabled = true;
  Duration export_interval = seconds(15);

  bool operator==(const TelemetryMetrics&) const = default;
};

struct TelemetryTraces {
  bool enabled = true;
  double sampling_ratio = 0.1;

  bool operator==(const TelemetryTraces&) const = default;
};

struct TelemetryResource {
  std::optional<std::string> service_name;     // none: product_name
  std::optional<std::string> service_version;  // none: the program's version

  bool operator==(const TelemetryResource&) const = default;
};

struct Telemetry {
  bool enabled = false;
  std::string endpoint = "http://localhost:4317";
  TelemetryProtocol protocol = TelemetryProtocol::grpc;
  TelemetryMetrics metrics;
  TelemetryTraces traces;
  TelemetryResource resource;
  std::optional<std::string> metric_prefix;  // none: product_name

  bool operator==(const Telemetry&) const = default;
};

struct Events {
  Duration handler_timeout = seconds(10);
  Duration packet_handler_timeout = seconds(10);
  Duration slow_handler_threshold = seconds(1);
  Duration disconnect_deadline = seconds(15);
  Duration transport_filter_timeout = seconds(5);

  bool operator==(const Events&) const = default;
};

struct WasmRecovery {
  std::uint32_t max_restarts = 5;
  Duration window = minutes(5);
  Duration backoff_initial = seconds(1);
  Duration backoff_max = minutes(5);

  bool operator==(const WasmRecovery&) const = default;
};

struct WasmQuotas {
  std::uint32_t event_listeners = 1024;
  std::uint32_t commands = 256;
  std::uint32_t scheduled_tasks = 1024;
  std::uint32_t plugin_channels = 128;
  std::uint32_t codec_filters = 32;
  std::uint32_t limbo_handlers = 64;
  std::uint32_t permission_nodes = 256;

  bool operator==(const WasmQuotas&) const = default;
};

struct WasmQuarantine {
  std::uint32_t faults = 5;  // 0 = off
  Duration window = seconds(10);
  Duration backoff_initial = seconds(10);
  Duration backoff_max = minutes(5);

  bool operator==(const WasmQuarantine&) const = default;
};

// What may be set for all plugins and again for one.
struct WasmLimits {
  Duration cpu_budget = seconds(3);
  Duration codec_cpu_budget = milliseconds(5);
  std::uint32_t memory_limit_mb = 64;
  Duration host_call_timeout = seconds(30);
  Duration max_call_duration = seconds(60);
  std::uint32_t queue_capacity = 1024;
  WasmRecovery recovery;
  WasmQuotas quotas;
  WasmQuarantine codec_quarantine;

  bool operator==(const WasmLimits&) const = default;
};

struct Wasm {
  Duration epoch_tick = milliseconds(1);
  std::uint32_t instance_pool = 0;
  std::filesystem::path cache_dir = "./cache/wasm";
  WasmLimits limits;  // these keys stand in [wasm] itself

  bool operator==(const Wasm&) const = default;
};

struct WasmNetwork {
  std::vector<std::string> allow;
  std::optional<bool> dns;  // none: only when `allow` has a host name
  bool http = true;

  bool operator==(const WasmNetwork&) const = default;
};

struct WasmMount {
  std::filesystem::path host;
  std::string guest;
  bool read_only = true;

  bool operator==(const WasmMount&) const = default;
};

struct PluginWasm {
  WasmLimits limits;  // already laid over [wasm]
  WasmNetwork network;
  std::vector<WasmMount> mounts;

  bool operator==(const PluginWasm&) const = default;
};

struct PluginConfig {
  bool enabled = true;
  std::vector<std::string> permissions;
  std::vector<std::string> deny;
  bool strict_capabilities = false;
  PluginWasm wasm;

  bool operator==(const PluginConfig&) const = default;
};

struct GlobalConfig {
  // Not a key: "drawbridge", or "infrarust" when infrarust.toml was read. Where a default is the
  // product's own name (version text of status answers, service name, metric prefix), it is this.
  std::string product_name = "drawbridge";

  // None: 0.0.0.0:25565 unless there are [[listener]] tables. Use effective_listeners().
  std::optional<Address> bind;
  std::vector<Listener> listener;
  ReceiveProxy receive_proxy_protocol = ReceiveProxy::off;
  // Includes what trusted_proxies_file lists.
  std::vector<Cidr> trusted_proxies = private_networks();
  std::optional<std::filesystem::path> trusted_proxies_file;
  std::uint32_t max_connections = 0;  // 0 = none
  std::uint32_t worker_threads = 0;   // 0 = one per core
  bool so_reuseport = false;
  Keepalive keepalive;
  std::string tcp_congestion;  // "" = the system's
  Coalesce coalesce;
  Limits limits;
  ControlSocket control;
  Protect protect = Protect::off;
  std::filesystem::path servers_dir = "./servers";
  std::filesystem::path plugins_dir = "./plugins";
  Shutdown shutdown;

  UnknownDomain unknown_domain_behavior = UnknownDomain::default_motd;
  std::optional<std::string> default_server;
  std::vector<GlobalRoute> route;
  StatusCache status_cache;
  Motd default_motd;
  KickMessages kick_messages;
  bool announce_proxy_commands = true;

  IpFilter ip_filter;
  GeoIp geoip;
  RateLimit rate_limit;
  Ban ban;
  Permissions permissions;
  Auth auth;
  bool accept_transfers = true;

  Duration connect_timeout = seconds(5);
  std::uint32_t connect_max_attempts = 3;  // 0 = all
  ActiveHealth active_health;
  std::filesystem::path drain_file = "drained.txt";
  std::filesystem::path state_dir = "state";
  Forwarding forwarding;
  std::vector<std::string> fallback;
  // Kicks that tell of the server, not of the player; see core/session/mover.hpp.
  std::vector<std::string> fallback_on_kick = {"server closed", "server_shutdown", "restart",
                                               "shutting down", "shut down",       "is stopping"};
  Limbo limbo;
  PluginMessaging plugin_messaging;

  std::optional<Docker> docker;
  std::optional<Kubernetes> kubernetes;
  std::optional<HttpDiscovery> http_discovery;
  std::optional<Cluster> cluster;

  std::optional<Web> web;
  std::optional<Metrics> metrics;
  std::optional<Telemetry> telemetry;

  Events events;
  Wasm wasm;
  std::map<std::string, PluginConfig> plugins;

  bool operator==(const GlobalConfig&) const = default;
};

// One socket to open, nothing left to look up.
struct EffectiveListener {
  Address bind;
  std::string name;
  ReceiveProxy receive_proxy_protocol = ReceiveProxy::off;
  std::vector<Cidr> trusted_proxies;
  bool trust_everybody = false;  // a Unix socket without a list of its own
  std::optional<std::string> default_server;
  unsigned mode = 0660;
  std::uint32_t max_connections = 0;  // 0 = none

  bool operator==(const EffectiveListener&) const = default;
};

// `bind` first, then the [[listener]] tables in file order; two with one bind text are one (the
// table wins).
std::vector<EffectiveListener> effective_listeners(const GlobalConfig& global);

}  // namespace drawbridge::config
