#include "core/balance.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace drawbridge::core {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;

const EjectionRules rules;
const TimePoint start = TimePoint(hours(1));

class Balance : public testing::Test {
 protected:
  std::shared_ptr<BackendPool> pool_of(std::vector<int> weights) {
    std::vector<WeightedAddress> addresses;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      addresses.push_back({fmt::format("b{}:25565", i), static_cast<std::uint16_t>(weights[i])});
    }
    return pools.pool("s", std::move(addresses));
  }
  static std::vector<std::uint32_t> order(BackendPool& pool, BalanceStrategy strategy,
                                          TimePoint now = start) {
    std::vector<std::uint32_t> indices;
    for (const Candidate& c : pool.order({.strategy = strategy, .now = now}))
      indices.push_back(c.index);
    return indices;
  }
  static void eject(BackendPool& pool, std::uint32_t index, TimePoint now = start) {
    for (std::uint32_t i = 0; i < rules.failures; ++i) {
      DialAttempt attempt = pool.attempt({index}, now);
      ASSERT_TRUE(attempt);
      attempt.failed(now, rules);
    }
    ASSERT_EQ(pool.health(index).availability(now), Availability::ejected);
  }
  BackendPools pools;
};

TEST_F(Balance, FirstAvailableKeepsTheListsOrder) {
  const auto pool = pool_of({1, 9, 0});
  EXPECT_THAT(order(*pool, BalanceStrategy::first_available), ElementsAre(0, 1, 2));
  EXPECT_THAT(order(*pool, BalanceStrategy::first_available), ElementsAre(0, 1, 2));
  EXPECT_THAT(order(*pool_of({}), BalanceStrategy::first_available), IsEmpty());
}

TEST_F(Balance, RoundRobinIsSmooth) {
  const auto pool = pool_of({5, 1, 1});
  std::vector<std::uint32_t> leaders;
  for (int i = 0; i < 14; ++i) leaders.push_back(order(*pool, BalanceStrategy::round_robin)[0]);
  EXPECT_THAT(leaders, ElementsAre(0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0));
}

TEST_F(Balance, RoundRobinFollowsAnyWeights) {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    std::vector<int> weights;
    int total = 0;
    for (unsigned i = 0; i < 2 + random() % 20; ++i) {
      weights.push_back(static_cast<int>(random() % 8));
      total += weights.back();
    }
    if (total == 0) continue;
    const auto pool = pool_of(weights);
    std::vector<int> led(weights.size());
    for (int i = 0; i < 3 * total; ++i) {
      const auto indices = order(*pool, BalanceStrategy::round_robin);
      ASSERT_EQ(indices.size(), weights.size());
      ++led[indices[0]];
    }
    for (std::size_t i = 0; i < weights.size(); ++i) ASSERT_EQ(led[i], 3 * weights[i]);
  }
}

TEST_F(Balance, LeastConnCountsLiveAndConnectingByWeight) {
  const auto pool = pool_of({1, 1, 2});
  std::vector<DialAttempt> attempts;
  std::vector<LiveConnection> live;
  attempts.push_back(pool->attempt({0}, start));
  live.push_back(pool->attempt({1}, start).connected(start));
  live.push_back(pool->attempt({1}, start).connected(start));
  // One more would make 2/1, 3/1, 1/2.
  EXPECT_THAT(order(*pool, BalanceStrategy::least_conn), ElementsAre(2, 0, 1));
  for (int i = 0; i < 4; ++i) live.push_back(pool->attempt({2}, start).connected(start));
  // 2/1, 3/1, 5/2.
  EXPECT_THAT(order(*pool, BalanceStrategy::least_conn), ElementsAre(0, 2, 1));
  live.clear();
  attempts.clear();
  EXPECT_EQ(pool->health(2).load(), 0U);
}

TEST_F(Balance, LeastConnSpreadsABurstByWeight) {
  const auto pool = pool_of({3, 1});
  std::vector<DialAttempt> attempts;
  for (int i = 0; i < 40; ++i) {
    const CandidateList list = pool->order({.strategy = BalanceStrategy::least_conn, .now = start});
    attempts.push_back(pool->attempt(list[0], start));
  }
  EXPECT_EQ(pool->health(0).connecting(), 30U);
  EXPECT_EQ(pool->health(1).connecting(), 10U);
}

