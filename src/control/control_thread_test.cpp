#include "control/control_thread.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <thread>
#include <vector>

namespace drawbridge::control {
namespace {

constexpr auto patience = seconds{20};

TEST(Job, HoldsWhatCanOnlyBeMoved) {
  auto value = std::make_unique<int>(7);
  int seen = 0;
  Job job([value = std::move(value), &seen] { seen = *value; });
  Job moved = std::move(job);
  EXPECT_FALSE(job);  // NOLINT(bugprone-use-after-move): emptiness is what is tested
  moved();
  EXPECT_EQ(seen, 7);
}

TEST(ControlThread, RunsPostedJobsInOrderFromEveryThread) {
  ControlThread control;
  std::vector<int> last(4, -1);
  std::atomic<int> left = 4 * 500;
  std::promise<void> all;
  std::atomic<bool> ordered = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        control.post([&, t, i] {
          if (!control.is_current() || last[static_cast<std::size_t>(t)] != i - 1) ordered = false;
          last[static_cast<std::size_t>(t)] = i;
          if (--left == 0) all.set_value();
        });
      }
    });
  }
  control.start();  // some were posted before, some after
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(all.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(ordered);
  EXPECT_FALSE(control.is_current());
}

TEST(ControlThread, RunAndWaitRunsOnTheControlThread) {
  ControlThread control;
  bool before_start = false;
  EXPECT_TRUE(control.run_and_wait([&] { before_start = true; }));
  EXPECT_TRUE(before_start);
  control.start();
  bool on_control = false;
  bool nested = false;
  EXPECT_TRUE(control.run_and_wait([&] {
    on_control = control.is_current();
    control.run_and_wait([&] { nested = true; });
  }));
  EXPECT_TRUE(on_control);
  EXPECT_TRUE(nested);
  control.stop();
  control.join();
  EXPECT_FALSE(control.run_and_wait([] { FAIL() << "ran after the end"; }));
}

TEST(ControlThread, StopDestroysWhatWaitsWithoutRunningIt) {
  ControlThread control;
  const auto token = std::make_shared<int>(0);
  std::promise<void> stopped;
  std::atomic<bool> ran = false;
  control.start();
  control.post([&] {
    auto timer = control.after(hours{1}, [token, &ran] { ran = true; });
    timer.detach();
    auto soon = control.after(Duration::zero(), [token, &ran] { ran = true; });
    soon.detach();
    control.post([token, &ran] { ran = true; });
    control.stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
  control.join();
  EXPECT_FALSE(ran);
  EXPECT_EQ(token.use_count(), 1);
  control.post([token, &ran] { ran = true; });
  EXPECT_EQ(token.use_count(), 1);
}

TEST(ControlThread, StopDropsJobsThatWerePostedBefore) {
  ControlThread control;
  const auto token = std::make_shared<int>(0);
  control.post([&control] { control.stop(); });
  control.post([token] { FAIL() << "ran after stop"; });
  control.start();
  control.join();
  EXPECT_EQ(token.use_count(), 1);
}

TEST(ControlThread, WaiterIsReleasedWhenTheThreadStops) {
  ControlThread control;
  control.start();
  std::promise<void> entered;
  std::promise<void> go;
  control.post([&] {
    entered.set_value();
    go.get_future().wait();
    control.stop();
  });
  entered.get_future().wait();
  std::thread opener([&] { go.set_value(); });
  // Either it was posted too late (false), or behind the job that stops the loop (false as well).
  EXPECT_FALSE(control.run_and_wait([] { FAIL() << "ran after stop"; }));
  opener.join();
}

TEST(Timer, FiresNotEarlyAndInOrderOfTime) {
  ControlThread control;
  std::vector<int> order;
  std::promise<void> done;
  const TimePoint begun = Clock::now();
  TimePoint fired;
  Timer late = control.after(milliseconds{30}, [&] {
    order.push_back(2);
    fired = Clock::now();
    done.set_value();
  });
  Timer early = control.after(milliseconds{1}, [&] { order.push_back(1); });
  EXPECT_TRUE(late.pending());
  control.start();
  ASSERT_EQ(done.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_GE(fired - begun, milliseconds{30});
  EXPECT_EQ(order, (std::vector{1, 2}));
  control.run_and_wait([&] { EXPECT_FALSE(late.pending()); });
  control.stop();
  control.join();
}

TEST(Timer, CancelledByItsHandleEvenWhenItIsDue) {
  ControlThread control;
  std::atomic<int> runs = 0;
  control.start();
  control.run_and_wait([&] {
    // All are due before the loop can look at them.
    Timer a = control.after(Duration::zero(), [&] { ++runs; });
    Timer b = control.after(Duration::zero(), [&] { ++runs; });
    a.cancel();
    EXPECT_FALSE(a.pending());
    b = control.after(Duration::zero(), [&] { ++runs; });
    {
      const Timer dropped = control.after(Duration::zero(), [&] { ++runs; });
    }
    b.detach();
  });
  std::promise<void> later;
  control.run_and_wait(
      [&] { control.after(milliseconds{5}, [&] { later.set_value(); }).detach(); });
  ASSERT_EQ(later.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_EQ(runs, 1);
}

TEST(Timer, HandleMayOutliveItsThread) {
  Timer timer;
  {
    ControlThread control;
    timer = control.after(hours{1}, [] { FAIL(); });
    control.start();
  }
  EXPECT_FALSE(timer.pending());
}

TEST(Timer, JobMayDestroyItsOwnHandle) {
  ControlThread control;
  std::promise<void> done;
  auto holder = std::make_shared<Timer>();
  *holder = control.after(Duration::zero(), [&done, holder]() mutable {
    *holder = Timer();
    holder.reset();
    done.set_value();
  });
  holder.reset();
  control.start();
  ASSERT_EQ(done.get_future().wait_for(patience), std::future_status::ready);
}

TEST(ControlThread, HandsSignalsToTheHandlerAndGivesThemBack) {
  std::vector<int> seen;
  std::promise<void> both;
  ControlThread control;
  control.on_signals({SIGUSR2, SIGHUP}, [&](int signal) {
    EXPECT_TRUE(control.is_current());
    seen.push_back(signal);
    if (seen.size() == 2) both.set_value();
  });
  control.start();
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGUSR2);
  ASSERT_EQ(both.get_future().wait_for(patience), std::future_status::ready);
  control.stop();
  control.join();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector{SIGHUP, SIGUSR2}));
  struct sigaction action{};
  sigaction(SIGUSR2, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST(ControlThread, DescriptorsAreCloseOnExec) {
  const auto open_now = [] {
    std::vector<int> fds;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      fds.push_back(std::stoi(entry.path().filename()));
    }
    std::erase_if(fds, [](int fd) { return fcntl(fd, F_GETFD) < 0; });  // the iterator's own
    return fds;
  };
  const auto before = open_now();
  ControlThread control;
  control.on_signals({SIGUSR2}, [](int) {});
  control.start();
  control.run_and_wait([] {});
  int ours = 0;
  for (const int fd : open_now()) {
    if (std::find(before.begin(), before.end(), fd) != before.end()) continue;
    ++ours;
    EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC) << fd;
  }
  EXPECT_GT(ours, 0);
}

}  // namespace
}  // namespace drawbridge::control
