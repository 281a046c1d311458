// The secret that proves to backends that a player comes through this proxy
// (forwarding.secret_file, for `velocity` and `bungee_guard`). The file holds nothing but the
// secret, so that it can be copied or mounted as it is; a final line end does not count.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace drawbridge::config {

struct Secret {
  std::string value;                  // never empty; UTF-8 in one line; never logged
  std::vector<std::string> warnings;  // for the log: who else may read it, how short it is
  bool is_new = false;                // made just now
};

// Errors and warnings do not name the file; errors read on behind its name. An error (of the
// proxy): missing, not a file, empty, not to be read, not one line of text, longer than 4 KiB.
Result<Secret> read_secret(const std::filesystem::path& file);
// The same, but a missing file is made: 32 letters and digits from the system's generator, rights
// 0600.
Result<Secret> read_or_make_secret(const std::filesystem::path& file);

}  // namespace drawbridge::config
