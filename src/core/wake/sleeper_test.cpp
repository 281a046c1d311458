#include "core/wake/sleeper.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace drawbridge::core {
namespace {

using api::KeeperReport;
using api::KeeperState;

// A keeper that says and does what the test wants.
struct Script {
  api::KeeperAbilities abilities;
  std::atomic<KeeperState> says = KeeperState::stopped;  // the test changes it while it is asked
  std::atomic<bool> absent = false;
  std::string refuses;       // not empty: start fails with these words
  std::string refuses_stop;  // the same; of the control thread
  std::atomic<int> starts = 0, stops = 0;
};

class ScriptedKeeper final : public api::Keeper {
 public:
  ScriptedKeeper(control::ControlThread& control, Script& script)
      : control_(control), script_(script) {}
  [[nodiscard]] api::KeeperAbilities abilities() const override { return script_.abilities; }
  void start(api::WakeRequest, StartDone done) override {
    ++script_.starts;
    Result<KeeperReport> said = KeeperReport{.state = KeeperState::starting};
    if (!script_.refuses.empty()) said = fail(Fault::backend, "{}", script_.refuses);
    control_.post([done = std::move(done), said = std::move(said)] { done(said); });
  }
  void stop(api::StopRequest, StopDone done) override {
    ++script_.stops;
    Result<> said;
    if (!script_.refuses_stop.empty()) said = fail(Fault::backend, "{}", script_.refuses_stop);
    control_.post([done = std::move(done), said] { done(said); });
  }
  void query(QueryDone done) override {
    const KeeperReport report{
        .state = script_.says, .detail = {}, .address = {}, .absent = script_.absent};
    control_.post([done = std::move(done), report] { done(report); });
  }
  void proxy_ends(std::function<void()> done) override { done(); }

 private:
  control::ControlThread& control_;
  Script& script_;
};

class SleeperTest : public ::testing::Test {
 protected:
  void begin(api::KeeperAbilities abilities = {}) {
    auto server = std::make_shared<Server>();
    server->config.id = "lobby";
    server->config.server_manager.emplace().poll_interval = poll_interval_;
    server->config.server_manager->start_timeout = seconds(20);
    server->config.server_manager->shutdown_after = shutdown_after_;
    server->state = std::make_shared<ServerState>();
    server->pool = pools_.pool("lobby", {});
    server->wake = std::make_shared<WakeRecord>();
    record_ = server->wake;
    script_.abilities = abilities;
    sleeper_ = std::make_unique<Sleeper>(tools_, server, WakeMemory{});
    sleeper_->employ(std::make_unique<ScriptedKeeper>(control_, script_));
    control_.start();
  }
  ~SleeperTest() override {
    control_.stop();
    control_.join();
    sleeper_.reset();
  }

