// The hosts file (hosts(5)), kept parsed and read again when it changes. For the .cpp files of this
// folder.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip.hpp"

namespace drawbridge::control {

class HostsFile {
 public:
  explicit HostsFile(std::filesystem::path path) : path_(std::move(path)) {}

  // The addresses of `name` (lower case) in the order of the file, perhaps none. A file that is
  // missing, cannot be read or is larger than 4 MiB has no names; lines that are not understood are
  // skipped.
  const std::vector<IpAddress>& find(const std::string& name);

 private:
  void reload();

  std::filesystem::path path_;
  struct stat seen_{};
  std::unordered_map<std::string, std::vector<IpAddress>> names_;
};

// Whether two stat() results are of the same unchanged file.
bool same_file_state(const struct stat& a, const struct stat& b);

}  // namespace drawbridge::control
