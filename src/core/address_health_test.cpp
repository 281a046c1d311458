#include "core/address_health.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace drawbridge::core {
namespace {

const EjectionRules rules;
const TimePoint start = TimePoint(hours(1));

void eject(AddressHealth& address, TimePoint now) {
  for (std::uint32_t i = 0; i < rules.failures; ++i) {
    address.failed(DialKind::ordinary, now, rules);
  }
}

TEST(AddressHealth, ThreeFailuresInTenSecondsEject) {
  AddressHealth address;
  EXPECT_EQ(address.availability(start), Availability::healthy);
  EXPECT_FALSE(address.failed(DialKind::ordinary, start, rules));
  EXPECT_FALSE(address.failed(DialKind::ordinary, start + seconds(5), rules));
  EXPECT_TRUE(address.failed(DialKind::ordinary, start + seconds(10), rules)) << "told once";
  EXPECT_FALSE(address.failed(DialKind::ordinary, start + seconds(10), rules));
  EXPECT_EQ(address.availability(start + seconds(10)), Availability::ejected);
  EXPECT_EQ(address.out_until(), start + seconds(40));
  EXPECT_EQ(address.changed_at(), start + seconds(10));
}

TEST(AddressHealth, SlowFailuresDoNot) {
  AddressHealth address;
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(address.failed(DialKind::ordinary, start + i * milliseconds(5001), rules)) << i;
  }
  EXPECT_EQ(address.availability(start + seconds(100)), Availability::healthy);
}

TEST(AddressHealth, SuccessesDoNotExcuseFailures) {
  AddressHealth address;
  address.failed(DialKind::ordinary, start, rules);
  address.succeeded(start);
  address.failed(DialKind::ordinary, start, rules);
  address.succeeded(start);
  EXPECT_TRUE(address.failed(DialKind::ordinary, start, rules));
}

TEST(AddressHealth, OneRecoveryAttemptAWindow) {
  AddressHealth address;
  EXPECT_EQ(address.claim_attempt(start), DialKind::ordinary);
  eject(address, start);
  EXPECT_EQ(address.claim_attempt(start + seconds(29)), std::nullopt);
  EXPECT_EQ(address.availability(start + seconds(30)), Availability::recovering);
  EXPECT_EQ(address.claim_attempt(start + seconds(30)), DialKind::recovery);
  EXPECT_EQ(address.availability(start + seconds(30)), Availability::ejected);
  EXPECT_EQ(address.claim_attempt(start + seconds(30)), std::nullopt);
  // The first never reports: the next window has an attempt again.
  EXPECT_EQ(address.claim_attempt(start + seconds(60)), DialKind::recovery);
}

TEST(AddressHealth, TimeOutDoublesToFiveMinutesAndSuccessResets) {
  AddressHealth address;
  eject(address, start);
  TimePoint now = start;
  for (const int wait : {30, 60, 120, 240, 300, 300}) {
    ASSERT_EQ(address.out_until() - now, seconds(wait));
    now += seconds(wait);
    ASSERT_EQ(address.claim_attempt(now), DialKind::recovery);
    EXPECT_FALSE(address.failed(DialKind::recovery, now, rules)) << "it was out before";
  }
  now = address.out_until();
  ASSERT_EQ(address.claim_attempt(now), DialKind::recovery);
  EXPECT_TRUE(address.succeeded(now));
  EXPECT_FALSE(address.succeeded(now)) << "told once";
  EXPECT_EQ(address.availability(now), Availability::healthy);
  EXPECT_EQ(address.changed_at(), now);
  eject(address, now);
  EXPECT_EQ(address.out_until() - now, seconds(30));
}

TEST(AddressHealth, ForcedFailuresDoNotLengthenTheTimeOut) {
  AddressHealth address;
  eject(address, start);
  const TimePoint until = address.out_until();
  eject(address, start + seconds(20));
  EXPECT_EQ(address.out_until(), until);
}

TEST(AddressHealth, CanBeTurnedOff) {
  AddressHealth address;
  EjectionRules never;
  never.failures = 0;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(address.failed(DialKind::ordinary, start, never));
  EXPECT_EQ(address.availability(start), Availability::healthy);
}

TEST(AddressHealth, AttemptsAndConnectionsAreCounted) {
  const auto address = std::make_shared<AddressHealth>();
  {
    DialAttempt first(address, DialKind::ordinary);
    DialAttempt second(address, DialKind::ordinary);
    EXPECT_EQ(address->connecting(), 2U);
    const LiveConnection live = first.connected(start);
    EXPECT_FALSE(first);
    EXPECT_EQ(address->connecting(), 1U);
    EXPECT_EQ(address->live(), 1U);
    second = DialAttempt();
    EXPECT_EQ(address->connecting(), 0U);
    DialAttempt third(address, DialKind::ordinary);
    const DialAttempt moved = std::move(third);
    EXPECT_TRUE(moved);
    EXPECT_EQ(address->load(), 2U);
  }
  EXPECT_EQ(address->load(), 0U);
  DialAttempt failing(address, DialKind::ordinary);
  failing.failed(start, rules);
  EXPECT_EQ(address->load(), 0U);
}

TEST(AddressHealth, AnAttemptThatIsDroppedSaysNothing) {
  const auto address = std::make_shared<AddressHealth>();
  for (int i = 0; i < 10; ++i) const DialAttempt left(address, DialKind::ordinary);
  EXPECT_EQ(address->availability(start), Availability::healthy);
}

TEST(AddressHealth, OfManyThreadsOneRecoversAndOneTells) {
  constexpr int threads = 4;
  for (int round = 0; round < 200; ++round) {
    AddressHealth address;
    std::latch ready(threads);
    std::atomic<int> ejections = 0;
    std::atomic<int> claims = 0;
    std::vector<std::jthread> all;
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&] {
        ready.arrive_and_wait();
        for (int i = 0; i < 3; ++i) ejections += address.failed(DialKind::ordinary, start, rules);
        claims += address.claim_attempt(start + seconds(30)) == DialKind::recovery;
      });
    }
    all.clear();
    ASSERT_EQ(ejections, 1);
    ASSERT_EQ(claims, 1);
  }
}

}  // namespace
}  // namespace drawbridge::core
