// What is wrong with a configuration, in the log.
#pragma once

#include <string>
#include <vector>

#include "config/problem.hpp"

namespace drawbridge::app {

// A line for each, of its severity's level. Any thread.
void log_problems(const config::Problems& problems);
// One line each; hints are left out.
std::vector<std::string> texts_of(const config::Problems& problems);

}  // namespace drawbridge::app
