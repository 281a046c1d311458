// The description of the keys: complete, documented, and the documents are what it prints.
#include "config/schema.hpp"

#include <set>

#include "config/keys.hpp"
#include "config/test_files.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {
namespace {

// Every key that the format has, written down apart from the description, so that none gets lost in
// it.
constexpr std::string_view global_names = R"(
bind listener[].bind listener[].receive_proxy_protocol listener[].trusted_proxies
listener[].default_server listener[].name listener[].mode receive_proxy_protocol trusted_proxies
trusted_proxies_file max_connections worker_threads so_reuseport keepalive.time
keepalive.interval keepalive.retries tcp_congestion coalesce limits.setup_timeout
limits.login_timeout limits.stranger_memory control.socket protect limits.max_inflated
limits.inflated_per_second limits.packets_per_second servers_dir plugins_dir shutdown.drain
unknown_domain_behavior default_server route[].match route[].server route[].address
route[].resolve_allow status_cache.ttl status_cache.max_entries status_cache.negative_ttl
status_cache.stale_while_error default_motd.online default_motd.sleeping default_motd.starting
default_motd.stopping default_motd.crashed default_motd.unreachable kick_messages
announce_proxy_commands ip_filter.whitelist ip_filter.blacklist rate_limit.enabled
rate_limit.max_connections rate_limit.window rate_limit.status_max rate_limit.status_window
rate_limit.ipv4_prefix rate_limit.ipv6_prefix rate_limit.max_entries rate_limit.exempt
rate_limit.bucket ban.provider ban.file ban.purge_interval ban.enable_audit_log
ban.check_timeout permissions.provider permissions.admins permissions.player_commands
permissions.trust_offline_admins auth.session_url auth.duplicate_login
auth.prevent_proxy_connections accept_transfers auth.offline_uuid auth.timeout auth.names
connect_timeout
connect_max_attempts active_health.enabled active_health.kind active_health.unhealthy_interval
active_health.interval active_health.timeout active_health.probe_healthy
active_health.max_concurrent forwarding.mode forwarding.secret_file fallback limbo.title
limbo.subtitle limbo.chat limbo.boss_bar limbo.time_limit limbo.reconnect_for limbo.then
plugin_messaging.bungeecord plugin_messaging.bungeecord_permissions.connect
plugin_messaging.bungeecord_permissions.ip plugin_messaging.bungeecord_permissions.ip_other
plugin_messaging.bungeecord_permissions.player_count
plugin_messaging.bungeecord_permissions.player_list
plugin_messaging.bungeecord_permissions.get_servers
plugin_messaging.bungeecord_permissions.get_server
plugin_messaging.bungeecord_permissions.get_player_server
plugin_messaging.bungeecord_permissions.forward
plugin_messaging.bungeecord_permissions.forward_to_player
plugin_messaging.bungeecord_permissions.uuid plugin_messaging.bungeecord_permissions.uuid_other
plugin_messaging.bungeecord_permissions.server_ip
plugin_messaging.bungeecord_permissions.connect_other
plugin_messaging.bungeecord_permissions.message
plugin_messaging.bungeecord_permissions.message_raw
plugin_messaging.bungeecord_permissions.kick_player
plugin_messaging.bungeecord_permissions.kick_player_raw docker.endpoint docker.network
docker.poll_interval docker.reconnect_delay docker.mc_router_labels docker.tls.ca
docker.tls.cert docker.tls.key kubernetes.kubeconfig kubernetes.context kubernetes.namespace
kubernetes.selector kubernetes.resync_interval http_discovery.url http_discovery.interval
http_discovery.timeout http_discovery.token http_discovery.headers http_discovery.etag
http_discovery.allow_empty http_discovery.report_url http_discovery.report_interval
http_discovery.cache_file cluster.url cluster.name cluster.prefix cluster.share web.enable_api
web.enable_webui web.bind web.api_key web.cors_origins web.rate_limit.requests_per_minute
web.trusted_proxies web.tls.cert web.tls.key web.tls.client_ca web.ticket_ttl web.url_key
metrics.bind metrics.path metrics.token metrics.allow telemetry.enabled telemetry.endpoint
telemetry.protocol telemetry.metrics.enabled telemetry.metrics.export_interval
telemetry.traces.enabled telemetry.traces.sampling_ratio telemetry.resource.service_name
telemetry.resource.service_version telemetry.metric_prefix events.handler_timeout
events.packet_handler_timeout events.slow_handler_threshold events.disconnect_deadline
events.transport_filter_timeout wasm.epoch_tick wasm.cpu_budget wasm.codec_cpu_budget
wasm.memory_limit_mb wasm.host_call_timeout wasm.max_call_duration wasm.queue_capacity
wasm.instance_pool wasm.cache_dir wasm.recovery.max_restarts wasm.recovery.window
wasm.recovery.backoff_initial wasm.recovery.backoff_max wasm.quotas.event_listeners
wasm.quotas.commands wasm.quotas.scheduled_tasks wasm.quotas.plugin_channels
wasm.quotas.codec_filters wasm.quotas.limbo_handlers wasm.quotas.permission_nodes
wasm.codec_quarantine.faults wasm.codec_quarantine.window wasm.codec_quarantine.backoff_initial
wasm.codec_quarantine.backoff_max plugins.<id>.enabled plugins.<id>.permissions
plugins.<id>.deny plugins.<id>.strict_capabilities plugins.<id>.wasm.cpu_budget
plugins.<id>.wasm.quotas.commands plugins.<id>.wasm.network.allow plugins.<id>.wasm.network.dns
plugins.<id>.wasm.network.http plugins.<id>.wasm.mounts[].host plugins.<id>.wasm.mounts[].guest
plugins.<id>.wasm.mounts[].read_only
)";

