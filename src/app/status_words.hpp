// What `drawbridge status` prints, made by the running proxy.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "core/gate/refusals.hpp"

namespace drawbridge::app {

struct StatusFacts {
  std::string version;
  Duration uptime{};
  std::uint32_t connections = 0;
  std::size_t servers = 0;
  std::size_t bans = 0;
  core::RefusalReport refusals;  // of the last hour
};

// For people: the refusals by reason, most first, and the sources that caused most of them.
std::string status_text(const StatusFacts& facts);
std::string status_json(const StatusFacts& facts);

}  // namespace drawbridge::app
