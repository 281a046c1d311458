// Notices that configuration files change, by inotify. The path to a file is watched as well as the
// file: every folder on the way, through symbolic links, so that a folder that is missing yet, one
// that is replaced by another, an editor that replaces a file by renaming, and Kubernetes' swap of
// the `..data` link are all the same case. Folders on the way only count for the one name that
// leads on, so a busy neighbour costs a wake-up at most.
//
// Nothing is lost between loading and watching if the caller watches first and reads then.
// A change of owner, rights or times alone is not reported (touch(1) is, as it opens the file for
// writing: the callback is a hint). File systems that bring no events (NFS) need SIGHUP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "control/control_thread.hpp"

namespace drawbridge::control {

struct FileWatchOptions {
  Duration quiet = milliseconds{300};  // a batch ends after this long without a change,
  Duration at_most = seconds{2};       // but at the latest this long after its first
  std::size_t max_paths =
      1000;  // more changed paths than this in a batch are reported as "anything"
};

// Paths that changed, as they were asked for (the watched path, or the watched folder / name), each
// once. Empty: anything may have changed. A hint only: read again what matters.
using ChangedPaths = std::vector<std::filesystem::path>;

class FileWatch {
  struct State;

 public:
  using OnChange = std::function<void(const ChangedPaths&)>;

  // Keeps one watch alive; destroying it ends the watch, and the callback is certain not to run any
  // more. Control context. May outlive its FileWatch.
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&&) noexcept = default;
    Handle& operator=(Handle&& other) noexcept;
    ~Handle() { release(); }
    void release();

   private:
    friend class FileWatch;
    Handle(std::weak_ptr<State> state, std::uint64_t id) : state_(std::move(state)), id_(id) {}
    std::weak_ptr<State> state_;
    std::uint64_t id_ = 0;
  };

  // Control context, as all that follows and the destructor. Without inotify (descriptor limit) it
  // says so in the log and never calls back.
  explicit FileWatch(ControlThread& control, FileWatchOptions options = {});
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Calls `on_change` on the control thread when an entry of the folder appears, changes or goes
  // (top level only), or the folder itself does. It may be missing. On return everything that
  // happens from now on is seen. Entries that are symbolic links are followed (the first
  // `max_paths` of them).
  [[nodiscard]] Handle watch_folder(const std::filesystem::path& folder, OnChange on_change);
  // The same for one file, which may be missing.
  [[nodiscard]] Handle watch_file(const std::filesystem::path& file, OnChange on_change);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace drawbridge::control
