#include "net/timer_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>

namespace drawbridge::net {
namespace {

struct Ring final : Timer {
  explicit Ring(std::vector<int>& log, int name) : rung(log), number(name) {}
  void on_deadline() override {
    rung.push_back(number);
    if (then) then();
  }
  std::vector<int>& rung;
  int number;
  std::function<void()> then;
};

TimePoint at(int n) {
  return TimePoint() + milliseconds(n);
}

TEST(TimerHeap, RunsInOrderOfTimeWhateverTheOrderOfArming) {
  std::mt19937 random(5);
  TimerHeap heap;
  std::vector<int> rung;
  std::vector<std::unique_ptr<Ring>> timers;
  std::vector<int> expected;
  for (int i = 0; i < 500; ++i) {
    timers.push_back(std::make_unique<Ring>(rung, i));
    heap.arm(*timers.back(), at(static_cast<int>(random() % 100'000)));
  }
  // Move every third, take out every seventh.
  for (int i = 0; i < 500; i += 3) heap.arm(*timers[static_cast<std::size_t>(i)], at(i * 7));
  for (int i = 0; i < 500; i += 7) heap.disarm(*timers[static_cast<std::size_t>(i)]);
  TimePoint last = at(0);
  while (heap.next() != no_deadline) {
    const TimePoint next = heap.next();
    EXPECT_GE(next, last);
    last = next;
    heap.run(next);
  }
  EXPECT_EQ(rung.size(), 500U - 72U);
  EXPECT_EQ(heap.size(), 0U);
  for (int i = 0; i < 500; i += 7) EXPECT_EQ(std::ranges::count(rung, i), 0);
}

TEST(TimerHeap, WhatIsNotDueStays) {
  TimerHeap heap;
  std::vector<int> rung;
  Ring early(rung, 1);
  Ring late(rung, 2);
  heap.arm(late, at(20));
  heap.arm(early, at(10));
  heap.run(at(10));
  EXPECT_EQ(rung, std::vector<int>{1});
  EXPECT_TRUE(late.armed());
  heap.arm(late, no_deadline);
  EXPECT_FALSE(late.armed());
  EXPECT_EQ(heap.next(), no_deadline);
}

TEST(TimerHeap, OneThatArmsItselfAgainForNowDoesNotKeepTheLoop) {
  TimerHeap heap;
  std::vector<int> rung;
  Ring again(rung, 1);
  again.then = [&] { heap.arm(again, at(0)); };
  heap.arm(again, at(0));
  heap.run(at(5));
  EXPECT_EQ(rung.size(), 1U);
  heap.disarm(again);
}

TEST(TimerHeap, OneMayTakeOutAnother) {
  TimerHeap heap;
  std::vector<int> rung;
  Ring first(rung, 1);
  Ring second(rung, 2);
  first.then = [&] { heap.disarm(second); };
  heap.arm(first, at(1));
  heap.arm(second, at(2));
  heap.run(at(5));
  EXPECT_EQ(rung, std::vector<int>{1});
}

}  // namespace
}  // namespace drawbridge::net
