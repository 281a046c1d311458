// Which lines of the log pass: a level for everything, and others for single targets. Internal to
// the log.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"

namespace drawbridge::log {

struct Filter {
  Level everything = Level::info;
  std::vector<std::pair<std::string, Level>> targets;

  [[nodiscard]] Level level_of(std::string_view target) const {
    for (const auto& [name, level] : targets)
      if (name == target) return level;
    return everything;
  }
  [[nodiscard]] Level most_verbose() const {
    Level lowest = everything;
    for (const auto& [name, level] : targets) lowest = std::min(lowest, level);
    return lowest;
  }
};

// The notation of set_filter().
Result<Filter> parse_filter(std::string_view text);
std::string_view name_of(Level level);

}  // namespace drawbridge::log
