#include "net/worker.hpp"

#include <signal.h>
#include <sys/eventfd.h>

#include <atomic>

#include "net/mailbox.hpp"
#include "net/testing.hpp"

namespace drawbridge::net {
namespace {

using testing::RunningWorker;

// --- Posting ---

TEST(Worker, PostedFunctionsRunInOrderOnTheWorker) {
  RunningWorker worker;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) worker->post([&order, i] { order.push_back(i); });
  Worker* const on = worker.call([] { return Worker::current(); });
  EXPECT_EQ(on, &*worker);
  EXPECT_EQ(Worker::current(), nullptr);
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Worker, NoPostIsLostBetweenTwoThreadsAndASleeper) {
  RunningWorker worker;
  std::atomic<int> ran{0};
  constexpr int each = 20'000;
  {
    std::jthread a([&] {
      for (int i = 0; i < each; ++i) worker->post([&] { ran.fetch_add(1); });
    });
    std::jthread b([&] {
      for (int i = 0; i < each; ++i) worker.call([&] { ran.fetch_add(1); });
    });
  }
  worker.settle();
  EXPECT_EQ(ran, 2 * each);
}

TEST(Worker, WhatIsPostedCarriesThingsThatOnlyMove) {
  RunningWorker worker;
  auto value = std::make_unique<int>(41);
  std::promise<int> got;
  worker->post([held = std::move(value), &got] { got.set_value(*held + 1); });
  EXPECT_EQ(got.get_future().get(), 42);
}

TEST(Worker, PostsToAnEndedWorkerAreDropped) {
  std::shared_ptr<Mailbox> mailbox;
  {
    RunningWorker worker;
    mailbox = worker->mailbox();
  }
  auto held = std::make_shared<int>(1);
  EXPECT_FALSE(mailbox->post([held] {}));
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Worker, WhatAPostedFunctionPostsRunsLater) {
  RunningWorker worker;
  std::promise<void> done;
  worker->post([&] { worker->post([&] { done.set_value(); }); });
  done.get_future().get();
}

// --- Time ---

TEST(Worker, TimeStandsStillWithinATurn) {
  RunningWorker worker;
  const auto [first, second] = worker.call([&] {
    const TimePoint a = worker->now();
    while (Clock::now() == a) {
    }
    return std::pair(a, worker->now());
  });
  EXPECT_EQ(first, second);
  EXPECT_GT(worker.call([&] { return worker->now(); }), first);
}

TEST(Worker, SomethingRunsEverySecond) {
  RunningWorker worker;
  std::promise<void> twice;
  int times = 0;
  worker.call([&] {
    worker->on_second([&] {
      if (++times == 2) twice.set_value();
    });
  });
  EXPECT_EQ(twice.get_future().wait_for(seconds(20)), std::future_status::ready);
}

// --- Queues of the turn ---

struct Note final : Turn {
  explicit Note(std::function<void()> f) : then(std::move(f)) {}
  void on_turn() override { then(); }
  std::function<void()> then;
};

TEST(Worker, TheEndOfTheTurnComesAfterItsEventsAndTheNextTurnAfterThat) {
  RunningWorker worker;
  std::string order;
  std::promise<void> done;
  Note end([&] { order += "end,"; });
  Note next([&] {
    order += "next,";
    done.set_value();
  });
  worker->post([&] {
    worker->at_end_of_turn(end);
    order += "post1,";
  });
  worker->post([&] { order += "post2,"; });
  worker.call([] {});
  worker->post([&] { worker->next_turn(next); });
  done.get_future().wait();
  EXPECT_EQ(order, "post1,post2,end,next,");
}

TEST(Worker, OneThatGoesLeavesItsQueue) {
  TurnQueue queue;
  int ran = 0;
  Note stays([&] { ++ran; });
  {
    Note goes([&] { ran += 100; });
    queue.push(goes);
    queue.push(stays);
    queue.push(goes);  // stands in it already
  }
  queue.run();
  queue.run();
  EXPECT_EQ(ran, 1);
}

TEST(Worker, OneThatQueuesItselfAgainWaitsForTheNextRun) {
  TurnQueue queue;
  int ran = 0;
  Note again([&] {
    ++ran;
    queue.push(again);
  });
  queue.push(again);
  queue.run();
  EXPECT_EQ(ran, 1);
  again.unqueue();
}

// --- Events ---

// Two objects with an event in the same turn; the first to be called forgets and destroys the
// other.
struct Rival final : Pollable {
  void on_events(unsigned, std::uint32_t) override {
    ++called;
    if (other) {
      worker->forget(*other);
      other.reset();
    }
  }
  Worker* worker = nullptr;
  int called = 0;
  std::unique_ptr<Rival> other;
  Fd fd;
};

TEST(Worker, EventsOfAnObjectThatWentAreDropped) {
  RunningWorker worker;
  Rival first;
  worker.call([&] {
    first.worker = &*worker;
    first.other = std::make_unique<Rival>();
    first.fd = Fd(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    first.other->fd = Fd(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    ASSERT_EQ(worker->watch(first.fd.get(), first), 0);
    ASSERT_EQ(worker->watch(first.other->fd.get(), *first.other), 0);
  });
  worker.settle();
  worker.call([&] {
    EXPECT_EQ(first.called, 1);
    EXPECT_EQ(first.other, nullptr);
    worker->unwatch(first.fd.get());
  });
}

TEST(Worker, SignalsDoNotReachIt) {
  RunningWorker worker;
  const bool blocked = worker.call([] {
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, nullptr, &set);
    return sigismember(&set, SIGPIPE) == 1 && sigismember(&set, SIGTERM) == 1 &&
           sigismember(&set, SIGSEGV) == 0;
  });
  EXPECT_TRUE(blocked);
}

// --- Coalescing ---

struct CountEvents final : Pollable {
  void on_events(unsigned, std::uint32_t) override { events.fetch_add(1); }
  std::atomic<int> events{0};
};

TEST(Worker, PostsAndDeadlinesEndASlotAtOnce) {
  // A slot of an hour: whoever had to wait for its end would never finish.
  RunningWorker worker({.index = 0, .coalesce = {Coalesce::Mode::fixed, hours(1)}});
  auto pair = testing::tcp_pair();
  CountEvents target;
  worker.call([&] { worker->watch(pair.far.get(), target); });
  while (target.events == 0) worker.call([] {});  // a turn with traffic: the next wait is a slot
  ASSERT_TRUE(testing::send_all(pair.near.get(), "held back"));
  worker.call([] {});
  std::promise<void> rung;
  struct Ring final : Timer {
    void on_deadline() override { done->set_value(); }
    std::promise<void>* done = nullptr;
  } timer;
  timer.done = &rung;
  worker.call([&] { worker->arm(timer, worker->now() + milliseconds(5)); });
  EXPECT_EQ(rung.get_future().wait_for(seconds(20)), std::future_status::ready);
  worker.call([&] {
    worker->forget(target);
    worker->unwatch(pair.far.get());
  });
}

TEST(Worker, PacketsOfOneSlotAreHandledTogether) {
  RunningWorker worker({.index = 0, .coalesce = {Coalesce::Mode::fixed, hours(1)}});
  auto pair = testing::tcp_pair();
  CountEvents target;
  worker.call([&] { worker->watch(pair.far.get(), target); });
  while (target.events == 0) worker.call([] {});
  const int before = target.events;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(testing::send_all(pair.near.get(), "x"));
    // Would be handled meanwhile if the worker were not asleep.
    for (int k = 0; k < 100 && target.events == before; ++k) std::this_thread::yield();
  }
  worker.call([] {});
  worker.call([] {});
  EXPECT_LE(target.events - before, 2);
  EXPECT_GE(target.events - before, 1);
  worker.call([&] {
    worker->forget(target);
    worker->unwatch(pair.far.get());
  });
}

TEST(LoadMeter, SlotsGrowWithTheLoadAndAreNeverLongerThanAMillisecond) {
  const auto slot_at = [](double events_per_second) {
    const TimePoint start = TimePoint() + hours(1);
    LoadMeter meter(start);
    for (std::uint32_t i = 0; i + 1 < LoadMeter::window; ++i) EXPECT_FALSE(meter.note(10));
    EXPECT_TRUE(meter.note(10));
    const double passed = 10.0 * LoadMeter::window / events_per_second;
    meter.measure(start +
                  std::chrono::duration_cast<Duration>(std::chrono::duration<double>(passed)));
    return meter.slot();
  };
  EXPECT_EQ(slot_at(100), Duration::zero());
  EXPECT_EQ(slot_at(8'000), Duration::zero());
  EXPECT_EQ(slot_at(8'200), Duration::zero()) << "too short to be worth it";
  EXPECT_GT(slot_at(12'000), microseconds(200));
  EXPECT_LT(slot_at(12'000), microseconds(300));
  EXPECT_EQ(slot_at(40'000), milliseconds(1));
  EXPECT_EQ(slot_at(4'000'000), milliseconds(1));
}

TEST(Worker, CoalescingCanBeChangedLive) {
  RunningWorker worker({.index = 0, .coalesce = {Coalesce::Mode::off}});
  worker->set_coalesce({Coalesce::Mode::fixed, milliseconds(5)});
  worker->set_coalesce({Coalesce::Mode::automatic});
  worker->set_coalesce({Coalesce::Mode::off});
  worker.settle();
}

}  // namespace
}  // namespace drawbridge::net