  void change(const std::function<void()>& what) { control_.run_and_wait(what); }
  bool becomes(WakeState state) {
    const TimePoint end = Clock::now() + seconds(10);
    while (record_->state() != state) {
      if (Clock::now() >= end) return false;
      std::this_thread::sleep_for(milliseconds(1));  // a poll's pace, not a guess about time
    }
    return true;
  }
  // Several looks and pings long it stays so.
  bool stays(WakeState state, int looks = 5) {
    const int before = pings_;
    while (pings_ < before + looks) {
      if (record_->state() != state) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return record_->state() == state;
  }
  void knock(bool leaves = false) {
    change([this, leaves] {
      Knock knock{.server = "lobby",
                  .source = *IpAddress::parse("198.51.100.7"),
                  .who = {.cause = api::WakeCause::login, .player = "Steve"},
                  .leaves = leaves};
      sleeper_->knock(knock, {.answer = [this](WakeAnswer answer) { answers_.push_back(answer); },
                              .alive = token_});
    });
  }
  WakeAnswer::Kind answer() {
    WakeAnswer::Kind out{};
    change([&] {
      EXPECT_EQ(answers_.size(), 1U);
      if (!answers_.empty()) out = answers_.front().kind;
      answers_.clear();
    });
    return out;
  }

  control::ControlThread control_;
  WakeBudget budget_;
  BackendPools pools_;
  Script script_;
  std::atomic<PingOutcome::Kind> ping_ = PingOutcome::Kind::failed;
  std::atomic<int> pings_ = 0;
  // A ping that is never answered.
  struct Held {
    std::atomic<bool> is = false;
    void set() { is = true; }
    bool wait() const {
      const TimePoint end = Clock::now() + seconds(10);
      while (!is && Clock::now() < end) std::this_thread::sleep_for(milliseconds(1));
      return is;
    }
  } held_;
  std::atomic<bool> holds_pings_ = false;
  Duration poll_interval_ = milliseconds(5);
  std::optional<Duration> shutdown_after_;
  SleeperTools tools_{.control = control_,
                      .budget = budget_,
                      .ping =
                          [this](const ServerPtr&, std::function<void(PingOutcome)> done) {
                            ++pings_;
                            if (holds_pings_) return held_.set();
                            control_.post([this, done = std::move(done)] {
                              done({.kind = ping_, .json = "{}", .why = {}});
                            });
                          },
                      .status_changed = [](const Server&) {},
                      .changed = [] {}};
  std::shared_ptr<int> token_ = std::make_shared<int>();
  std::vector<WakeAnswer> answers_;
  std::shared_ptr<WakeRecord> record_;
  std::unique_ptr<Sleeper> sleeper_;
};

TEST_F(SleeperTest, APanelsRunningIsNotReadiness) {
  begin();
  ASSERT_TRUE(becomes(WakeState::sleeping));
  knock();
  change([this] { script_.says = KeeperState::running; });
  EXPECT_TRUE(stays(WakeState::starting, 2));
  ping_ = PingOutcome::Kind::answered;
  EXPECT_TRUE(becomes(WakeState::online));
  EXPECT_EQ(answer(), WakeAnswer::Kind::ready);
  EXPECT_EQ(script_.starts, 1);
}

// A panel answers from a cache for a while after a start.
TEST_F(SleeperTest, peers_fault_24_a_stale_stopped_ends_no_waiting) {
  begin({.stops = true, .queries = true, .pushes = false, .lag = seconds(20)});
  ASSERT_TRUE(becomes(WakeState::sleeping));
  knock();  // and it goes on saying "stopped"
  EXPECT_TRUE(stays(WakeState::starting, 3));
  ping_ = PingOutcome::Kind::answered;
  EXPECT_TRUE(becomes(WakeState::online));
  EXPECT_TRUE(stays(WakeState::online)) << "its own answer counts for more";
}

TEST_F(SleeperTest, WhatDiesWhileStartingIsToldToThoseWhoWait) {
  begin();
  ASSERT_TRUE(becomes(WakeState::sleeping));
  knock();
  change([this] { script_.says = KeeperState::running; });
  EXPECT_TRUE(stays(WakeState::starting, 2));
  change([this] { script_.says = KeeperState::stopped; });
  EXPECT_TRUE(becomes(WakeState::crashed));
  EXPECT_EQ(answer(), WakeAnswer::Kind::failed);
}

TEST_F(SleeperTest, AKeeperThatRefusesIsAFailedStart) {
  begin();
  script_.refuses = "no";
  ASSERT_TRUE(becomes(WakeState::sleeping));
  knock();
  EXPECT_TRUE(becomes(WakeState::crashed));
  EXPECT_EQ(answer(), WakeAnswer::Kind::failed);
}

// They are nobody's players until they are back.
TEST_F(SleeperTest, WaitsForThoseWhoAreToComeAgain) {
  shutdown_after_ = milliseconds(1);
  begin();
  ASSERT_TRUE(becomes(WakeState::sleeping));
  knock(true);
  change([this] { script_.says = KeeperState::running; });
  ping_ = PingOutcome::Kind::answered;
  ASSERT_TRUE(becomes(WakeState::online));
  EXPECT_TRUE(stays(WakeState::online, 20));
}

TEST_F(SleeperTest, WaitsForNobodyElse) {
  shutdown_after_ = milliseconds(1);
  begin();
  ASSERT_TRUE(becomes(WakeState::sleeping));
  knock();
  change([this] { script_.says = KeeperState::running; });
  ping_ = PingOutcome::Kind::answered;
  EXPECT_TRUE(becomes(WakeState::stopping));
}

TEST_F(SleeperTest, WithoutAnybodyToAskSilenceMeansAsleep) {
  begin({.stops = false, .queries = false, .pushes = false, .lag = {}});
  script_.says = KeeperState::unknown;
  EXPECT_TRUE(becomes(WakeState::sleeping));
  ping_ = PingOutcome::Kind::answered;
  EXPECT_TRUE(becomes(WakeState::online)) << "somebody else has started it";
  ping_ = PingOutcome::Kind::failed;
  EXPECT_TRUE(becomes(WakeState::sleeping));
}

TEST_F(SleeperTest, WhatSomebodyElseStartedIsOnlineAndLeftAlone) {
  script_.absent = true;
  begin();
  ASSERT_TRUE(becomes(WakeState::sleeping));
  ping_ = PingOutcome::Kind::answered;
  EXPECT_TRUE(becomes(WakeState::online));
  EXPECT_TRUE(stays(WakeState::online));
  change([this] { EXPECT_FALSE(sleeper_->stop("test")); });
  EXPECT_EQ(script_.stops, 0);
  // It ends as it came, and from then on it is ours to start.
  ping_ = PingOutcome::Kind::failed;
  EXPECT_TRUE(becomes(WakeState::sleeping));
  knock();
  EXPECT_TRUE(becomes(WakeState::starting));
  EXPECT_EQ(script_.starts, 1);
}

TEST_F(SleeperTest, AKnockAtWhatSomebodyElseHasJustStartedStartsNoSecond) {
  script_.absent = true;
  poll_interval_ = seconds(60);  // nobody looks but for the knock
  begin();
  ASSERT_TRUE(becomes(WakeState::sleeping));
  ping_ = PingOutcome::Kind::answered;
  knock();
  EXPECT_TRUE(becomes(WakeState::online));
  EXPECT_EQ(answer(), WakeAnswer::Kind::ready);
  EXPECT_EQ(script_.starts, 0);
}

TEST_F(SleeperTest, WhatRunsAndAnswersNobodyIsUnreachable) {
  begin();
  script_.says = KeeperState::running;
  ping_ = PingOutcome::Kind::answered;
  ASSERT_TRUE(becomes(WakeState::online)) << "found running";
  EXPECT_EQ(script_.starts, 0);
  ping_ = PingOutcome::Kind::failed;
  EXPECT_TRUE(becomes(WakeState::unreachable));
  ping_ = PingOutcome::Kind::closed;
  EXPECT_TRUE(becomes(WakeState::online));
}

TEST_F(SleeperTest, AStopIsAskedForOnceAndSeenThrough) {
  begin();
  script_.says = KeeperState::running;
  ping_ = PingOutcome::Kind::answered;
  ASSERT_TRUE(becomes(WakeState::online));
  change([this] {
    EXPECT_TRUE(sleeper_->stop("asked for"));
    EXPECT_TRUE(sleeper_->stop("asked for"));
  });
  EXPECT_EQ(record_->state(), WakeState::stopping);
  change([this] { script_.says = KeeperState::stopped; });
  EXPECT_TRUE(becomes(WakeState::sleeping));
  EXPECT_EQ(script_.stops, 1);
}

// Whoever downloads a pack in configuration cannot be told from a bot yet.
TEST_F(SleeperTest, AConnectionThatMayBeAPlayersPutsTheStopOff) {
  shutdown_after_ = milliseconds(1);
  begin();
  script_.says = KeeperState::running;
  Place place;
  change([&] { place = Place::take(sleeper_->server().state, 0); });
  ASSERT_TRUE(place);
  ping_ = PingOutcome::Kind::answered;
  ASSERT_TRUE(becomes(WakeState::online));
  EXPECT_TRUE(stays(WakeState::online));
  EXPECT_EQ(script_.stops, 0);
}

// A container's own check may come long after its server answers.
TEST_F(SleeperTest, WhatAnswersStaysOnlineThoughItsKeeperStillSaysStarting) {
  begin();
  script_.says = KeeperState::starting;
  ping_ = PingOutcome::Kind::answered;
  ASSERT_TRUE(becomes(WakeState::online));
  EXPECT_TRUE(stays(WakeState::online));
}

TEST_F(SleeperTest, AStopThatFailedLeavesNoStartBehind) {
  begin();
  script_.says = KeeperState::running;
  ping_ = PingOutcome::Kind::answered;
  ASSERT_TRUE(becomes(WakeState::online));
  script_.refuses_stop = "no";
  change([this] {
    EXPECT_TRUE(sleeper_->stop("asked for"));
    Knock knock{.server = "lobby",
                .source = *IpAddress::parse("198.51.100.7"),
                .who = {.cause = api::WakeCause::login, .player = "Steve"}};
    sleeper_->knock(knock, {.answer = [](const WakeAnswer&) {}, .alive = token_});
  });
  ASSERT_TRUE(becomes(WakeState::online));
  change([this] {
    script_.refuses_stop.clear();
    EXPECT_TRUE(sleeper_->stop("asked for"));
    script_.says = KeeperState::stopped;
  });
  ping_ = PingOutcome::Kind::failed;
  ASSERT_TRUE(becomes(WakeState::sleeping));
  for (int i = 0; i < 5; ++i) change([] {});
  EXPECT_EQ(record_->state(), WakeState::sleeping);
  EXPECT_EQ(script_.starts, 0);
}

TEST_F(SleeperTest, WhoWaitsForALookIsToldWhenTheServerGoes) {
  script_.absent = true;
  poll_interval_ = seconds(60);
  begin();
  ASSERT_TRUE(becomes(WakeState::sleeping));
  holds_pings_ = true;
  knock();
  ASSERT_TRUE(held_.wait());
  change([this] { sleeper_.reset(); });
  EXPECT_EQ(answer(), WakeAnswer::Kind::refused);
}

}  // namespace
}  // namespace drawbridge::core
