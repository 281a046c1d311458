// What `drawbridge status` prints, made by the running proxy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/gate/refusals.hpp"

namespace drawbridge::app {

// One table of a rate limit: how full it is, and how often a source had to share with neighbours
// because it was.
struct RateTableFacts {
  std::string name;
  std::size_t sources = 0;
  std::size_t places = 0;
  std::uint64_t shared = 0;
};

struct StatusFacts {
  std::string version;
  Duration uptime{};
  std::uint32_t connections = 0;
  std::size_t servers = 0;
  std::size_t bans = 0;
  core::RefusalReport refusals;  // of the last hour
  std::vector<RateTableFacts> rate_tables;
};

// For people: the refusals by reason, most first, and the sources that caused most of them.
std::string status_text(const StatusFacts& facts);
std::string status_json(const StatusFacts& facts);

}  // namespace drawbridge::app
