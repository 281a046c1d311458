// Tables of the global file that are written in files of their own.
#pragma once

#include "config/keys.hpp"

namespace drawbridge::config {

// keys_gate.cpp
const Table& rate_limit_keys();
const Table& geoip_keys();
const Table& ban_keys();
const Table& permissions_keys();
const Table& auth_keys();
// keys_backend.cpp
const Table& forwarding_keys();
const Table& limbo_keys();
const Table& plugin_messaging_keys();
const Table& docker_keys();
const Table& kubernetes_keys();
const Table& http_discovery_keys();
const Table& cluster_keys();
// keys_operator.cpp
const Table& web_keys();
const Table& metrics_keys();
const Table& telemetry_keys();
// keys_plugin.cpp
const Table& events_keys();
const Table& wasm_keys();
const Table& plugin_keys();
// `parent` is a GlobalConfig, `item` a PluginConfig: what is not set for the plugin is what [wasm]
// says.
void inherit_wasm(const void* parent, void* item);

}  // namespace drawbridge::config
