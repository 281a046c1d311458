// What `drawbridge check` prints and how it ends. Connects to nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "config/tree.hpp"

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

// One key as it holds, secrets blotted out.
struct ShownValue {
  std::string path;     // dotted
  Node value;           // of kind `other` where there is none
  std::string without;  // what holds while there is no value
  std::string origin;   // "default", "drawbridge.toml:3", ...

  [[nodiscard]] std::string text() const;  // as TOML would write it, "(none)" without a value
};
// Every key of a file, in the order of the reference.
std::vector<ShownValue> shown_values(const GlobalConfig& config, const Origins& origins);
std::vector<ShownValue> shown_values(const ServerConfig& config, const Origins& origins);

}  // namespace drawbridge::config
