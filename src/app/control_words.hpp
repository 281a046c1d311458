// The words that ask a running proxy over its control socket: status, reload, stop.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/load.hpp"

namespace drawbridge::app {

// What to print, and the exit code: 5 if no proxy answered.
struct ControlReport {
  std::string text;
  int exit_code = 0;
};

// Where the service's unit has it; a shell does not know RUNTIME_DIRECTORY.
inline constexpr std::string_view service_socket = "/run/drawbridge/drawbridge.sock";

// Where the proxy of this configuration has its socket. An error: the configuration cannot be read,
// with a line for each problem.
Result<std::filesystem::path> control_socket_of(
    const std::optional<std::filesystem::path>& config, const config::Overlays& overlays,
    const std::filesystem::path& service = service_socket);

// `config` and `overlays` say which socket it is, as for `run`. Where nobody listens there, and the
// configuration names none, the service is asked: if there is no configuration here, or it is the
// one that the service runs with. So no command ever reaches the proxy of another configuration.
ControlReport ask_running_proxy(std::string_view request,
                                const std::optional<std::filesystem::path>& config,
                                const config::Overlays& overlays,
                                const std::filesystem::path& service = service_socket);

// Which file the running proxy was configured by, and its answer: the exit code, then the file's
// whole path (empty: none), a line each.
inline constexpr std::string_view config_file_question = "--config-file";
std::string config_file_answer(const std::optional<std::filesystem::path>& path);

}  // namespace drawbridge::app
