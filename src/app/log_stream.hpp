// `drawbridge ctl logs -f`, both ends of it, and `ctl top`, which stays as long as it is looked at.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "config/load.hpp"
#include "control/control_socket.hpp"

namespace drawbridge::app {

// The proxy's end: empty if the request is no `logs -f [--level LEVEL]`. The first thing that comes
// is the exit code, on a line of its own.
control::ControlSocket::Stream log_stream(std::string_view request);

// Whether these words are one of the two that stay.
bool is_to_stay(const std::vector<std::string>& command);
// Shows it until SIGINT, SIGTERM or the proxy ends it, all of which are 0; else as
// ask_running_proxy(). Blocks, and takes those signals for itself for the rest of the process.
int stay_with_proxy(const std::vector<std::string>& command,
                    const std::optional<std::filesystem::path>& config,
                    const config::Overlays& overlays);

}  // namespace drawbridge::app
