// Configuration files: any bytes give a configuration or problems, never a crash, and every problem
// is one readable line with a place inside the file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.hpp"
#include "config/diff.hpp"
#include "config/inactive.hpp"
#include "config/load.hpp"

using namespace drawbridge;
using namespace drawbridge::config;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_problems(const Problems& problems, std::string_view text, bool loaded) {
  require(loaded != has_errors(problems));
  const auto lines = static_cast<int>(std::ranges::count(text, '\n')) + 1;
  for (const Problem& problem : problems) {
    require(!problem.message.empty() && !problem.source.empty());
    require(problem.line >= 0 && problem.line <= lines + 1 && problem.column >= 0);
    const std::string shown = problem.text();
    require(is_valid_utf8(shown));
    require(std::ranges::none_of(
        shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Files that the input names (icons, lists) must not be found.
  const std::string path = "/nonexistent/fuzz.toml";

  const LoadedServer server = load_server(text, path);
  check_problems(server.problems, text, server.config.has_value());
  if (server.config) {
    require(is_id(server.config->id) && !has_errors(server.problems));
    inactive_keys(*server.config);
    protection_missing(*server.config, GlobalConfig());
  }

  const Loaded global = load_global(text, path);
  check_problems(global.problems, text, global.config.has_value());
  if (global.config) {
    inactive_keys(*global.config, global.origins);
    require(!effective_listeners(*global.config).empty());
    require(diff(*global.config, *global.config).empty());
    require(diff(*global.config, without_restart_keys(*global.config, *global.config)).empty());
  }

  // The same bytes as the text of a variable and of a label.
  Overlays overlays;
  overlays.environment = {{"DRAWBRIDGE_LISTENER", std::string(text)},
                          {"DRAWBRIDGE_KICK_MESSAGES__FULL", std::string(text)}};
  overlays.settings.push_back({std::string(text), "1", ""});
  load_global(std::nullopt, overlays);
  load_server_settings({{"domains", std::string(text)}, {std::string(text), "x"}}, "label", "c");
  return 0;
}
