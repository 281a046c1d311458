#include "app/control_words.hpp"

#include <fmt/format.h>

#include <system_error>

#include "app/daemon.hpp"
#include "base/strings.hpp"
#include "control/control_socket.hpp"

namespace drawbridge::app {

namespace fs = std::filesystem;

namespace {

bool is_service_for(const fs::path& service, const std::optional<fs::path>& config) {
  if (control::is_control_socket_dead(service)) return false;
  if (!config) return true;
  const auto answer = control::ask_control_socket(service, config_file_question);
  return answer && *answer == config_file_answer(config);
}

}  // namespace

std::string config_file_answer(const std::optional<fs::path>& path) {
  std::error_code error;
  const fs::path whole = path ? fs::weakly_canonical(*path, error) : fs::path();
  return fmt::format("{}\n{}\n", exit_ok, (error ? *path : whole).native());
}

Result<fs::path> control_socket_of(const std::optional<fs::path>& config,
                                   const config::Overlays& overlays, const fs::path& service) {
  const config::GlobalFile found = config::find_global_file(config);
  const config::Loaded loaded = config::load_global(found.path, overlays);
  if (!loaded.config) {
    std::string problems;
    for (const config::Problem& problem : loaded.problems) problems += problem.text() + "\n";
    return std::unexpected(Error{.what = std::move(problems)});
  }
  fs::path socket = loaded.config->control.socket;
  if (!loaded.origins.contains("control.socket") && control::is_control_socket_dead(socket) &&
      is_service_for(service, found.path))
    socket = service;
  return socket;
}

ControlReport ask_running_proxy(std::string_view request, const std::optional<fs::path>& config,
                                const config::Overlays& overlays, const fs::path& service) {
  const auto socket = control_socket_of(config, overlays, service);
  if (!socket) return {.text = socket.error().what, .exit_code = exit_config};
  const auto answer = control::ask_control_socket(*socket, request);
  if (!answer) return {.text = answer.error().what + "\n", .exit_code = exit_no_proxy};
  // The first line is the exit code.
  const auto end = answer->find('\n');
  const auto code = parse_int<int>(std::string_view(*answer).substr(0, end));
  if (!code || end == std::string::npos)
    return {.text = "the proxy there is of another version\n", .exit_code = exit_no_proxy};
  return {.text = answer->substr(end + 1), .exit_code = *code};
}

}  // namespace drawbridge::app
