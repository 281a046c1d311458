// One server that is started and stopped by us: its state (wake_state.hpp), the keeper that does
// it, those who wait for it, and the clocks: how often it is looked at, when a start has failed,
// when it has been empty for long enough.
//
// Control thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/keeper.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/control_thread.hpp"
#include "core/gate/rules.hpp"
#include "core/server.hpp"
#include "core/wake/knock.hpp"
#include "core/wake/wake_budget.hpp"
#include "core/wake/wake_record.hpp"

namespace drawbridge::core {

// What sleepers share. Outlives them.
struct SleeperTools {
  control::ControlThread& control;
  WakeBudget& budget;
  // Pings it once; calls back on the control thread, later.
  std::function<void(ServerPtr, std::function<void(PingOutcome)>)> ping;
  // It became online, or it went: what the status cache holds is not fresh any more.
  std::function<void(const Server&)> status_changed;
  // Something that is kept over restarts has changed.
  std::function<void()> changed;
  // How long a server that is ready waits for players who were told to come again.
  std::function<Duration()> time_to_come_again = [] { return Duration(seconds(35)); };
  // After which every connection of now has either gone or counts as a player's.
  std::function<Duration()> time_to_settle = [] { return Duration(seconds(36)); };
};

// What is kept over restarts. What runs is found out, not remembered.
struct WakeMemory {
  std::deque<Duration> starts;  // the last ones that reached online, oldest first
  std::string address;          // where it is served for this run; mostly empty
  std::string status;           // the last status answer; may be empty
};

class Sleeper {
 public:
  Sleeper(SleeperTools& tools, ServerPtr server, WakeMemory memory);
  ~Sleeper();
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  // Its description changed; the server itself goes on as it is.
  void follow(ServerPtr server);
  // Works with this keeper from now on; looks at once.
  void employ(std::unique_ptr<api::Keeper> keeper);
  // A report that came by itself.
  void on_report(const api::KeeperReport& report);

  void knock(const Knock& knock, WakeWaiter waiter);
  // Whether players are on it or not. An error: the keeper cannot, or it is not running.
  Result<> stop(std::string why);
  // The proxy ends; nothing is started or looked at any more.
  void proxy_ends(std::function<void()> done);

  [[nodiscard]] WakeState state() const { return record_->state(); }
  [[nodiscard]] WakeMemory memory() const;
  [[nodiscard]] const Server& server() const { return *server_; }

 private:
  struct Asking {  // who waits for a look that began after it asked
    std::uint64_t look;
    Knock knock;
    WakeWaiter waiter;
  };
  struct Run {  // since it was last started
    TimePoint begun;
    TimePoint online_since;
    bool ours = false;         // we started it, so how long it takes can be learned
    bool confirmed = false;    // the keeper has said yes
    bool seen_alive = false;   // the keeper has seen it run
    bool comes_again = false;  // somebody was told to
    std::optional<IpAddress> woken_by = {};
    std::uint64_t stayed_before = 0;
  };

  // --- what happens ---
  void apply(WakeEvent event, std::string_view why = {});
  void entered(WakeState before, WakeEvent event);
  void came_online();
  void went_down(WakeState before, WakeEvent event);
  void begin_start(const Knock& knock);
  void begin_stop(std::string why);
  std::optional<WakeAnswer> refusal_for(const Knock& knock);
  void answer_waiters(const WakeAnswer& answer);
  void answer_everybody(const WakeAnswer& answer);
  void add_waiter(WakeWaiter waiter);
  void serve(const Asking& asking);

  // --- looking ---
  void look();
  void looked(Result<api::KeeperReport> report);
  void take(const api::KeeperReport& report, bool certain);
  void take_while_starting(const api::KeeperReport& report);
  [[nodiscard]] bool wants_ping(api::KeeperState said) const;
  void look_ended();
  void ping_while_starting();
  void take_ping(const PingOutcome& outcome, bool said_stopped);
  void note_address(const api::KeeperReport& report);

  // --- clocks ---
  void schedule();
  void step();
  [[nodiscard]] std::optional<TimePoint> idle_at(TimePoint now) const;
  void stop_because_idle();
  bool put_off_for_newcomers();
  [[nodiscard]] const config::ServerManager& keys() const {
    return *server_->config.server_manager;
  }
  [[nodiscard]] Duration look_every() const;
  [[nodiscard]] std::optional<Duration> usual_start() const;

  SleeperTools& tools_;
  ServerPtr server_;
  std::shared_ptr<WakeRecord> record_;
  PlayerList allow_, deny_;
  std::unique_ptr<api::Keeper> keeper_;
  api::KeeperAbilities abilities_;
  std::shared_ptr<bool>
      employed_;  // expires with the keeper: answers of an earlier one are dropped

  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);  // expires with this

  std::deque<Duration> starts_;
  Run run_;
  std::vector<WakeWaiter> waiters_;
  std::vector<Asking> asking_;
  std::optional<Knock> after_stop_;  // somebody knocked while it was stopping

  TimePoint since_;
  TimePoint start_deadline_, stop_deadline_, next_look_;
  TimePoint not_idle_before_;  // confirm_empty found players, or some are to come again
  bool was_put_off_ =
      false;  // for somebody who has just come; once, until there are players, in each run
  bool looking_ = false, look_again_ = false, confirming_ = false, ending_ = false;
  std::uint64_t looks_ = 0;
  int silent_ = 0, closed_ = 0;
  bool query_failed_ = false;  // said once
  bool absent_ = false;        // the keeper's last word (KeeperReport::absent)
  bool stray_ = false;         // and yet it answers: it is left alone
  control::Timer timer_, ping_timer_;
};

}  // namespace drawbridge::core
