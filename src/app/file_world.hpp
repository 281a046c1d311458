// The world that the files alone make, without a running proxy: what `route` and `check` look at.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "core/world.hpp"

namespace drawbridge::app {

struct FileWorld {
  core::WorldPtr world;
  std::vector<std::string> conflicts;  // as the running program would log them
};

// Of two files with one id the first counts.
FileWorld world_of_files(std::shared_ptr<const config::GlobalConfig> global,
                         const std::vector<config::LoadedFolder::File>& files);

}  // namespace drawbridge::app
