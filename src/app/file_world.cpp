#include "app/file_world.hpp"

#include <algorithm>
#include <utility>

#include "config/inactive.hpp"
#include "core/services.hpp"

namespace drawbridge::app {

core::WorldPtr world_of_files(std::shared_ptr<const config::GlobalConfig> global,
                              const std::vector<config::LoadedFolder::File>& files) {
  std::vector<core::ServerPtr> servers;
  for (const auto& file : files) {
    if (!file.server.config) continue;
    auto server = std::make_shared<core::Server>();
    server->config = *file.server.config;
    server->provider = core::Provider::file;
    server->withheld = config::protection_missing(server->config, *global);
    servers.push_back(std::move(server));
  }
  std::ranges::sort(servers, {}, [](const core::ServerPtr& server) { return server->id(); });
  core::GateMemory memory;  // nobody connects to this world
  return core::make_world(std::move(global), std::move(servers), {}, memory, {.generation = 1});
}

}  // namespace drawbridge::app
