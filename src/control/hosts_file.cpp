#include "control/hosts_file.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/strings.hpp"

namespace drawbridge::control {

namespace {
constexpr off_t max_size = off_t{4} << 20;
}

bool same_file_state(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

const std::vector<IpAddress>& HostsFile::find(const std::string& name) {
  static const std::vector<IpAddress> none;
  struct stat now{};
  if (stat(path_.c_str(), &now) != 0) now = {};
  if (!same_file_state(now, seen_)) {
    seen_ = now;
    reload();
  }
  const auto found = names_.find(name);
  return found == names_.end() ? none : found->second;
}

void HostsFile::reload() {
  names_.clear();
  if (!S_ISREG(seen_.st_mode) || seen_.st_size > max_size) return;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    words >> word;
    const auto address = IpAddress::parse(word);
    if (!address) continue;
    while (words >> word) {
      auto& known = names_[lowered(word)];
      if (std::find(known.begin(), known.end(), *address) == known.end()) known.push_back(*address);
    }
  }
}

}  // namespace drawbridge::control
