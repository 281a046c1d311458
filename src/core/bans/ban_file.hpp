// The ban file on disk. A change is: take the lock, read the file as it is now, change it, replace
// it (config/plain_file.hpp). So several processes and people with editors can change it at the
// same time and nobody's change is lost, and a crash at any moment leaves the old file or the new
// one, whole.
//
// The lock is flock(2) on NAME.lock beside the file; editors do not take it, so the file is looked
// at once more before it is replaced. Blocks on disk: control thread, or a command of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/bans/ban_document.hpp"

namespace drawbridge::core {

struct BanFileRead {
  BanDocument document;
  bool exists = false;
  std::string corrupt;  // not empty: why it cannot be understood; the document is empty then
};

class BanFile {
 public:
  static constexpr std::size_t max_size = std::size_t{256} << 20;

  explicit BanFile(std::filesystem::path path);

  // A missing file is an empty one. An error: it is there and cannot be read.
  [[nodiscard]] Result<BanFileRead> read() const;

  // Calls `change` with what the file holds and writes what is left of it, unless `change` says
  // false. Called again with a fresh document if somebody else was quicker. A corrupt file is an
  // error and stays as it is.
  Result<> edit(const std::function<bool(BanDocument&)>& change);

  // Moves a corrupt file out of the way: NAME.bak, or NAME.bak.2, ... if that is there. Where to.
  Result<std::filesystem::path> set_aside();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // How long edit() waits for somebody else's lock.
  Duration patience = seconds(5);

 private:
  std::filesystem::path path_;
};

}  // namespace drawbridge::core
