// What is kept about sleeping servers over restarts, as a file (state_dir/wake.json): how long
// their last starts took, where they are served, what they last answered.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/wake/sleeper.hpp"

namespace drawbridge::core {

using WakeMemories = std::map<std::string, WakeMemory, std::less<>>;

std::string wake_file_text(const WakeMemories& servers);
// An error for what is no such file; entries that make no sense are left out.
Result<WakeMemories> parse_wake_file(std::string_view text);

}  // namespace drawbridge::core