TEST_F(Balance, LeastConnTiesGoRound) {
  const auto pool = pool_of({1, 1, 1});
  std::vector<std::uint32_t> leaders;
  for (int i = 0; i < 6; ++i) leaders.push_back(order(*pool, BalanceStrategy::least_conn)[0]);
  EXPECT_THAT(leaders, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST_F(Balance, WeightZeroIsForWhenNothingElseIsLeft) {
  for (const auto strategy :
       {BalanceStrategy::round_robin, BalanceStrategy::least_conn, BalanceStrategy::random,
        BalanceStrategy::lowest_latency, BalanceStrategy::ip_hash}) {
    const auto pool = pool_of({0, 1, 1, 0});
    for (int i = 0; i < 10; ++i) {
      const auto indices = order(*pool, strategy);
      ASSERT_EQ(indices.size(), 4U);
      EXPECT_THAT(indices[0], AnyOf(1U, 2U));
      EXPECT_THAT(indices[1], AnyOf(1U, 2U));
    }
    // Load does not push a player to the spare ones either.
    std::vector<LiveConnection> live;
    for (int i = 0; i < 20; ++i) live.push_back(pool->attempt({1}, start).connected(start));
    EXPECT_EQ(order(*pool, BalanceStrategy::least_conn)[0], 2U);
    EXPECT_EQ(order(*pool, BalanceStrategy::least_conn)[1], 1U);
    eject(*pool, 1);
    eject(*pool, 2);
    EXPECT_EQ(order(*pool, strategy).size(), 2U);
    EXPECT_THAT(order(*pool, strategy)[0], AnyOf(0U, 3U));
  }
}

TEST_F(Balance, OnlyWeightZeroStillRotates) {
  const auto pool = pool_of({0, 0});
  EXPECT_EQ(order(*pool, BalanceStrategy::round_robin)[0], 0U);
  EXPECT_EQ(order(*pool, BalanceStrategy::round_robin)[0], 1U);
  EXPECT_EQ(order(*pool, BalanceStrategy::round_robin)[0], 0U);
}

TEST_F(Balance, EjectedAddressesAreLeftOut) {
  for (const auto strategy :
       {BalanceStrategy::first_available, BalanceStrategy::round_robin, BalanceStrategy::least_conn,
        BalanceStrategy::random, BalanceStrategy::lowest_latency, BalanceStrategy::ip_hash}) {
    const auto pool = pool_of({1, 1, 1});
    eject(*pool, 0, start);
    for (int i = 0; i < 6; ++i) {
      for (const std::uint32_t index : order(*pool, strategy)) EXPECT_NE(index, 0U);
    }
    EXPECT_EQ(order(*pool, strategy, start + seconds(30)).size(), 3U) << "its attempt is due";
    pool->attempt({0}, start + seconds(30)).connected(start + seconds(30));
    EXPECT_EQ(order(*pool, strategy, start + seconds(31)).size(), 3U);
  }
}

TEST_F(Balance, IfAllAreOutAllAreUsed) {
  const auto pool = pool_of({1, 1});
  eject(*pool, 0);
  eject(*pool, 1);
  const CandidateList list =
      pool->order({.strategy = BalanceStrategy::first_available, .now = start});
  ASSERT_EQ(list.size(), 2U);
  EXPECT_TRUE(list[0].forced);
  DialAttempt attempt = pool->attempt(list[0], start);
  ASSERT_TRUE(attempt);
  bool recovered = false;
  attempt.connected(start, &recovered);
  EXPECT_TRUE(recovered);
  EXPECT_THAT(order(*pool, BalanceStrategy::first_available), ElementsAre(0));
}

TEST_F(Balance, TheRecoveryAttemptIsTakenWhenItIsMade) {
  const auto pool = pool_of({1, 1});
  eject(*pool, 1);
  const TimePoint due = start + seconds(30);
  // Being a candidate behind one that works uses nothing up.
  EXPECT_EQ(order(*pool, BalanceStrategy::first_available, due).size(), 2U);
  EXPECT_EQ(order(*pool, BalanceStrategy::first_available, due).size(), 2U);
  DialAttempt mine = pool->attempt({1}, due);
  DialAttempt theirs = pool->attempt({1}, due);
  EXPECT_TRUE(mine);
  EXPECT_FALSE(theirs);
  mine.failed(due, rules);
  EXPECT_EQ(pool->health(1).out_until(), due + seconds(60));
}

// Not everybody runs at the first one.
TEST_F(Balance, IfAllAreOutFirstAvailableGoesRoundThem) {
  const auto pool = pool_of({1, 1, 1});
  for (std::uint32_t i = 0; i < 3; ++i) eject(*pool, i);
  std::vector<std::uint32_t> leaders;
  for (int i = 0; i < 6; ++i) leaders.push_back(order(*pool, BalanceStrategy::first_available)[0]);
  EXPECT_THAT(leaders, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST_F(Balance, DrainedAddressesGetNobodyWhateverElseIsOut) {
  const auto pool = pool_of({1, 1});
  pools.set_drained({{"s", "b0:25565"}});
  EXPECT_THAT(order(*pool, BalanceStrategy::first_available), ElementsAre(1));
  eject(*pool, 1);
  EXPECT_THAT(order(*pool, BalanceStrategy::first_available), ElementsAre(1)) << "forced";
  pools.set_drained({{"s", "b0:25565"}, {"s", "b1:25565"}});
  EXPECT_THAT(order(*pool, BalanceStrategy::round_robin), IsEmpty());
  const auto later = pools.pool("s", {{"b1:25565"}, {"b2:25565"}});
  EXPECT_THAT(order(*later, BalanceStrategy::round_robin), ElementsAre(1)) << "over a reload";
  pools.set_drained({});
  EXPECT_EQ(order(*pool, BalanceStrategy::random).size(), 1U) << "b1 is still out";
}

std::vector<IpAddress> some_clients(std::size_t count) {
  std::mt19937 random(5);
  std::vector<IpAddress> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(IpAddress::v4(static_cast<std::uint32_t>(random())));
  return out;
}

TEST_F(Balance, IpHashLeadsAClientToOneAddress) {
  const auto pool = pool_of({1, 1, 1, 1});
  for (const IpAddress& client : some_clients(100)) {
    const Pick pick{.strategy = BalanceStrategy::ip_hash, .now = start, .client = client};
    const std::uint32_t first = pool->order(pick)[0].index;
    EXPECT_EQ(pool->order(pick)[0].index, first);
  }
}

TEST_F(Balance, IpHashTakesTheHomeOfAnIpv6Client) {
  const auto pool = pool_of({1, 1, 1, 1, 1, 1, 1, 1});
  const auto first = [&](std::string_view client) {
    return pool
        ->order({.strategy = BalanceStrategy::ip_hash,
                 .now = start,
                 .client = IpAddress::parse(client)})[0]
        .index;
  };
  EXPECT_EQ(first("2001:db8:1:2::1"), first("2001:db8:1:2:ffff::9"));
}

// Who was elsewhere stays there; of the others only those move that the change concerns.
TEST_F(Balance, IpHashIsStableWhenTheListChanges) {
  const auto three = pools.pool("s", {{"a:1"}, {"b:1"}, {"c:1"}});
  const auto four = pools.pool("t", {{"d:1"}, {"c:1"}, {"b:1"}, {"a:1"}});
  int moved = 0;
  for (const IpAddress& client : some_clients(4000)) {
    const Pick pick{.strategy = BalanceStrategy::ip_hash, .now = start, .client = client};
    const auto before = three->addresses()[three->order(pick)[0].index].text;
    const auto after = four->addresses()[four->order(pick)[0].index].text;
    if (before == after) continue;
    ++moved;
    ASSERT_EQ(after, "d:1");
  }
  EXPECT_NEAR(moved, 1000, 120);
}

TEST_F(Balance, LowestLatencyPrefersTheNearestByWeight) {
  const auto pool = pool_of({1, 1, 4, 0});
  const auto measure = [&](std::uint32_t index, int ms) {
    pool->shared_health(index)->measured(milliseconds(ms), start);
  };
  measure(0, 30);
  measure(1, 20);
  measure(2, 40);  // 10 by weight
  measure(3, 1);   // a spare
  EXPECT_THAT(order(*pool, BalanceStrategy::lowest_latency), ElementsAre(2, 1, 0, 3));
}

TEST_F(Balance, LowestLatencyMeasuresEachOnceAMinute) {
  const auto pool = pool_of({1, 1});
  const auto first = [&](TimePoint now) {
    return order(*pool, BalanceStrategy::lowest_latency, now)[0];
  };
  // Nobody is known: each is tried by one connection, which then tells.
  EXPECT_NE(first(start), first(start));
  pool->shared_health(0)->measured(milliseconds(5), start);
  pool->shared_health(1)->measured(milliseconds(50), start);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(first(start + seconds(59)), 0U);
  // b1 may have become faster: one connection finds out.
  const TimePoint later = start + seconds(61);
  std::array<int, 2> led{};
  for (int i = 0; i < 10; ++i) ++led.at(first(later));
  EXPECT_EQ(led[1], 1);
  pool->shared_health(1)->measured(milliseconds(1), later);
  EXPECT_EQ(first(later), 1U) << "an old average does not hold it down";
}

// The share of b0 beside an equal one, `into` its slow start.
double share_during_slow_start(BackendPool& pool, Duration into, double aggression) {
  int led = 0;
  constexpr int rounds = 2000;
  for (int i = 0; i < rounds; ++i) {
    const Pick pick{.strategy = BalanceStrategy::round_robin,
                    .now = start + into,
                    .slow_start = seconds(100),
                    .aggression = aggression};
    if (pool.order(pick)[0].index == 0) ++led;
  }
  return static_cast<double>(led) / rounds;
}

TEST_F(Balance, AnAddressThatIsBackStartsSlowly) {
  const auto pool = pool_of({1, 1});
  eject(*pool, 0, start - seconds(40));
  DialAttempt recovery = pool->attempt({0}, start);
  ASSERT_TRUE(recovery);
  recovery.connected(start);
  EXPECT_NEAR(share_during_slow_start(*pool, seconds(1), 1), 0.02, 0.01);
  EXPECT_NEAR(share_during_slow_start(*pool, seconds(50), 1), 1.0 / 3, 0.01);
  EXPECT_NEAR(share_during_slow_start(*pool, seconds(25), 2), 1.0 / 3, 0.01) << "steeper";
  EXPECT_NEAR(share_during_slow_start(*pool, seconds(100), 1), 0.5, 0.01);
}

TEST_F(Balance, SlowStartHoldsForNewAddressesButNotForANewServer) {
  const auto fresh = pools.pool("s", {{"a:1"}, {"b:1"}});
  EXPECT_EQ(fresh->health(0).changed_at(), TimePoint());
  const auto grown = pools.pool("s", {{"a:1"}, {"b:1"}, {"c:1"}});
  EXPECT_EQ(grown->health(0).changed_at(), TimePoint());
  EXPECT_NE(grown->health(2).changed_at(), TimePoint());
}

// 100,000 connections while addresses fail and come back at random: each strategy that shares out
// by weight stays within 5 % of what the weights of the usable addresses say.
class Skew : public Balance, public testing::WithParamInterface<BalanceStrategy> {};

TEST_P(Skew, StaysWithinFivePercentOfTheWeightsUnderFailures) {
  constexpr std::array weights{5, 3, 1, 1};
  const auto pool = pool_of({5, 3, 1, 1});
  std::mt19937 random(3);
  std::array<bool, 4> dead{};
  std::array<double, 4> expected{};
  std::array<double, 4> got{};
  std::vector<LiveConnection> live(20);
  TimePoint now = start;
  for (std::size_t n = 0; n < 100'000; ++n) {
    now += milliseconds(10);
    if (n % 5000 == 0)  // one address at most is broken at a time, for 50 s, half of the time
      for (std::size_t i = 0; i < dead.size(); ++i) dead.at(i) = i == (random() % 8);
    double total = 0;
    std::array<bool, 4> counts{};
    for (std::uint32_t i = 0; i < 4; ++i) {
      counts.at(i) = !dead.at(i) && pool->health(i).availability(now) != Availability::ejected;
      if (counts.at(i)) total += weights.at(i);
    }
    for (std::size_t i = 0; i < 4; ++i)
      if (counts.at(i)) expected.at(i) += weights.at(i) / total;
    const Pick pick{.strategy = GetParam(),
                    .now = now,
                    .client = IpAddress::v4(static_cast<std::uint32_t>(random()))};
    for (const Candidate& candidate : pool->order(pick)) {
      DialAttempt attempt = pool->attempt(candidate, now);
      if (!attempt) continue;
      if (dead.at(candidate.index)) {
        attempt.failed(now, rules);
        continue;
      }
      live[n % live.size()] = attempt.connected(now);
      got.at(candidate.index) += 1;
      break;
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GT(expected.at(i), 5000);
    EXPECT_NEAR(got.at(i) / expected.at(i), 1, 0.05) << "address " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, Skew,
                         testing::Values(BalanceStrategy::round_robin, BalanceStrategy::least_conn,
                                         BalanceStrategy::random, BalanceStrategy::ip_hash));

TEST_F(Balance, ListsLongerThanTheInlineRoomWork) {
  for (const std::size_t count : {15UZ, 16UZ, 17UZ, 100UZ}) {
    const auto pool = pool_of(std::vector<int>(count, 1));
    const CandidateList list =
        pool->order({.strategy = BalanceStrategy::first_available, .now = start});
    ASSERT_EQ(list.size(), count);
    for (std::uint32_t i = 0; i < count; ++i) ASSERT_EQ(list[i].index, i);
    EXPECT_EQ(order(*pool, BalanceStrategy::round_robin).size(), count);
    EXPECT_EQ(order(*pool, BalanceStrategy::round_robin)[0], 1U);
  }
}

TEST_F(Balance, HealthSurvivesAReload) {
  auto before = pools.pool("s", {{"a:1"}, {"b:1"}});
  EXPECT_EQ(pools.pool("s", {{"a:1"}, {"b:1"}}), before) << "unchanged";
  eject(*before, 0);
  const LiveConnection live = before->attempt({1}, start).connected(start);
  const auto after = pools.pool("s", {{"c:1"}, {"b:1"}, {"a:1", 3}});
  EXPECT_NE(after, before);
  before.reset();
  EXPECT_EQ(after->health(0).availability(start), Availability::healthy);
  EXPECT_EQ(after->health(1).live(), 1U);
  EXPECT_EQ(after->health(2).availability(start), Availability::ejected);
}

TEST_F(Balance, ServersDoNotShareAnAddress) {
  const auto mine = pools.pool("s", {{"a:1"}});
  const auto theirs = pools.pool("t", {{"a:1"}});
  eject(*mine, 0);
  EXPECT_EQ(theirs->health(0).availability(start), Availability::healthy);
}

TEST_F(Balance, StateGoesWhenNobodyNamesIt) {
  auto old = pools.pool("s", {{"a:1"}, {"b:1"}});
  eject(*old, 0);
  LiveConnection live = old->attempt({1}, start).connected(start);
  EXPECT_EQ(pools.live_addresses(), 2U);
  old.reset();
  EXPECT_EQ(pools.live_addresses(), 1U) << "a connection still names b";
  live.end();
  EXPECT_EQ(pools.live_addresses(), 0U);
  EXPECT_EQ(pools.pool("s", {{"a:1"}})->health(0).availability(start), Availability::healthy);
}

TEST_F(Balance, AThousandReloadsLeaveNothingBehind) {
  std::shared_ptr<BackendPool> pool;
  for (int i = 0; i < 1000; ++i) pool = pools.pool(fmt::format("s{}", i), {{"a:1"}});
  EXPECT_EQ(pools.live_addresses(), 1U);
}

TEST_F(Balance, ManyThreadsShareAPool) {
  const auto pool = pool_of({3, 2, 1});
  constexpr int threads = 4;
  constexpr int rounds = 600;
  std::latch ready(threads);
  std::vector<std::array<int, 3>> led(threads);
  {
    std::vector<std::jthread> all;
    for (std::size_t t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        ready.arrive_and_wait();
        for (int i = 0; i < rounds; ++i) {
          const CandidateList list =
              pool->order({.strategy = BalanceStrategy::round_robin, .now = start});
          ++led[t][list[0].index];
          DialAttempt attempt = pool->attempt(list[0], start);
          const LiveConnection live = attempt.connected(start);
          const CandidateList by_load =
              pool->order({.strategy = BalanceStrategy::least_conn, .now = start});
          DialAttempt second = pool->attempt(by_load[0], start);
          if (i % 64 == 0) second.failed(start + seconds(i), rules);
          pools.pool("s", {{"b0:25565"}, {"b1:25565"}});
        }
      });
    }
  }
  int total = 0;
  for (const auto& counts : led) total += counts[0] + counts[1] + counts[2];
  EXPECT_EQ(total, threads * rounds);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(pool->health(i).load(), 0U);
}

}  // namespace
}  // namespace drawbridge::core
