// The built-in ban store of a running proxy: reads the ban file, notices when anybody changes it
// (another process, an editor, a command), and takes bans out of it that have run out. Every change
// is handed on as a new BanList.
//
// Control context only. What it does on disk it does there: with 100,000 bans a purge that finds
// something holds the control thread for as long as reading and writing the file takes.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "config/global.hpp"
#include "control/control_thread.hpp"
#include "control/file_watch.hpp"
#include "core/bans/ban_file.hpp"
#include "core/bans/ban_list.hpp"

namespace drawbridge::core {

class BanStore {
 public:
  using OnChange = std::function<void(BanListPtr)>;

  // `control` outlives the store.
  BanStore(control::ControlThread& control, OnChange on_change);
  BanStore(const BanStore&) = delete;
  BanStore& operator=(const BanStore&) = delete;

  // Begins, or goes on with other settings; the file is that of the first call (a restart key).
  // With a provider other than "builtin" nobody is banned by this store. An error: the file is
  // there and cannot be read (the bans in it would not hold). A corrupt one is moved away.
  Result<> configure(const config::Ban& settings);
  // Reads the file again.
  void reload();
  [[nodiscard]] const BanListPtr& bans() const { return list_; }  // null: none
  // Bans in force, those that have just run out included.
  [[nodiscard]] std::size_t size() const { return list_ ? list_->bans().size() : 0; }

 private:
  Result<> begin();
  void take_over(BanFileRead read);
  void hand_on(std::vector<Ban> bans);
  void purge();
  void schedule_purge();
  void complain(const std::string& problem);

  control::ControlThread& control_;
  OnChange on_change_;
  control::FileWatch watch_;
  control::FileWatch::Handle handle_;
  control::Timer purge_timer_;
  config::Ban settings_;
  std::unique_ptr<BanFile> file_;  // null: not begun, or not our business
  BanListPtr list_;
  std::string last_problem_;  // said once
};

}  // namespace drawbridge::core
