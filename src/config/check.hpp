// What `drawbridge check` prints and how it ends. Connects to nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace drawbridge::config {

struct CheckOptions {
  // A global file, a folder that holds one, a single server file, or none: what `run` would read.
  std::optional<std::filesystem::path> path;
  bool show = false;    // print the effective values and where each came from
  bool json = false;    // one JSON document instead of lines
  bool strict = false;  // warnings alone end with 3
  // What the rest of the program has to say about all of them together, a warning each; may be
  // empty.
  std::function<std::vector<std::string>(const GlobalConfig&,
                                         const std::vector<LoadedFolder::File>&)>
      conflicts = {};
};

struct CheckResult {
  std::string output;  // for standard output, with a final newline
  int exit_code = 0;   // 0 fine, 2 errors, 3 warnings only with `strict`
};

CheckResult check(const CheckOptions& options, const Overlays& overlays);

}  // namespace drawbridge::config