constexpr std::string_view server_names = R"(
name id network domains addresses routes balance slow_start slow_start_aggression active_health
proxy_mode forwarding_mode send_proxy_protocol domain_rewrite max_players fallback
disconnect_message kick_messages limbo_handlers bungeecord_channel motd.online.text
motd.sleeping.text motd.starting.text motd.stopping.text motd.crashed.text motd.unreachable.text
motd.online.favicon motd.sleeping.favicon motd.starting.favicon motd.stopping.favicon
motd.crashed.favicon motd.unreachable.favicon motd.online.version_name
motd.sleeping.version_name motd.starting.version_name motd.stopping.version_name
motd.crashed.version_name motd.unreachable.version_name motd.online.max_players
motd.sleeping.max_players motd.starting.max_players motd.stopping.max_players
motd.crashed.max_players motd.unreachable.max_players timeouts.connect timeouts.read
timeouts.write ip_filter server_manager.type server_manager.start_timeout server_manager.secret
server_manager.min_uptime server_manager.on_proxy_exit server_manager.ca_file
server_manager.wakes_per_source server_manager.wakes_per_server server_manager.shutdown_after
server_manager.poll_interval server_manager.command server_manager.working_dir
server_manager.args server_manager.ready_pattern server_manager.shutdown_timeout
server_manager.api_url server_manager.api_key server_manager.server_id server_manager.container
server_manager.idle_action server_manager.kind server_manager.object server_manager.namespace
server_manager.start_url server_manager.stop_url server_manager.status_url
server_manager.headers server_manager.timeout server_manager.wake_on server_manager.wake_allow
server_manager.wake_deny server_manager.verify_before_wake server_manager.while_starting
server_manager.hold_timeout server_manager.transfer_to
)";

// The keys of a part of the reference page: the first cell of each row.
std::set<std::string> listed(std::string_view page) {
  std::set<std::string> out;
  for (const std::string_view line : split(page, '\n')) {
    const auto begin = line.find('`');
    if ((!line.starts_with("| `") && !line.starts_with("| + `")) || begin == line.npos) continue;
    out.emplace(line.substr(begin + 1, line.find('`', begin + 1) - begin - 1));
  }
  return out;
}

