// Server files: servers_dir/*.toml. Hands over the bytes of files that changed; parsing is the
// configuration's work.
//
// Of each file its stamp (device, inode, size, times) and a hash of its bytes are kept, not the
// bytes. A change in the folder costs one stat a file and one read a changed file, and files whose
// bytes are the same as before are not reported.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/control_thread.hpp"
#include "control/file_watch.hpp"

namespace drawbridge::features::files {

struct FileChange {
  std::filesystem::path path;        // folder / name, as the folder was given
  std::optional<std::string> bytes;  // nothing: the file is gone
};

// A file (or the folder) that could not be read. What was known of it before stays valid.
struct FileFault {
  std::filesystem::path path;
  std::string what;
};

struct FileBatch {
  std::vector<FileChange> changes;  // by path
  std::vector<FileFault> faults;    // by path; a fault that stays is reported once
  [[nodiscard]] bool empty() const { return changes.empty() && faults.empty(); }
};

// The reading half: a folder's state as of the last scan. No threads, no events.
class FolderSnapshot {
 public:
  // A server file beyond this is a mistake (some other file), not a configuration.
  static constexpr std::size_t max_file_size = std::size_t{4} << 20;

  explicit FolderSnapshot(std::filesystem::path folder);

  // What changed since the last scan; the first time, every file. Counted are regular files (or
  // links to them) whose names end in ".toml" and do not begin with a dot, of the top level. A
  // folder that is missing has no files; one that cannot be read, or a file that cannot, changes
  // nothing and is a fault.
  FileBatch scan();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::size_t size() const { return files_.size(); }
  // Whether the last scan met something it could not read: worth another try, as no event announces
  // a change of rights.
  [[nodiscard]] bool has_faults() const;
  // Files opened and read so far (all scans).
  [[nodiscard]] std::uint64_t reads() const { return reads_; }

 private:
  struct Stamp {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Known {
    Stamp stamp;
    std::uint64_t hash = 0;
    bool loaded = false;  // bytes have been handed over
    bool unsettled =
        false;          // so young when read that a later write may bear the same stamp: read again
    std::string fault;  // why the last read failed
    std::uint64_t seen = 0;  // scan in which it was met
  };

  static Stamp stamp_of(const struct stat& status);
  FileBatch unreadable(int error);
  void visit(int folder, const std::string& name, FileBatch& batch);
  int read(int folder, const std::string& name, Known& known, FileBatch& batch);
  void drop_missing(FileBatch& batch);

  std::filesystem::path folder_;
  std::map<std::string, Known> files_;  // by name
  std::string folder_fault_;
  std::uint64_t scans_ = 0;
  std::uint64_t reads_ = 0;
};

class FileProvider {
 public:
  using OnBatch = std::function<void(FileBatch)>;

  // Control context, as all that follows. Both references outlive the provider.
  FileProvider(control::ControlThread& control, control::FileWatch& watch,
               std::filesystem::path folder, OnBatch on_batch);
  FileProvider(const FileProvider&) = delete;
  FileProvider& operator=(const FileProvider&) = delete;

  // Watches the folder, then reads it: every file. Call once. From then on `on_batch` is called on
  // the control thread with what changed (never with an empty batch).
  [[nodiscard]] FileBatch start();
  // Reads now what changed, for SIGHUP or a command; what it returns is not given to `on_batch`
  // again.
  [[nodiscard]] FileBatch rescan();

  [[nodiscard]] const std::filesystem::path& folder() const { return snapshot_.folder(); }

 private:
  void deliver();

  control::ControlThread& control_;
  control::FileWatch& watch_;
  FolderSnapshot snapshot_;
  OnBatch on_batch_;
  control::FileWatch::Handle handle_;
  control::Timer retry_;
};

}  // namespace drawbridge::features::files
