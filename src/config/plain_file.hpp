// Files that we read whole and write anew: bans, drained addresses, the secret, what is remembered
// over a restart. Reading never waits (a named pipe in the place of a file is refused) and has a
// cap. Writing never leaves half a file: the new text is written beside the old one, forced to
// disk, and renamed over it, so a crash at any moment leaves the old file or the new one.
//
// Blocks on disk. Errors (of the proxy) do not name the file, and read on behind its name:
// "cannot be read: Permission denied", "is no plain file".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge::config {

// Tells one state of a file from the next.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;                         // -1: there is no file
  std::int64_t modified = 0, changed = 0;  // nanoseconds since 1970
  bool operator==(const FileStamp&) const = default;
};

struct PlainFile {
  std::string text;
  FileStamp stamp;
  mode_t rights = 0;  // the last four octal digits

  [[nodiscard]] bool exists() const { return stamp.size >= 0; }
};

// A missing file is one without text. Errors: not to be read, not a plain file, larger than `most`.
Result<PlainFile> read_plain_file(const std::filesystem::path& path, std::size_t most);

// The folder must be there; links are followed. The rights of a file that is replaced stay; a new
// one gets `rights`, whatever the umask. Written by root, it belongs to the owner of the old file,
// else of the folder: the proxy, which is not root, must be able to read it.
Result<> replace_file(const std::filesystem::path& path, std::string_view text, mode_t rights);
// The same, but nothing is replaced. False: there is one already.
Result<bool> create_file(const std::filesystem::path& path, std::string_view text, mode_t rights);

// Gives `change` what the file holds and replaces it by what comes back; nothing: it stays. Looks
// once more before it writes, and begins anew if somebody else, an editor, was quicker.
using FileChange = std::function<Result<std::optional<std::string>>(const PlainFile&)>;
Result<> edit_file(const std::filesystem::path& path, std::size_t most, mode_t rights,
                   const FileChange& change);

}  // namespace drawbridge::config
