// `drawbridge route HOST`: which server a host name takes, and why the others did not. Reads the
// files, asks nobody.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "config/load.hpp"
#include "core/world.hpp"

namespace drawbridge::app {

struct RouteQuestion {
  std::string host;
  std::optional<std::string> listener;  // by name or bind text; none: the first
  // Of the player: a protocol number and an address. Both are checked and named in the answer; no
  // route depends on them.
  std::optional<std::int32_t> protocol;
  std::optional<std::string> ip;
};

struct RouteReport {
  std::string text;
  int exit_code = 0;                       // 0 found, 2 bad configuration or question, 4 no route
  std::optional<std::string> server = {};  // the id, if one was found
};

RouteReport explain_route(const RouteQuestion& question,
                          const std::optional<std::filesystem::path>& config,
                          const config::Overlays& overlays);

// The same of a world that is at hand.
RouteReport explain_route(const RouteQuestion& question, const core::World& world);

}  // namespace drawbridge::app
