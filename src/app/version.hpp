// What this program is: version, commit, game versions.
#pragma once

#include <string>

namespace drawbridge::app {

std::string version_text(bool json);
// "0.1.0"
std::string version_number();

}  // namespace drawbridge::app