void expect_all(std::string_view names, const std::set<std::string>& keys) {
  std::string text(names);
  std::ranges::replace(text, '\n', ' ');
  std::size_t count = 0;
  for (const std::string_view name : split(text, ' ')) {
    if (name.empty()) continue;
    EXPECT_TRUE(keys.contains(std::string(name))) << name;
    ++count;
  }
  EXPECT_GT(count, 50u);
}

TEST(Reference, HasEveryKey) {
  const std::string page = reference_page();
  const auto servers = page.find("## Server files");
  ASSERT_NE(servers, std::string::npos);
  expect_all(global_names, listed(std::string_view(page).substr(0, servers)));
  expect_all(server_names, listed(std::string_view(page).substr(servers)));
}

TEST(Reference, TheCommittedPageIsTheGeneratedOne) {
  EXPECT_TRUE(file_text(in_repository("docs/configuration.md")) == reference_page())
      << "docs/configuration.md is out of date: drawbridge schema --markdown > "
         "docs/configuration.md";
}

void expect_described(const Table& table, const std::string& prefix) {
  for (const Key& key : table.keys) {
    const std::string path = prefix + std::string(key.name);
    EXPECT_NE(key.codec == nullptr, key.table == nullptr) << path;
    EXPECT_EQ(table.find(key.name), &key) << path << " is listed twice";
    if (key.codec != nullptr) EXPECT_TRUE(key.meaning.ends_with('.')) << path;
    if (key.table != nullptr) expect_described(*key.table, path + ".");
  }
}

TEST(Description, EveryKeyHasAMeaningAndANameOfItsOwn) {
  expect_described(global_keys(), "");
  expect_described(server_keys(), "");
}

// A default that does not pass its own rules could never be written into a file.
void expect_defaults_pass(const Table& table, const std::string& prefix) {
  for (const Key& key : table.keys) {
    if (key.table != nullptr)
      expect_defaults_pass(*key.table, prefix + std::string(key.name) + ".");
    if (key.codec == nullptr || key.required || !key.default_text.empty()) continue;
    Node value = key.codec->write(key.member(table.defaults.get()));
    if (value.kind == Node::Kind::other || (value.is_string() && value.text.empty())) continue;
    if (value.is_list() && value.children.empty()) continue;
    const std::vector<SourceInfo> sources = {{.origin = {}, .shown = "default", .base = {}}};
    Problems problems;
    Reader reader(sources, problems, nullptr);
    const Reader::Step step(reader, prefix + std::string(key.name));
    // Read into a copy of the defaults, as from a file.
    const auto copy = std::const_pointer_cast<void>(table.defaults);
    void* member = key.member(copy.get());
    EXPECT_TRUE(key.codec->read(reader, value, member));
    for (const Key::Check& check : key.checks) check(reader, value, member);
    EXPECT_TRUE(problems.empty()) << text_of(problems);
  }
}

TEST(Description, DefaultsPassTheirOwnRules) {
  expect_defaults_pass(global_keys(), "");
  expect_defaults_pass(server_keys(), "");
}

TEST(Schema, IsJsonWithRangesAndDescriptions) {
  const auto schema = parse_json(global_schema());
  ASSERT_TRUE(schema);
  const Node& properties = *schema->find("properties");
  const Node& workers = *properties.find("worker_threads");
  EXPECT_EQ(workers.find("type")->text, "integer");
  EXPECT_EQ(workers.find("maximum")->integer, 1024);
  EXPECT_EQ(workers.find("default")->integer, 0);
  EXPECT_EQ(workers.find("x-reload")->text, "restart");
  EXPECT_FALSE(schema->find("additionalProperties")->boolean);
  EXPECT_EQ(properties.find("listener")->find("items")->find("required")->children.at(0).text,
            "bind");
  const auto server = parse_json(server_schema());
  ASSERT_TRUE(server);
  EXPECT_EQ(server->find("properties")->find("proxy_mode")->find("enum")->children.at(0).text,
            "passthrough");
}

}  // namespace
}  // namespace drawbridge::config
