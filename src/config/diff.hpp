// Which keys differ between two global configurations, sorted by when a change takes effect.
#pragma once

#include <string>
#include <vector>

#include "config/global.hpp"

namespace drawbridge::config {

// Dotted paths in the order of the reference page; a list of tables is `listener[0].bind`, or
// `listener` when a table was added or removed.
struct Changes {
  std::vector<std::string> live;
  std::vector<std::string> new_connections;
  std::vector<std::string> restart;

  [[nodiscard]] bool empty() const {
    return live.empty() && new_connections.empty() && restart.empty();
  }
};

Changes diff(const GlobalConfig& before, const GlobalConfig& after);

// `next` with every restart-only key taken from `running`: what a reload may make live.
GlobalConfig without_restart_keys(const GlobalConfig& running, GlobalConfig next);

}  // namespace drawbridge::config
