// Coroutines on a worker: how they wait, how they are cancelled, how answers of other threads reach
// them.
#include "net/task.hpp"

#include <atomic>

#include "net/later.hpp"
#include "net/testing.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {
namespace {

using testing::RunningWorker;

// --- Coroutines ---

Task<int> add(int a, int b) {
  co_return a + b;
}
Task<int> add_up(int n) {
  int sum = 0;
  for (int i = 1; i <= n; ++i) sum = co_await add(sum, i);
  co_return sum;
}
Task<> deliver(int n, std::promise<int>& to) {
  const int sum = co_await add_up(n);
  to.set_value(sum);
}

TEST(Task, ALongChainOfAwaitsNeedsNoStack) {
  RunningWorker worker;
  std::promise<int> sum;
  worker.call([&] { worker->spawn(deliver(60'000, sum)); });
  EXPECT_EQ(sum.get_future().get(), 60'000 / 2 * 60'001);
  EXPECT_EQ(worker.call([&] { return worker->tasks(); }), 0U);
}

// Counts the living copies of what a coroutine holds.
struct Held {
  explicit Held(std::atomic<int>& c) : count(&c) { count->fetch_add(1); }
  Held(const Held& o) : count(o.count) { count->fetch_add(1); }
  Held& operator=(const Held&) = delete;
  ~Held() { count->fetch_sub(1); }
  std::atomic<int>* count;
};

Task<IoResult<>> nap(Worker& worker, TimePoint until, [[maybe_unused]] Held held) {
  auto slept = co_await worker.sleep_until(until);
  co_return slept;
}
Task<> sleeper(Worker& worker, TimePoint until, Held held, std::promise<IoResult<>>& end,
               TaskControl** control) {
  TaskControl& me = co_await this_task();
  *control = &me;
  auto slept = co_await nap(worker, until, held);
  end.set_value(slept);
}

TEST(Task, SleepsUntilItsTime) {
  RunningWorker worker;
  std::atomic<int> alive{0};
  std::promise<IoResult<>> end;
  TaskControl* control = nullptr;
  worker.call([&] {
    worker->spawn(sleeper(*worker, worker->now() + milliseconds(2), Held(alive), end, &control));
  });
  EXPECT_TRUE(end.get_future().get().has_value());
  worker.settle();
  EXPECT_EQ(alive, 0);
}

// The worker's own tick, once a second, must not be what wakes these.
TEST(Task, AnEarlierDeadlineMovesTheAlarm) {
  RunningWorker worker;
  std::atomic<int> alive{0};
  TaskControl* control = nullptr;
  const TimePoint start = Clock::now();
  for (int i = 0; i < 25; ++i) {
    std::promise<IoResult<>> end;
    worker.call([&] {
      const TimePoint soon = worker->now() + milliseconds(1);
      worker->spawn(sleeper(*worker, soon, Held(alive), end, &control));
    });
    EXPECT_TRUE(end.get_future().get().has_value());
    worker.settle();  // the coroutine still holds `alive` and `end` when it has told us
  }
  EXPECT_LT(Clock::now() - start, seconds(15)) << "with the tick it takes a second each";
}

TEST(Task, CancelWakesTheInnermostWaitAndEverythingUnwinds) {
  RunningWorker worker;
  std::atomic<int> alive{0};
  std::promise<IoResult<>> end;
  TaskControl* control = nullptr;
  worker.call([&] {
    worker->spawn(sleeper(*worker, no_deadline, Held(alive), end, &control));
    control->cancel();
    control->cancel();
  });
  const auto result = end.get_future().get();
  ASSERT_FALSE(result.has_value());
  EXPECT_TRUE(result.error() == IoError::Kind::cancelled);
  worker.settle();
  EXPECT_EQ(alive, 0);
}

Task<> sleep_twice(Worker& worker, std::promise<std::pair<bool, bool>>& slept) {
  auto first = co_await worker.sleep_until(no_deadline);
  auto second = co_await worker.sleep_until(no_deadline);
  slept.set_value({first.has_value(), second.has_value()});
}

TEST(Task, AfterACancelLaterWaitsFailAtOnce) {
  RunningWorker worker;
  std::promise<std::pair<bool, bool>> slept;
  worker.call([&] {
    worker->spawn(sleep_twice(*worker, slept));
    worker->cancel_tasks();
  });
  EXPECT_EQ(slept.get_future().get(), std::pair(false, false));
}

TEST(Task, StoppingTheWorkerUnwindsWhatItRuns) {
  std::atomic<int> alive{0};
  std::promise<IoResult<>> end;
  TaskControl* control = nullptr;
  {
    RunningWorker worker;
    worker.call([&] { worker->spawn(sleeper(*worker, no_deadline, Held(alive), end, &control)); });
    EXPECT_GT(alive, 0);
  }
  EXPECT_FALSE(end.get_future().get().has_value());
  EXPECT_EQ(alive, 0);
}

// Waits without looking at the error: its frame is destroyed where it stands.
Task<> stubborn(Worker& worker, [[maybe_unused]] Held held) {
  for (int i = 0; i < 1000; ++i) {
    auto ignored = co_await worker.sleep_until(no_deadline);
    if (ignored) co_return;
  }
}

TEST(Task, OneThatIgnoresItsCancelStillGoesWithTheWorker) {
  std::atomic<int> alive{0};
  {
    RunningWorker worker;
    worker.call([&] { worker->spawn(stubborn(*worker, Held(alive))); });
  }
  EXPECT_EQ(alive, 0);
}

// --- Later ---

Task<> await_later(Later<std::string> later, TimePoint deadline,
                   std::promise<IoResult<std::string>>& out) {
  auto value = co_await later.get(deadline);
  out.set_value(value);
}

TEST(Later, AValueOfAnotherThreadWakesTheWaiter) {
  RunningWorker worker;
  std::promise<IoResult<std::string>> out;
  std::optional<Resolver<std::string>> give;
  worker.call([&] {
    Later<std::string> later(*worker);
    give.emplace(later.resolver());
    worker->spawn(await_later(std::move(later), no_deadline, out));
  });
  const Resolver<std::string> copy = *give;
  (*give)("first");
  copy("second");
  EXPECT_EQ(out.get_future().get().value(), "first");
}

TEST(Later, AValueThatIsThereAlreadyIsTakenWithoutWaiting) {
  RunningWorker worker;
  std::promise<IoResult<std::string>> out;
  worker.call([&] {
    Later<std::string> later(*worker);
    later.resolver()("early");
    worker->spawn(await_later(std::move(later), no_deadline, out));
    EXPECT_EQ(worker->tasks(), 0U);
  });
  EXPECT_EQ(out.get_future().get().value(), "early");
}

TEST(Later, TheDeadlineEndsTheWait) {
  RunningWorker worker;
  std::promise<IoResult<std::string>> out;
  std::optional<Resolver<std::string>> give;
  worker.call([&] {
    Later<std::string> later(*worker);
    give.emplace(later.resolver());
    worker->spawn(await_later(std::move(later), worker->now() + milliseconds(1), out));
  });
  EXPECT_TRUE(out.get_future().get().error() == IoError::Kind::timed_out);
  (*give)("too late");
  worker.settle();
}

TEST(Later, AResolverThatGoesWithoutACallAbandons) {
  RunningWorker worker;
  std::promise<IoResult<std::string>> out;
  std::optional<Resolver<std::string>> give;
  worker.call([&] {
    Later<std::string> later(*worker);
    give.emplace(later.resolver());
    worker->spawn(await_later(std::move(later), no_deadline, out));
  });
  give.reset();
  EXPECT_TRUE(out.get_future().get().error() == IoError::Kind::abandoned);
}

TEST(Later, AResolverMayOutliveItsWorker) {
  std::promise<IoResult<std::string>> out;
  std::optional<Resolver<std::string>> give;
  {
    RunningWorker worker;
    worker.call([&] {
      Later<std::string> later(*worker);
      give.emplace(later.resolver());
      worker->spawn(await_later(std::move(later), no_deadline, out));
    });
  }
  EXPECT_TRUE(out.get_future().get().error() == IoError::Kind::cancelled);
  (*give)("nobody is there");
}

TEST(Later, RacesOfAnswerAndDeadlineEndOnce) {
  RunningWorker worker;
  for (int i = 0; i < 300; ++i) {
    std::promise<IoResult<std::string>> out;
    std::optional<Resolver<std::string>> give;
    worker.call([&] {
      Later<std::string> later(*worker);
      give.emplace(later.resolver());
      worker->spawn(await_later(std::move(later), worker->now() + microseconds(50), out));
    });
    (*give)("x");
    const auto result = out.get_future().get();
    if (!result) {
      EXPECT_TRUE(result.error() == IoError::Kind::timed_out);
    }
  }
}

}  // namespace
}  // namespace drawbridge::net
