// The words that ask a running proxy over its control socket: status, reload, stop.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "config/load.hpp"

namespace drawbridge::app {

// What to print, and the exit code: 5 if no proxy answered.
struct ControlReport {
  std::string text;
  int exit_code = 0;
};

// `config` and `overlays` say which socket it is, as for `run`.
ControlReport ask_running_proxy(std::string_view request,
                                const std::optional<std::filesystem::path>& config,
                                const config::Overlays& overlays);

}  // namespace drawbridge::app
