// All servers that sleep: one Sleeper each, made and changed as worlds come, and what is kept about
// them over restarts.
//
// Control context, except knock().
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/keeper.hpp"
#include "base/result.hpp"
#include "control/control_thread.hpp"
#include "core/services.hpp"
#include "core/wake/knock.hpp"
#include "core/wake/sleeper.hpp"
#include "core/wake/wake_budget.hpp"
#include "core/world.hpp"

namespace drawbridge::core {

class Desk;

class Waker {
 public:
  // Null: there is none for this server, and the log says why.
  using MakeKeeper = std::function<std::unique_ptr<api::Keeper>(
      const config::ServerConfig&, const config::GlobalConfig&, api::KeeperReports)>;
  // Runs a function on some worker's thread, with its desk.
  using OnDesk = std::function<void(std::function<void(Desk&)>)>;

  struct Parts {
    control::ControlThread& control;
    Services& services;
    OnDesk on_desk;
    MakeKeeper make_keeper;
    std::filesystem::path state_dir;  // made when there is something to keep
  };
  // All parts outlive it; the workers have ended before it goes.
  explicit Waker(Parts parts);
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // Servers that came, changed and went.
  void set_world(const WorldPtr& world);

  // Any thread. The answer comes on the control thread, once, unless nobody waits any more.
  void knock(Knock knock, WakeWaiter waiter);

  // For commands, the API and providers. Errors: no such server, or none that sleeps; its keeper
  // cannot. A start is told when it is under way, a stop when it was asked for.
  Result<> start(std::string_view server, api::WakeRequest request);
  Result<> stop(std::string_view server, std::string why);

  [[nodiscard]] const WakeBudget& budget() const { return budget_; }

  // What has to end with the proxy is stopped; `done` is called when that has happened.
  void proxy_ends(std::function<void()> done);

 private:
  void sync(const ServerPtr& server, const config::GlobalConfig& global);
  void employ(Sleeper& sleeper, const ServerPtr& server, const config::GlobalConfig& global);
  void ping(const ServerPtr& server, std::function<void(PingOutcome)> done);
  Sleeper* find(std::string_view id);
  void load();
  void save_soon();
  void save();

  Parts parts_;
  WakeBudget budget_;
  SleeperTools tools_;
  std::map<std::string, WakeMemory, std::less<>> remembered_;  // of servers without a sleeper
  std::map<std::string, std::unique_ptr<Sleeper>, std::less<>> sleepers_;
  control::Timer save_timer_;
  bool unsaved_ = false;
  bool save_failed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace drawbridge::core
