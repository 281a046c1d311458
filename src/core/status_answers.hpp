// What a ping is told in each state of a server: the server's MOTD for the state, or the built-in
// text, laid over what the backend last said. An answer is a whole status_response frame, ready to
// be sent. Any thread.
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/status_cache.hpp"
#include "core/texts.hpp"
#include "core/wake/wake_record.hpp"
#include "core/world.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

// The answer that says this JSON.
StatusAnswerPtr answer_of(std::string_view json);
// The JSON inside; valid as long as the answer.
std::string_view json_of(const StatusAnswer& answer);
// No server has the host name.
StatusAnswerPtr unknown_host_answer(const World& world, const TextSubject& subject,
                                    mc::Version version);
// The backend does not answer: no players, and of what was last known (may be null) the favicon,
// the version and the mod data.
StatusAnswerPtr unreachable_answer(const World& world, const Server& server, mc::Version version,
                                   const StatusAnswerPtr& last_known);
// The server is being worked on: its backend is not asked.
StatusAnswerPtr maintenance_answer(const World& world, const Server& server, mc::Version version);
// The server sleeps, starts, stops or has crashed; the rest as of one that does not answer.
StatusAnswerPtr state_answer(const World& world, const Server& server, const WakeLook& look,
                             mc::Version version, TimePoint now);
// A limbo, which is always there.
StatusAnswerPtr limbo_answer(const World& world, const Server& server, mc::Version version);
// The backend's own answer with motd.online laid over it. An error: `json` is no status.
Result<StatusAnswerPtr> online_answer(const World& world, const Server& server, mc::Version version,
                                      std::string_view json);

}  // namespace drawbridge::core
