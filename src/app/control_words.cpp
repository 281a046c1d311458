#include "app/control_words.hpp"

#include "app/daemon.hpp"
#include "base/strings.hpp"
#include "control/control_socket.hpp"

namespace drawbridge::app {

namespace {

// Where the service's unit has it; a shell does not know RUNTIME_DIRECTORY.
constexpr std::string_view service_socket = "/run/drawbridge/drawbridge.sock";

}  // namespace

ControlReport ask_running_proxy(std::string_view request,
                                const std::optional<std::filesystem::path>& config,
                                const config::Overlays& overlays) {
  const config::GlobalFile found = config::find_global_file(config);
  const config::Loaded loaded = config::load_global(found.path, overlays);
  if (!loaded.config) {
    std::string problems;
    for (const config::Problem& problem : loaded.problems) problems += problem.text() + "\n";
    return {.text = problems, .exit_code = exit_config};
  }
  auto answer = control::ask_control_socket(loaded.config->control.socket, request);
  if (!answer && !loaded.origins.contains("control.socket")) {
    auto service = control::ask_control_socket(service_socket, request);
    if (service) answer = std::move(service);
  }
  if (!answer) return {.text = answer.error().what + "\n", .exit_code = exit_no_proxy};
  // The first line is the exit code.
  const auto end = answer->find('\n');
  const auto code = parse_int<int>(std::string_view(*answer).substr(0, end));
  if (!code || end == std::string::npos)
    return {.text = "the proxy there is of another version\n", .exit_code = exit_no_proxy};
  return {.text = answer->substr(end + 1), .exit_code = *code};
}

}  // namespace drawbridge::app
