// Commands of the console that a running proxy answers over its control socket: how a line is cut
// into words, and how answers read. What they do is the daemon's (daemon.hpp).
//
// An answer that begins with "error:" is a command that was not done; the command line then ends
// with 2.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/server.hpp"

namespace drawbridge::app {

struct ReloadOutcome;

inline constexpr std::string_view error_mark = "error:";

// Words between blanks; double quotes group, and a backslash in them takes the next character as it
// is. Nothing: a quote is left open.
std::optional<std::vector<std::string>> split_command(std::string_view line);
// One line that split_command() cuts into the same words. Line ends become blanks.
std::string join_command(std::span<const std::string> words);

// What a reload came to: changed keys, keys that wait for a restart, servers, problems.
std::string reload_text(const ReloadOutcome& outcome);

// A server and each of its addresses: healthy, left out or drained, and who is there.
std::string server_text(const core::Server& server, TimePoint now);

}  // namespace drawbridge::app
