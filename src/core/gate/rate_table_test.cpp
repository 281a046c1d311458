#include "core/gate/rate_table.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace drawbridge::core {
namespace {

const TimePoint start = TimePoint(hours(1));
const IpAddress here = *IpAddress::parse("203.0.113.9");

RateRules rules(std::uint32_t logins, Duration window = seconds(10), std::uint32_t pings = 300) {
  return {RateRule::of(logins, window), RateRule::of(pings, window), RateRule{}};
}

int passed(RateTable& table, const IpAddress& source, int attempts, const RateRules& allowed,
           TimePoint now, RateKind kind = RateKind::login) {
  int count = 0;
  for (int i = 0; i < attempts; ++i) count += table.take(source, kind, allowed, now).passed ? 1 : 0;
  return count;
}

// Where which source lands is the same in each run.
constexpr SipKey fixed = {1, 2};

IpAddress nth(std::uint32_t n) {
  return IpAddress::v4(0x0A000000U + n);
}

TEST(RateTable, SoManyAtOnceThenOneEachShareOfTheWindow) {
  RateTable table({});
  const RateRules three = rules(3, seconds(9));
  EXPECT_EQ(passed(table, here, 10, three, start), 3);
  EXPECT_EQ(passed(table, here, 10, three, start + milliseconds(2999)), 0);
  EXPECT_EQ(passed(table, here, 10, three, start + seconds(3)), 1);
  EXPECT_EQ(passed(table, here, 10, three, start + seconds(9)), 2);
  EXPECT_EQ(passed(table, here, 10, three, start + hours(1)), 3) << "a long rest saves up no more";
}

TEST(RateTable, SaysWhenToTryAgain) {
  RateTable table({});
  const RateRules three = rules(3, seconds(9));
  passed(table, here, 3, three, start);
  const RateAnswer answer = table.take(here, RateKind::login, three, start + seconds(1));
  EXPECT_FALSE(answer.passed);
  EXPECT_EQ(answer.wait, seconds(2));
  EXPECT_TRUE(table.take(here, RateKind::login, three, start + seconds(3)).passed);
}

TEST(RateTable, RefusedAttemptsCostNothing) {
  RateTable table({});
  const RateRules three = rules(3, seconds(9));
  passed(table, here, 3, three, start);
  passed(table, here, 1000, three, start + seconds(1));
  EXPECT_EQ(passed(table, here, 1, three, start + seconds(3)), 1);
}

TEST(RateTable, ThePatientGetTheirTurnsInARow) {
  RateTable table({});
  const RateRules six = rules(6, seconds(6));
  passed(table, here, 6, six, start);
  for (int i = 1; i <= 4; ++i) {
    const RateAnswer answer = table.take(here, RateKind::login, six, start, seconds(4));
    EXPECT_TRUE(answer.passed);
    EXPECT_EQ(answer.wait, seconds(i));
  }
  EXPECT_FALSE(table.take(here, RateKind::login, six, start, seconds(4)).passed);
}

TEST(RateTable, KindsAreApart) {
  RateTable table({});
  const RateRules few = rules(2, seconds(10), 5);
  EXPECT_EQ(passed(table, here, 10, few, start, RateKind::status), 5);
  EXPECT_EQ(passed(table, here, 10, few, start, RateKind::login), 2);
  EXPECT_EQ(passed(table, here, 10, few, start, RateKind::accept), 10) << "no limit was set";
  EXPECT_TRUE(table.exhausted(here, RateKind::status, few, start));
  EXPECT_FALSE(table.exhausted(here, RateKind::accept, few, start));
}

TEST(RateTable, OneSourceIsAPrefix) {
  RateTable table({.ipv4_prefix = 24, .ipv6_prefix = 64, .max_entries = 1024});
  const RateRules one = rules(1);
  EXPECT_EQ(passed(table, *IpAddress::parse("203.0.113.9"), 1, one, start), 1);
  EXPECT_EQ(passed(table, *IpAddress::parse("203.0.113.200"), 1, one, start), 0);
  EXPECT_EQ(passed(table, *IpAddress::parse("203.0.114.9"), 1, one, start), 1);
  EXPECT_EQ(passed(table, *IpAddress::parse("2001:db8::1"), 1, one, start), 1);
  EXPECT_EQ(passed(table, *IpAddress::parse("2001:db8::ffff:1"), 1, one, start), 0);
  EXPECT_EQ(passed(table, *IpAddress::parse("2001:db8:0:1::1"), 1, one, start), 1);
  EXPECT_EQ(passed(table, *IpAddress::parse("::ffff:203.0.113.9"), 1, one, start), 0);
}

TEST(RateTable, WhatIsGivenBackCanBeTakenAgain) {
  RateTable table({});
  const RateRules one = rules(1);
  EXPECT_EQ(passed(table, here, 2, one, start), 1);
  table.give_back(here, RateKind::login, one);
  EXPECT_EQ(passed(table, here, 2, one, start), 1);
}

// The closest peer's limiter forgets nobody and grows for ever; this one has its size.
TEST(RateTable, peers_fault_6_a_flood_of_sources_does_not_make_it_grow) {
  RateTable table({.ipv4_prefix = 32, .ipv6_prefix = 64, .max_entries = 1024});
  const std::size_t capacity = table.capacity();
  const RateRules few = rules(3);
  for (std::uint32_t n = 0; n < 100'000; ++n) passed(table, nth(n), 1, few, start);
  EXPECT_EQ(table.capacity(), capacity);
  EXPECT_LE(table.known(start), capacity);
  EXPECT_EQ(table.known(start + seconds(10)), 0U);
}

TEST(RateTable, WhoHasUsedUpHisShareIsNotForgottenForNewSources) {
  RateTable table({.ipv4_prefix = 32, .ipv6_prefix = 64, .max_entries = 1024});
  const RateRules few = rules(3);
  EXPECT_EQ(passed(table, here, 4, few, start), 3);
  for (std::uint32_t n = 0; n < 50'000; ++n) passed(table, nth(n), 4, few, start);
  EXPECT_EQ(passed(table, here, 1, few, start), 0);
}

TEST(RateTable, WhenOnlySuchAreLeftNewSourcesShareOneBucketOfTheirNetwork) {
  RateTable table({.ipv4_prefix = 32, .ipv6_prefix = 64, .max_entries = 1024}, fixed);
  const RateRules few = rules(3);
  for (std::uint32_t n = 0; n < 20'000; ++n) passed(table, nth(n), 4, few, start);
  EXPECT_GT(table.shared(), 0U);
  // A network that took no part: its first sources find the table full and share three log-ins.
  int through = 0;
  const std::uint64_t before = table.shared();
  for (std::uint32_t n = 0; n < 200; ++n)
    through += passed(table, IpAddress::v4(0xC0A80000U + n), 1, few, start);
  const auto shared = static_cast<int>(table.shared() - before);
  EXPECT_GT(shared, 150) << "the table was not full";
  EXPECT_EQ(through, 200 - shared + 3);
  // Once the flood is over everything is as before.
  EXPECT_EQ(passed(table, IpAddress::v4(0xC0A80001U), 4, few, start + seconds(20)), 3);
}

TEST(RateTable, HoldsAboutWhatItPromisesBeforeItShares) {
  RateTable table({.ipv4_prefix = 32, .ipv6_prefix = 64, .max_entries = 8192}, fixed);
  const RateRules few = rules(1);
  for (std::uint32_t n = 0; n < 8192 * 9 / 10; ++n) passed(table, nth(n), 1, few, start);
  EXPECT_LT(table.shared(), 82U) << "more than one in a hundred found no place at 90 %";
}

TEST(RateTable, ManyThreadsLetNoMoreThrough) {
  RateTable table({});
  const RateRules hundred = rules(100);
  std::atomic<int> through = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] { through += passed(table, here, 100, hundred, start); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(through, 100);
}

TEST(RateTables, AReloadThatChangesNothingKeepsTheTable) {
  RateTables tables;
  auto first = tables.of("source", {});
  EXPECT_EQ(tables.of("source", {}), first);
  EXPECT_NE(tables.of("neighbours", {}), first);
  const auto other = tables.of("source", {.max_entries = 2048});
  EXPECT_NE(other, first);
  EXPECT_EQ(tables.of("source", {.max_entries = 2048}), other);
}

}  // namespace
}  // namespace drawbridge::core
