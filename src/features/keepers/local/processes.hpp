// The programs of this machine, by server, and the keeper that speaks for one of them.
//
// Control context.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/keeper.hpp"
#include "control/control_thread.hpp"
#include "features/keepers/keepers.hpp"
#include "features/keepers/local/program.hpp"

namespace drawbridge::features::keepers::local {

class Processes {
 public:
  // Reads who may still run from before. `control` outlives it.
  Processes(control::ControlThread& control, std::filesystem::path state_dir);
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  std::unique_ptr<api::Keeper> make(const KeeperOrder& order);
  // Ends those that end with the proxy, also where no server's file speaks of them any more.
  void end_all(const std::function<void()>& done);

 private:
  void load();
  void save();
  [[nodiscard]] std::filesystem::path file() const { return state_dir_ / "processes.json"; }

  control::ControlThread& control_;
  std::filesystem::path state_dir_;
  std::map<std::string, ProgramNote, std::less<>> found_;  // and not adopted yet
  std::map<std::string, std::shared_ptr<Program>, std::less<>> programs_;
  bool save_failed_ = false;
  bool loaded_ = false;
};

}  // namespace drawbridge::features::keepers::local
