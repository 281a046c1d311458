// Keys for plugins: time limits of events, the sandbox, and what each plugin may do.
#include "config/keys_parts.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {
namespace {

constexpr auto above_zero = [](auto maximum) { return above_within(seconds(0), maximum); };

const Table& recovery_keys() {
  static const Table table = describe_table<WasmRecovery>({
      key<&WasmRecovery::max_restarts>("max_restarts",
                                       "Restarts in one window, then the plugin stays down.",
                                       restart, later, within(0, 1000)),
      key<&WasmRecovery::window>("window", "The window for them.", restart, later,
                                 above_zero(hours(24))),
      key<&WasmRecovery::backoff_initial>("backoff_initial", "Pause before the first restart.",
                                          restart, later, above_zero(hours(24))),
      key<&WasmRecovery::backoff_max>("backoff_max", "Longest pause, reached by doubling.", restart,
                                      later, above_zero(hours(24))),
  });
  return table;
}

const Table& quota_keys() {
  static const auto bounds = within(1, 1048576);
  static const Table table = describe_table<WasmQuotas>({
      key<&WasmQuotas::event_listeners>("event_listeners", "Listeners of one plugin.", restart,
                                        later, bounds),
      key<&WasmQuotas::commands>("commands", "Commands of one plugin.", restart, later, bounds),
      key<&WasmQuotas::scheduled_tasks>("scheduled_tasks", "Timers of one plugin.", restart, later,
                                        bounds),
      key<&WasmQuotas::plugin_channels>("plugin_channels", "Message channels of one plugin.",
                                        restart, later, bounds),
      key<&WasmQuotas::codec_filters>("codec_filters", "Packet filters of one plugin.", restart,
                                      later, bounds),
      key<&WasmQuotas::limbo_handlers>("limbo_handlers", "Limbo handlers of one plugin.", restart,
                                       later, bounds),
      key<&WasmQuotas::permission_nodes>("permission_nodes", "Permission nodes of one plugin.",
                                         restart, later, bounds),
  });
  return table;
}

const Table& quarantine_keys() {
  static const Table table = describe_table<WasmQuarantine>({
      key<&WasmQuarantine::faults>(
          "faults", "Faults in one window, then the filter is bypassed; 0 = off.", restart, later),
      key<&WasmQuarantine::window>("window", "The window for them.", restart, later,
                                   above_zero(hours(24))),
      key<&WasmQuarantine::backoff_initial>("backoff_initial", "First time without the filter.",
                                            restart, later, above_zero(hours(24))),
      key<&WasmQuarantine::backoff_max>("backoff_max", "Longest time, reached by doubling.",
                                        restart, later, above_zero(hours(24))),
  });
  return table;
}

const Table& limits_keys() {
  static const Table table = describe_table<WasmLimits>({
      key<&WasmLimits::cpu_budget>("cpu_budget", "CPU time of one call.", restart, later,
                                   above_zero(hours(1))),
      key<&WasmLimits::codec_cpu_budget>("codec_cpu_budget",
                                         "CPU time of one call of a packet filter.", restart, later,
                                         above_zero(hours(1))),
      key<&WasmLimits::memory_limit_mb>("memory_limit_mb", "Memory of one instance in MiB.",
                                        restart, later, within(1, 4096)),
      key<&WasmLimits::host_call_timeout>("host_call_timeout", "Longest wait of one host call.",
                                          restart, later, above_zero(hours(1))),
      key<&WasmLimits::max_call_duration>("max_call_duration",
                                          "Longest duration of one call in all.", restart, later,
                                          above_zero(hours(1))),
      key<&WasmLimits::queue_capacity>("queue_capacity", "Calls that may wait for a busy plugin.",
                                       restart, later, within(1, 1048576)),
      config::table<&WasmLimits::recovery>("recovery", recovery_keys(), "After a fault.", restart,
                                           later),
      config::table<&WasmLimits::quotas>("quotas", quota_keys(), "What one plugin may hold.",
                                         restart, later),
      config::table<&WasmLimits::codec_quarantine>("codec_quarantine", quarantine_keys(),
                                                   "Packet filters that fail.", restart, later),
  });
  return table;
}

const Table& network_keys() {
  static const Table table = describe_table<WasmNetwork>({
      key<&WasmNetwork::allow>("allow", "Where the plugin may connect to.", later,
                               Range{"`host:port` rules"}),
      key<&WasmNetwork::dns>("dns", "Resolve names.", later,
                             DefaultText{"when `allow` has a host name"}),
      key<&WasmNetwork::http>("http", "Make HTTP requests.", later),
  });
  return table;
}

const Table& mount_keys() {
  static const Table table = describe_table<WasmMount>({
      key<&WasmMount::host>("host", "Folder on this machine.", required, later),
      key<&WasmMount::guest>("guest", "What the plugin calls it.", required, later, not_empty()),
      key<&WasmMount::read_only>("read_only", "The plugin may not change it.", later),
  });
  return table;
}

const Table& plugin_wasm_keys() {
  static const Table table = describe_table<PluginWasm>({
      embed<&PluginWasm::limits>(limits_keys()),
      config::table<&PluginWasm::network>("network", network_keys(),
                                          "Needs the capability `network`.", later),
      config::table<&PluginWasm::mounts>("mounts", mount_keys(),
                                         "Needs the capability `filesystem-extended`.", later),
  });
  return table;
}

}  // namespace

