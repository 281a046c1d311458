// The files that describe servers, on their way into the registry: read, checked, logged. A file
// that cannot be used is kept as it was read, since what is wrong may lie outside of it (a list of
// networks that is not there yet). Control context.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "control/control_thread.hpp"
#include "control/file_watch.hpp"
#include "core/registry.hpp"
#include "features/files/file_provider.hpp"

namespace drawbridge::app {

class ServerFiles {
 public:
  struct BadFile {
    std::string bytes;
    std::vector<std::string> problems;         // one line each, hints left out
    std::vector<std::filesystem::path> lists;  // of networks, that it names
  };
  struct Hooks {
    std::function<void(const config::Problems&)> tell;  // of a file that is used
    std::function<void()> changed;                      // files changed, and the registry with them
  };

  // All outlive this.
  ServerFiles(control::ControlThread& control, control::FileWatch& watch, core::Registry& registry,
              Hooks hooks);
  ServerFiles(const ServerFiles&) = delete;
  ServerFiles& operator=(const ServerFiles&) = delete;

  // Reads this folder and watches it from now on. Servers of another one that was watched before
  // are taken away.
  void follow(const std::filesystem::path& folder);
  // Looks at everything again, and at the files that were bad in any case.
  void reread();
  // A list of networks changed: whoever names one is read again.
  void reread_lists();

  [[nodiscard]] const std::map<std::string, BadFile>& bad() const { return bad_; }
  [[nodiscard]] std::vector<std::filesystem::path> lists_of_bad() const;
  // Something could not be used or read, at any time.
  [[nodiscard]] bool had_errors() const { return had_errors_; }
  [[nodiscard]] bool folder_unreadable() const { return folder_unreadable_; }
  // What could not be read at all the last time that it was looked at.
  [[nodiscard]] std::size_t faults() const { return faults_; }

 private:
  void take(features::files::FileBatch batch);
  [[nodiscard]] features::files::FileBatch with_bad(features::files::FileBatch batch) const;

  control::ControlThread& control_;
  control::FileWatch& watch_;
  core::Registry& registry_;
  const Hooks hooks_;
  std::filesystem::path folder_;
  std::unique_ptr<features::files::FileProvider> provider_;
  std::map<std::string, BadFile> bad_;
  bool had_errors_ = false;
  bool folder_unreadable_ = false;
  std::size_t faults_ = 0;
};

}  // namespace drawbridge::app
