// How some answers of commands read. What the commands do is in commands/.
#pragma once

#include <string>

#include "api/command.hpp"
#include "base/clock.hpp"
#include "core/server.hpp"

namespace drawbridge::app {

struct ReloadOutcome;

// What a reload came to: changed keys, keys that wait for a restart, servers, problems.
api::Answer reload_answer(const ReloadOutcome& outcome);

// A server and each of its addresses: healthy, left out or drained, and who is there.
std::string server_text(const core::Server& server, TimePoint now);

}  // namespace drawbridge::app
