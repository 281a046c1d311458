#include "app/file_world.hpp"

#include <utility>

#include "core/registry.hpp"

namespace drawbridge::app {

FileWorld world_of_files(std::shared_ptr<const config::GlobalConfig> global,
                         const std::vector<config::LoadedFolder::File>& files) {
  core::ServerStates states;
  core::BackendPools pools;
  core::Registry registry(states, pools);
  registry.set_global(std::move(global));
  for (const auto& file : files)
    registry.submit(core::Provider::file, file.path.string(), file.server);
  FileWorld out;
  out.world = registry.build().world;
  out.conflicts = registry.conflicts();
  return out;
}

}  // namespace drawbridge::app
