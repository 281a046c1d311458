#include "core/wake/wake_budget.hpp"

#include <gtest/gtest.h>

namespace drawbridge::core {
namespace {

const IpAddress home = *IpAddress::parse("198.51.100.7");
const IpAddress other = *IpAddress::parse("198.51.100.8");
const TimePoint start{hours(100)};

TEST(WakeBudget, CountsStartsOfAnHour) {
  WakeBudget budget;
  const WakeBudget::Limits limits{.per_source = 2, .per_server = 10};
  EXPECT_FALSE(budget.take(home, "a", limits, start));
  EXPECT_FALSE(budget.take(home, "a", limits, start + minutes(10)));
  EXPECT_EQ(budget.take(home, "a", limits, start + minutes(20)), Duration(minutes(40)));
  EXPECT_FALSE(budget.take(home, "b", limits, start + minutes(20))) << "each server by itself";
  EXPECT_FALSE(budget.take(other, "a", limits, start + minutes(20))) << "each source by itself";
  EXPECT_FALSE(budget.take(home, "a", limits, start + minutes(60)));
}

TEST(WakeBudget, CapsAServerWhoeverAsks) {
  WakeBudget budget;
  const WakeBudget::Limits limits{.per_source = 10, .per_server = 2};
  EXPECT_FALSE(budget.take(home, "a", limits, start));
  EXPECT_FALSE(budget.take(other, "a", limits, start));
  const auto third = *IpAddress::parse("2001:db8::1");
  EXPECT_EQ(budget.take(third, "a", limits, start), Duration(hours(1)));
  // Who was refused does not count.
  EXPECT_FALSE(budget.take(third, "b", limits, start));
}

TEST(WakeBudget, DoublesTheWaitOfASourceWhoseStartsNobodyUsed) {
  WakeBudget budget;
  const WakeBudget::Limits limits{.per_source = 100, .per_server = 100};
  TimePoint now = start;
  for (const Duration wait : {minutes(1), minutes(2), minutes(4), minutes(8), minutes(16),
                              minutes(32), minutes(60), minutes(60)}) {
    budget.wasted(home, now);
    EXPECT_EQ(budget.take(home, "a", limits, now), wait);
    EXPECT_FALSE(budget.take(other, "a", limits, now));
    now += wait;
    EXPECT_FALSE(budget.take(home, "a", limits, now)) << "when it is over";
  }
  budget.used(home);
  budget.wasted(home, now);
  EXPECT_EQ(budget.take(home, "a", limits, now), Duration(minutes(1))) << "from the beginning";
}

TEST(WakeBudget, ForgetsWhatHasNoEffectAnyMore) {
  WakeBudget budget;
  const WakeBudget::Limits limits{.per_source = 1, .per_server = 1000};
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto source =
        *IpAddress::parse("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    EXPECT_FALSE(budget.take(source, "a", limits, start));
    budget.wasted(source, start);
    // Refused ones leave nothing behind.
    EXPECT_TRUE(budget.take(source, "a", limits, start));
  }
  EXPECT_EQ(budget.size(), 1000U);
  EXPECT_FALSE(budget.take(home, "b", limits, start + hours(3)));
  EXPECT_EQ(budget.size(), 1U);
}

TEST(WakeBudget, ALookTakesNothingAndSaysWhatATakeWould) {
  WakeBudget budget;
  const WakeBudget::Limits limits{.per_source = 2, .per_server = 3};
  const auto look = [&](TimePoint now) {
    return budget.look(*IpAddress::parse("198.51.100.7"), "lobby", limits, now);
  };
  const TimePoint begin = TimePoint(hours(5));
  EXPECT_EQ(look(begin).of_source, 0U);
  EXPECT_EQ(look(begin).wait, std::nullopt);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(budget.take(*IpAddress::parse("198.51.100.7"), "lobby", limits, begin), std::nullopt);
  EXPECT_EQ(look(begin + minutes(10)).of_source, 2U);
  EXPECT_EQ(look(begin + minutes(10)).of_server, 2U);
  EXPECT_EQ(look(begin + minutes(10)).wait, Duration(minutes(50)));
  EXPECT_EQ(look(begin + hours(1)).of_source, 0U) << "an hour later";
  EXPECT_EQ(look(begin + hours(1)).wait, std::nullopt);
}

}  // namespace
}  // namespace drawbridge::core
