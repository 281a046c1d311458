#include "app/version.hpp"

#include <fmt/format.h>

#include "mc/version.hpp"

// Both come from the build (src/app/CMakeLists.txt).
#ifndef DRAWBRIDGE_VERSION
#define DRAWBRIDGE_VERSION "unknown"
#endif
#ifndef DRAWBRIDGE_COMMIT
#define DRAWBRIDGE_COMMIT "unknown"
#endif

namespace drawbridge::app {

std::string version_text(bool json) {
  const std::string oldest = mc::release_name(mc::oldest_known);
  const std::string newest = mc::release_name(mc::newest_known);
  if (json)
    return fmt::format(
        "{{\"version\":\"{}\",\"commit\":\"{}\",\"game\":{{\"oldest\":\"{}\",\"newest\":\"{}\"}}}}"
        "\n",
        DRAWBRIDGE_VERSION, DRAWBRIDGE_COMMIT, oldest, newest);
  return fmt::format(
      "drawbridge {} ({})\nforwards every version of the game; knows {} to {} by name\n",
      DRAWBRIDGE_VERSION, DRAWBRIDGE_COMMIT, oldest, newest);
}

std::string version_number() {
  return DRAWBRIDGE_VERSION;
}

}  // namespace drawbridge::app
