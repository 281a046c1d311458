// What this program is: version, commit, game versions.
#pragma once

#include <string>

namespace drawbridge::app {

std::string version_text(bool json);

}  // namespace drawbridge::app
