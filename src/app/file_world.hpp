// The world that the files alone make, without a running proxy: what `route` and `check` look at.
// Nothing is written and nobody is asked; a forwarding secret is not looked at.
#pragma once

#include <memory>
#include <vector>

#include "config/load.hpp"
#include "core/world.hpp"

namespace drawbridge::app {

// `files` as load_folder() gives them: no id twice.
core::WorldPtr world_of_files(std::shared_ptr<const config::GlobalConfig> global,
                              const std::vector<config::LoadedFolder::File>& files);

}  // namespace drawbridge::app
