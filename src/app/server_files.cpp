#include "app/server_files.hpp"

#include <algorithm>
#include <utility>

#include "app/gate_files.hpp"
#include "app/problem_log.hpp"
#include "base/log.hpp"
#include "config/inactive.hpp"

namespace drawbridge::app {

ServerFiles::ServerFiles(control::ControlThread& control, control::FileWatch& watch,
                         core::Registry& registry, Hooks hooks)
    : control_(control), watch_(watch), registry_(registry), hooks_(std::move(hooks)) {}

void ServerFiles::follow(const std::filesystem::path& folder) {
  for (const auto& file : registry_.described_by_files())
    registry_.withdraw(core::Provider::file, file.path.string());
  bad_.clear();
  folder_ = folder;
  provider_ = std::make_unique<features::files::FileProvider>(
      control_, watch_, folder_, [this](features::files::FileBatch batch) {
        take(std::move(batch));
        hooks_.changed();
      });
  take(provider_->start());
}

void ServerFiles::reread() {
  take(with_bad(provider_->rescan()));
}

void ServerFiles::reread_lists() {
  for (const auto& file : registry_.described_by_files()) {
    if (!names_lists(*file.server.config)) continue;
    config::LoadedServer loaded = config::load_server_file(file.path);
    hooks_.tell(loaded.problems);
    registry_.submit(core::Provider::file, file.path.string(), std::move(loaded));
  }
  features::files::FileBatch again;  // what was wrong may have been the list
  for (const auto& [path, bad] : bad_)
    if (!bad.lists.empty()) again.changes.push_back({.path = path, .bytes = bad.bytes});
  take(std::move(again));
}

std::vector<std::filesystem::path> ServerFiles::lists_of_bad() const {
  std::vector<std::filesystem::path> lists;
  for (const auto& [path, bad] : bad_)
    lists.insert(lists.end(), bad.lists.begin(), bad.lists.end());
  return lists;
}

// A file may be bad because of another (a list that was not there), and be good now.
features::files::FileBatch ServerFiles::with_bad(features::files::FileBatch batch) const {
  std::map<std::string, BadFile> unchanged = bad_;
  for (const auto& change : batch.changes) unchanged.erase(change.path.string());
  for (auto& [path, bad] : unchanged)
    batch.changes.push_back({.path = path, .bytes = std::move(bad.bytes)});
  std::ranges::sort(batch.changes, {}, &features::files::FileChange::path);
  return batch;
}

void ServerFiles::take(features::files::FileBatch batch) {
  faults_ = batch.faults.size();
  for (const auto& fault : batch.faults) {
    log::error("config", "cannot be read; what was known of it stays",
               {{"path", fault.path.string()}, {"reason", fault.what}});
    had_errors_ = true;
    if (fault.path == folder_) folder_unreadable_ = true;
  }
  for (const auto& change : batch.changes) {
    const std::string key = change.path.string();
    if (!change.bytes) {
      bad_.erase(key);
      registry_.withdraw(core::Provider::file, key);
      continue;
    }
    config::LoadedServer loaded = config::load_server(*change.bytes, change.path);
    if (loaded.config) {
      hooks_.tell(loaded.problems);
      bad_.erase(key);
      for (const std::string& inactive : config::inactive_keys(*loaded.config))
        log::warn("config", "accepted, not active yet", {{"file", key}, {"key", inactive}});
    } else {
      log_problems(loaded.problems);
      bad_[key] = {
          .bytes = *change.bytes, .problems = texts_of(loaded.problems), .lists = loaded.lists};
      had_errors_ = true;
      log::error("config",
                 "server file not used; its last good version, if there is one, stays live",
                 {{"file", key}});
    }
    registry_.submit(core::Provider::file, key, std::move(loaded));
  }
}

}  // namespace drawbridge::app
