#include "app/providers.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>

#include "app/problem_log.hpp"
#include "base/log.hpp"
#include "config/grammar.hpp"
#include "config/inactive.hpp"
#include "control/docker_container.hpp"

namespace drawbridge::app {

namespace {

std::string text_of_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

control::DockerEngineOptions engine_options(const config::Docker& docker) {
  return {.endpoint = docker.endpoint,
          .shown = config::redact_url(docker.endpoint),
          .tls = {.authorities = docker.tls.ca.value_or(""),
                  .certificate = docker.tls.cert.value_or(""),
                  .key = docker.tls.key.value_or("")},
          .reconnect_delay = docker.reconnect_delay};
}

}  // namespace

void log_description(const config::LoadedServer& loaded, std::string_view source) {
  log_problems(loaded.problems);
  if (!loaded.config) {
    log::error("config", "description not used; its last good version, if there is one, stays live",
               {{"source", source}});
    return;
  }
  for (const std::string& inactive : config::inactive_keys(*loaded.config))
    log::warn("config", "accepted, not active yet", {{"source", source}, {"key", inactive}});
}

std::vector<features::http_discovery::ReportedServer> report_of(
    const core::World& world, const std::vector<core::PlayerNote>& players) {
  std::vector<features::http_discovery::ReportedServer> out;
  for (const core::ServerPtr& server : world.servers)
    out.push_back({.id = server->id(),
                   .state = std::string(core::name_of(server->wake ? server->wake->state()
                                                                   : core::WakeState::unknown)),
                   .connections = server->state->players(),
                   .players = {}});
  for (const core::PlayerNote& player : players)
    if (const auto index = world.index_of(player.server))
      out[*index].players.push_back({.name = player.name,
                                     .uuid = player.uuid,
                                     .verified = player.verified,
                                     .since = player.since});
  // Always in one order, so that nothing seems to have changed.
  for (auto& server : out)
    std::ranges::sort(server.players, {},
                      [](const auto& one) { return std::tie(one.since, one.name); });
  return out;
}

Providers::Providers(control::ControlThread& control, control::HttpClient& http,
                     core::Registry& registry, ProviderHooks hooks)
    : control_(control),
      http_(http),
      registry_(registry),
      hooks_(std::move(hooks)),
      engine_(control, http) {}

void Providers::follow(const config::GlobalConfig& global) {
  follow_docker(global.docker);
  follow_discovery(global.http_discovery);
}

void Providers::resync() {
  if (docker_) docker_->resync();
  if (discovery_) discovery_->fetch();
}

// --- Docker

void Providers::follow_docker(const std::optional<config::Docker>& wanted) {
  if (wanted == docker_settings_) return;
  docker_.reset();
  engine_.configure(engine_options(wanted.value_or(config::Docker())));
  docker_settings_ = wanted;
  // What the old settings brought stays until the new ones have brought theirs: no gap.
  if (!wanted) {
    registry_.withdraw_all(core::Provider::docker);
    registry_.offer_default({});
    return;
  }
  docker_ = std::make_unique<features::docker::DockerProvider>(
      control_, engine_, *wanted, control::own_container_id(text_of_file("/proc/self/mountinfo")),
      [this, first = true](features::docker::DockerBatch batch) mutable {
        if (std::exchange(first, false)) registry_.withdraw_all(core::Provider::docker);
        take(std::move(batch));
      });
}

void Providers::take(features::docker::DockerBatch batch) {
  for (auto& [id, loaded] : batch.described) {
    log_description(loaded, "docker " + id);
    registry_.submit(core::Provider::docker, id, std::move(loaded));
  }
  for (const std::string& id : batch.gone) registry_.withdraw(core::Provider::docker, id);
  registry_.offer_default(std::move(batch.default_server));
  hooks_.changed();
}

// --- The list of a URL

void Providers::follow_discovery(const std::optional<config::HttpDiscovery>& wanted) {
  if (wanted == discovery_settings_) return;
  discovery_.reset();
  discovery_settings_ = wanted;
  if (!wanted) {
    registry_.withdraw_all(core::Provider::http);
    return;
  }
  features::http_discovery::DiscoveryHooks hooks;
  hooks.on_batch = [this, first = true](features::http_discovery::DiscoveryBatch batch) mutable {
    if (std::exchange(first, false)) registry_.withdraw_all(core::Provider::http);
    take(std::move(batch));
  };
  hooks.look = hooks_.look;
  hooks.act = hooks_.act;
  discovery_ = std::make_unique<features::http_discovery::HttpDiscovery>(control_, http_, *wanted,
                                                                         std::move(hooks));
}

void Providers::take(features::http_discovery::DiscoveryBatch batch) {
  for (auto& [id, loaded] : batch.described) {
    log_description(loaded, "http_discovery " + id);
    registry_.submit(core::Provider::http, id, std::move(loaded));
  }
  for (const std::string& id : batch.gone) registry_.withdraw(core::Provider::http, id);
  hooks_.changed();
}

}  // namespace drawbridge::app
