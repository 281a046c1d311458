// The sources of servers besides the files, and the Docker engine that keepers use as well: made,
// changed and taken away as the global file says. What they find goes into the registry.
//
// Control context only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/global.hpp"
#include "control/control_thread.hpp"
#include "control/docker_engine.hpp"
#include "control/http_client.hpp"
#include "core/desk.hpp"
#include "core/registry.hpp"
#include "features/docker/docker_provider.hpp"
#include "features/http_discovery/discovery.hpp"

namespace drawbridge::app {

// What providers are told and may ask for, beside the registry.
struct ProviderHooks {
  std::function<void()> changed;  // the registry knows something new
  // How all servers are; see features/http_discovery/discovery.hpp.
  std::function<void(std::function<void(std::vector<features::http_discovery::ReportedServer>)>)>
      look;
  std::function<Result<>(const std::string& id, bool start)> act;
};

class Providers {
 public:
  // All outlive this.
  Providers(control::ControlThread& control, control::HttpClient& http, core::Registry& registry,
            ProviderHooks hooks);

  // Fits everything to these values. What is no longer configured takes its servers along.
  void follow(const config::GlobalConfig& global);
  // Reads everything anew.
  void resync();

  [[nodiscard]] control::DockerEngine& docker_engine() { return engine_; }

 private:
  void follow_docker(const std::optional<config::Docker>& wanted);
  void take(features::docker::DockerBatch batch);
  void follow_discovery(const std::optional<config::HttpDiscovery>& wanted);
  void take(features::http_discovery::DiscoveryBatch batch);

  control::ControlThread& control_;
  control::HttpClient& http_;
  core::Registry& registry_;
  const ProviderHooks hooks_;
  control::DockerEngine engine_;
  std::optional<config::Docker> docker_settings_;
  std::unique_ptr<features::docker::DockerProvider> docker_;
  std::optional<config::HttpDiscovery> discovery_settings_;
  std::unique_ptr<features::http_discovery::HttpDiscovery> discovery_;
};

// The servers of this world and who plays there, by id.
std::vector<features::http_discovery::ReportedServer> report_of(
    const core::World& world, const std::vector<core::PlayerNote>& players);

// Logs what is wrong with a description, and what of it this build does not act on.
void log_description(const config::LoadedServer& loaded, std::string_view source);

}  // namespace drawbridge::app