const Table& events_keys() {
  static const Table table = describe_table<Events>({
      key<&Events::handler_timeout>("handler_timeout", "Longest answer of one listener.", live,
                                    later, more_than(seconds(0))),
      key<&Events::packet_handler_timeout>("packet_handler_timeout",
                                           "Longest answer of one packet listener.", live, later,
                                           more_than(seconds(0))),
      key<&Events::slow_handler_threshold>("slow_handler_threshold",
                                           "Answers that take longer are logged.", live, later,
                                           more_than(seconds(0))),
      key<&Events::disconnect_deadline>("disconnect_deadline",
                                        "All listeners for one player's leaving together.", live,
                                        later, more_than(seconds(0))),
      key<&Events::transport_filter_timeout>("transport_filter_timeout",
                                             "Then the connection is closed.", live, later,
                                             more_than(seconds(0))),
  });
  return table;
}

const Table& wasm_keys() {
  static const Table table = describe_table<Wasm>({
      key<&Wasm::epoch_tick>("epoch_tick", "The sandbox's clock.", restart, later,
                             within(milliseconds(1), seconds(1))),
      embed<&Wasm::limits>(limits_keys()),
      key<&Wasm::instance_pool>("instance_pool", "Instances that are reserved; 0 = on demand.",
                                restart, later, within(0, 32768)),
      key<&Wasm::cache_dir>("cache_dir", "Compiled code.", restart, later,
                            Range{"outside `plugins_dir`"}),
  });
  return table;
}

const Table& plugin_keys() {
  static const Table table = [] {
    Table keys = describe_table<PluginConfig>({
        key<&PluginConfig::enabled>(
            "enabled", "Load it. Live for sandboxed plugins only, as all of these.", live, later),
        key<&PluginConfig::permissions>("permissions", "Capabilities beyond the usual ones.", live,
                                        later),
        key<&PluginConfig::deny>("deny", "Capabilities that are taken away.", live, later),
        key<&PluginConfig::strict_capabilities>(
            "strict_capabilities", "Refuse to load it rather than refusing calls.", live, later),
        config::table<&PluginConfig::wasm>("wasm", plugin_wasm_keys(),
                                           "As `[wasm]`, for this plugin.", live, later),
    });
    keys.ignored = {{"path", "plugins are found in `plugins_dir`"}};
    return keys;
  }();
  return table;
}

void inherit_wasm(const void* parent, void* item) {
  static_cast<PluginConfig*>(item)->wasm.limits =
      static_cast<const GlobalConfig*>(parent)->wasm.limits;
}

}  // namespace drawbridge::config
