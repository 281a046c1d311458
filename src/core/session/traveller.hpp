// What is kept of an intercepted player so that other servers can be told who it is, and what the
// client said of itself. One allocation a player.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/limbo/limbo_lesson.hpp"
#include "core/profile.hpp"
#include "core/server.hpp"
#include "core/session/luggage.hpp"
#include "mc/host.hpp"

namespace drawbridge::core {

struct Traveller {
  Profile profile;
  mc::Host host;           // that the client asked for
  std::uint16_t port = 0;  // the same
  Luggage luggage;
  std::unique_ptr<LimboLesson> lesson = nullptr;  // of the server that it is on; mostly null
  // The server that the player left of its own accord, or ours, for the one that it is on: where it
  // goes back to if that one does not let it arrive.
  ServerPtr came_from = nullptr;
  TimePoint moved_at{};
  // Servers that have lost it one after the other, so that it is not sent in circles.
  std::vector<std::string> lost_at = {};
};

}  // namespace drawbridge::core
