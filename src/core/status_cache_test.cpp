// Long because a request can end in many ways, and the cases of all of them share one clock.
#include "core/status_cache.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace drawbridge::core {
namespace {

const StatusCacheRules rules;
const TimePoint start = TimePoint(hours(1));
constexpr std::int32_t v1 = 47;
constexpr std::int32_t v2 = 774;

StatusAnswerPtr answer(std::string text) {
  auto made = std::make_shared<StatusAnswer>();
  made->response_frame = std::move(text);
  return made;
}

class StatusCacheTest : public testing::Test {
 protected:
  StatusLookup begin(std::int32_t protocol = v1, TimePoint now = start) {
    return cache.begin("s", protocol, now, used);
  }
  StatusTicket lead(std::int32_t protocol = v1, TimePoint now = start) {
    StatusLookup lookup = begin(protocol, now);
    EXPECT_TRUE(std::holds_alternative<StatusTicket>(lookup));
    if (auto* ticket = std::get_if<StatusTicket>(&lookup)) return std::move(*ticket);
    return {};
  }
  StatusFollow follow(std::int32_t protocol = v1, TimePoint now = start) {
    StatusLookup lookup = begin(protocol, now);
    EXPECT_TRUE(std::holds_alternative<StatusFollow>(lookup));
    if (auto* waiting = std::get_if<StatusFollow>(&lookup)) return std::move(*waiting);
    return {};
  }
  // The text of a hit; nothing if it is none.
  std::optional<std::string> hit(std::int32_t protocol = v1, TimePoint now = start) {
    const StatusLookup lookup = begin(protocol, now);
    const auto* outcome = std::get_if<StatusOutcome>(&lookup);
    if (outcome == nullptr) return std::nullopt;
    return outcome->answer ? outcome->answer->response_frame : "(null)";
  }
  StatusCacheRules used = rules;
  StatusCache cache;
};

TEST_F(StatusCacheTest, AnAnswerIsFreshForItsTtl) {
  lead().finish(answer("a"), start);
  EXPECT_EQ(hit(), "a");
  EXPECT_EQ(hit(v1, start + seconds(5) - nanoseconds(1)), "a");
  EXPECT_EQ(hit(v1, start + seconds(5)), std::nullopt);
}

TEST_F(StatusCacheTest, TtlChangesLive) {
  lead().finish(answer("a"), start);
  used.ttl = seconds(1);
  EXPECT_EQ(hit(v1, start + seconds(1)), std::nullopt);
}

TEST_F(StatusCacheTest, ProtocolAndServerAreTheKey) {
  lead(v1).finish(answer("a"), start);
  EXPECT_EQ(hit(v2), std::nullopt);
  lead(v2, start + seconds(1));
  EXPECT_TRUE(std::holds_alternative<StatusTicket>(cache.begin("t", v1, start, used)));
  EXPECT_EQ(hit(v1), "a");
}

TEST_F(StatusCacheTest, TtlZeroReusesNothingButSharesTheRequest) {
  used.ttl = Duration::zero();
  StatusTicket ticket = lead();
  std::string told;
  StatusFollow waiting = follow();
  waiting.then([&](const StatusTurn& turn) { told = turn.outcome.answer->response_frame; });
  ticket.finish(answer("a"), start);
  EXPECT_EQ(told, "a");
  EXPECT_EQ(hit(), std::nullopt);
  // Even to a worker whose clock is a little behind.
  lead().finish(answer("b"), start);
  EXPECT_EQ(hit(v1, start - milliseconds(1)), std::nullopt);
}

TEST_F(StatusCacheTest, FailureIsCachedForItsOwnTime) {
  lead().fail(answer("down"), start);
  const StatusLookup lookup = begin(v1, start + milliseconds(999));
  ASSERT_TRUE(std::holds_alternative<StatusOutcome>(lookup));
  EXPECT_FALSE(std::get<StatusOutcome>(lookup).reachable);
  EXPECT_EQ(std::get<StatusOutcome>(lookup).answer->response_frame, "down");
  EXPECT_EQ(hit(v1, start + seconds(1)), std::nullopt);
}

TEST_F(StatusCacheTest, AFailureWithoutWordsIsAHitToo) {
  lead().fail(nullptr, start);
  EXPECT_EQ(hit(), "(null)");
  StatusTicket ticket = lead(v2);
  ticket.finish(nullptr, start);
  EXPECT_FALSE(std::get<StatusOutcome>(begin(v2)).reachable);
}

TEST_F(StatusCacheTest, LastKnownOutlivesFailures) {
  EXPECT_EQ(lead().last_known(start), nullptr);
  lead().finish(answer("good"), start);
  TimePoint now = start;
  for (int i = 0; i < 3; ++i) {
    now += minutes(10);
    StatusTicket ticket = lead(v1, now);
    ASSERT_NE(ticket.last_known(now), nullptr);
    EXPECT_EQ(ticket.last_known(now)->response_frame, "good");
    ticket.fail(answer("down"), now);
  }
  // A version that never got an answer is told of the server's last one; its own comes first.
  StatusTicket other = lead(v2, now);
  EXPECT_EQ(other.last_known(now)->response_frame, "good");
  other.finish(answer("newer"), now);
  EXPECT_EQ(lead(v2, now + seconds(5)).last_known(now)->response_frame, "newer");
  EXPECT_EQ(lead(v1, now + seconds(5)).last_known(now)->response_frame, "good");
}

TEST_F(StatusCacheTest, LastKnownHasALimit) {
  lead().finish(answer("good"), start);
  used.stale_limit = minutes(1);
  StatusTicket ticket = lead(v1, start + minutes(1));
  EXPECT_NE(ticket.last_known(start + minutes(1)), nullptr);
  EXPECT_EQ(ticket.last_known(start + minutes(1) + seconds(1)), nullptr);
  ticket.fail(nullptr, start + minutes(1));
  used.stale_limit = Duration::zero();
  EXPECT_EQ(lead(v1, start + minutes(2)).last_known(start), nullptr);
}

TEST_F(StatusCacheTest, FollowersAreToldWhatTheLeaderBrings) {
  StatusTicket ticket = lead();
  std::vector<StatusFollow> waiting(3);
  std::vector<std::string> told;
  for (StatusFollow& follower : waiting) {
    follower = follow();
    follower.then([&](const StatusTurn& turn) {
      EXPECT_TRUE(turn.outcome.reachable);
      EXPECT_EQ(turn.lead, nullptr);
      told.push_back(turn.outcome.answer->response_frame);
    });
  }
  EXPECT_TRUE(told.empty());
  ticket.finish(answer("a"), start);
  EXPECT_EQ(told, std::vector<std::string>(3, "a"));
  EXPECT_FALSE(ticket);
}

TEST_F(StatusCacheTest, AFollowerMayRegisterAfterTheEnd) {
  StatusTicket ticket = lead();
  StatusFollow late = follow();
  ticket.fail(answer("down"), start);
  std::string told;
  late.then([&](const StatusTurn& turn) { told = turn.outcome.answer->response_frame; });
  EXPECT_EQ(told, "down");
}

TEST_F(StatusCacheTest, ALostLeaderIsFollowedByTheFirstWhoWaits) {
  StatusTicket ticket = lead();
  StatusFollow first = follow();
  StatusFollow second = follow();
  std::shared_ptr<StatusTicket> heir;
  std::string told;
  first.then([&](StatusTurn turn) { heir = std::move(turn.lead); });
  second.then([&](const StatusTurn& turn) { told = turn.outcome.answer->response_frame; });
  ticket = StatusTicket();
  ASSERT_NE(heir, nullptr);
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(std::holds_alternative<StatusFollow>(begin())) << "somebody still leads";
  heir->finish(answer("a"), start);
  EXPECT_EQ(told, "a");
  EXPECT_EQ(hit(), "a");
}

TEST_F(StatusCacheTest, ALostLeaderWithoutFollowersLeavesNoTrace) {
  lead();
  EXPECT_EQ(cache.size(), 0U);
  lead().finish(answer("a"), start);
  lead(v1, start + seconds(9));
  EXPECT_EQ(hit(), "a") << "what was stored stays";
}

TEST_F(StatusCacheTest, AFollowerWithoutCallbackYetInheritsToo) {
  std::optional<StatusTicket> ticket = lead();
  StatusFollow late = follow();
  ticket.reset();
  std::shared_ptr<StatusTicket> heir;
  late.then([&](StatusTurn turn) { heir = std::move(turn.lead); });
  ASSERT_NE(heir, nullptr);
  EXPECT_TRUE(std::holds_alternative<StatusFollow>(begin())) << "and is the only one";
  heir->finish(answer("a"), start);
  EXPECT_EQ(hit(), "a");
}

TEST_F(StatusCacheTest, AFollowerWithoutCallbackYetMayFindANewLeader) {
  std::optional<StatusTicket> ticket = lead();
  StatusFollow late = follow();
  ticket.reset();
  StatusTicket other = lead();
  std::string told;
  late.then([&](const StatusTurn& turn) {
    EXPECT_EQ(turn.lead, nullptr);
    told = turn.outcome.answer->response_frame;
  });
  other.finish(answer("a"), start);
  EXPECT_EQ(told, "a");
}

TEST_F(StatusCacheTest, HeirsThatAreGoneArePassedOver) {
  StatusTicket ticket = lead();
  std::vector<StatusFollow> waiting;
  int asked = 0;
  for (int i = 0; i < 100'000; ++i) {
    waiting.push_back(follow());
    waiting.back().then([&](const StatusTurn&) { ++asked; });  // drops the ticket
  }
  ticket = StatusTicket();
  EXPECT_EQ(asked, 100'000);
  EXPECT_TRUE(std::holds_alternative<StatusTicket>(begin()));
}

TEST_F(StatusCacheTest, AFollowerThatLeavesIsNotCalled) {
  StatusTicket ticket = lead();
  int calls = 0;
  const auto alive = std::make_shared<int>(1);
  {
    StatusFollow waiting = follow();
    waiting.then([&calls, alive](const StatusTurn&) { ++calls; });
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1) << "its callback is let go at once";
  ticket.finish(answer("a"), start);
  EXPECT_EQ(calls, 0);
}

TEST_F(StatusCacheTest, InvalidationTouchesOneServer) {
  lead().finish(answer("a"), start);
  lead(v2).finish(answer("b"), start);
  std::get<StatusTicket>(cache.begin("t", v1, start, used)).finish(answer("c"), start);
  cache.invalidate("s");
  cache.invalidate("unknown");
  EXPECT_TRUE(std::holds_alternative<StatusOutcome>(cache.begin("t", v1, start, used)));
  EXPECT_EQ(hit(v2), std::nullopt);
  StatusTicket again = lead();
  ASSERT_NE(again.last_known(start), nullptr);
  EXPECT_EQ(again.last_known(start)->response_frame, "a");
}

TEST_F(StatusCacheTest, WhatIsUnderWayAtInvalidationIsNotStored) {
  StatusTicket old = lead();
  StatusFollow waiting = follow();
  std::string told;
  waiting.then([&](const StatusTurn& turn) { told = turn.outcome.answer->response_frame; });
  cache.invalidate("s");
  StatusTicket fresh = lead();
  old.finish(answer("old"), start);
  EXPECT_EQ(told, "old") << "they asked before";
  EXPECT_EQ(hit(), std::nullopt);
  fresh.finish(answer("new"), start);
  EXPECT_EQ(hit(), "new");
}

TEST_F(StatusCacheTest, NorIsARenewalThatIsUnderWay) {
  lead().finish(answer("a"), start);
  const TimePoint now = start + seconds(9);
  StatusTicket old = lead(v1, now);
  cache.invalidate("s");
  StatusTicket fresh = lead(v1, now);
  old.finish(answer("old"), now);
  fresh.finish(answer("new"), now);
  EXPECT_EQ(hit(v1, now), "new");
}

TEST_F(StatusCacheTest, RemovalForgetsEverything) {
  lead().finish(answer("a"), start);
  StatusTicket under_way = lead(v2);
  cache.remove("s");
  EXPECT_EQ(cache.size(), 0U);
  under_way.finish(answer("b"), start);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(lead().last_known(start), nullptr);
}

TEST_F(StatusCacheTest, TheOldestGoesWhenItIsFull) {
  used.max_entries = 3;
  for (const std::int32_t protocol : {1, 2, 3}) {
    lead(protocol, start + seconds(protocol)).finish(answer("a"), start + seconds(protocol));
  }
  const TimePoint now = start + seconds(7);
  lead(1, now).finish(answer("again"), now);
  lead(4, now).finish(answer("b"), now);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(hit(1, now), "again");
  EXPECT_EQ(hit(2, start + seconds(3)), std::nullopt) << "fetched longest ago";
  EXPECT_EQ(hit(3, now), "a");
  EXPECT_EQ(hit(4, now), "b");
  used.max_entries = 1;
  lead(5, now).finish(answer("c"), now);
  EXPECT_EQ(cache.size(), 1U);
}

TEST_F(StatusCacheTest, EvictionAcrossServersFindsEveryShard) {
  used.max_entries = 10;
  for (int i = 0; i < 200; ++i) {
    std::get<StatusTicket>(cache.begin(fmt::format("server{}", i), v1, start, used))
        .finish(answer("a"), start);
  }
  EXPECT_EQ(cache.size(), 10U);
  EXPECT_EQ(cache.servers(), 10U) << "what was known of the others is kept";
  EXPECT_TRUE(std::holds_alternative<StatusOutcome>(cache.begin("server199", v1, start, used)));
  for (int i = 0; i < 200; ++i)  // nobody waits, and nobody fetches after all
    std::get<StatusTicket>(cache.begin(fmt::format("gone{}", i), v1, start, used));
  EXPECT_EQ(cache.servers(), 10U);
  cache.clear();
  EXPECT_EQ(cache.servers(), 0U);
  EXPECT_EQ(cache.size(), 0U);
}

// The oldest entry is being fetched anew when it is evicted: one request at a time stays true.
TEST_F(StatusCacheTest, EvictionDoesNotForgetWhoFetches) {
  used.max_entries = 1;
  lead(1).finish(answer("a"), start);
  StatusTicket again = lead(1, start + seconds(6));
  lead(2, start + seconds(6)).finish(answer("b"), start + seconds(6));
  EXPECT_TRUE(std::holds_alternative<StatusFollow>(begin(1, start + seconds(6))));
  again.finish(answer("c"), start + seconds(7));
  EXPECT_EQ(hit(1, start + seconds(7)), "c");
  EXPECT_EQ(cache.size(), 1U);
}

TEST(StatusCacheLife, ATicketMayOutliveTheCache) {
  std::optional<StatusCache> cache(std::in_place);
  StatusLookup lookup = cache->begin("s", v1, start, rules);
  StatusLookup waiting = cache->begin("s", v1, start, rules);
  int calls = 0;
  std::get<StatusFollow>(waiting).then([&](const StatusTurn&) { ++calls; });
  cache.reset();
  std::get<StatusTicket>(lookup).finish(answer("a"), start);
  EXPECT_EQ(calls, 1);
}

// Threads ask, lead, fail, abandon and inherit at random. Whoever registered a callback and stays
// is called exactly once, and at no time do two fetch for one key (unless it was invalidated in
// between).
class StatusCacheThreads : public testing::TestWithParam<bool> {};

TEST_P(StatusCacheThreads, EverybodyIsToldAndOneFetches) {
  const bool invalidating = GetParam();
  constexpr int threads = 4;
  constexpr int rounds = 20'000;
  constexpr std::size_t keys = 3;
  struct Lead {
    StatusTicket ticket;
    std::size_t key;
  };
  StatusCache cache;
  std::array<std::atomic<int>, keys> fetching{};
  std::atomic<bool> two_at_once = false;
  std::atomic<int> told = 0;
  std::atomic<int> registered = 0;
  std::mutex mutex;  // guards the two
  std::vector<Lead> inherited;
  std::vector<StatusFollow> waiting;
  const auto has_begun = [&](std::size_t key) {
    if (fetching[key].fetch_add(1) > 0) two_at_once = true;
  };
  const auto work = [&](int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    for (int i = 0; i < rounds; ++i) {
      const TimePoint now = start + seconds(i / 10);
      const std::size_t key = random() % keys;
      const std::string id = fmt::format("s{}", key);
      StatusLookup lookup = cache.begin(id, v1, now, rules);
      std::optional<Lead> mine;
      if (auto* ticket = std::get_if<StatusTicket>(&lookup)) {
        has_begun(key);
        mine.emplace(std::move(*ticket), key);
      } else if (auto* follower = std::get_if<StatusFollow>(&lookup)) {
        ++registered;
        follower->then([&, key](StatusTurn turn) {
          ++told;
          if (!turn.lead) return;
          has_begun(key);
          const std::lock_guard lock(mutex);
          inherited.push_back({std::move(*turn.lead), key});
        });
        const std::lock_guard lock(mutex);
        waiting.push_back(std::move(*follower));
      }
      if (!mine || random() % 2 == 0) {
        const std::lock_guard lock(mutex);
        if (mine) inherited.push_back(std::move(*mine));
        mine.reset();
        if (!inherited.empty() && random() % 4 == 0) {
          mine = std::move(inherited.back());
          inherited.pop_back();
        }
      }
      if (mine) {
        --fetching[mine->key];
        const unsigned how = random() % 4;
        if (how == 0) mine->ticket.finish(answer("a"), now);
        if (how == 1) mine->ticket.fail(answer("down"), now);
        mine.reset();  // or abandoned
      }
      if (invalidating && i % 97 == 0) cache.invalidate(id);
      if (invalidating && i % 211 == 0) cache.remove(id);
    }
  };
  {
    std::vector<std::jthread> all;
    for (int t = 0; t < threads; ++t) all.emplace_back(work, t);
  }
  while (!inherited.empty()) {
    std::vector<Lead> last;
    last.swap(inherited);
    for (Lead& lead : last) {
      --fetching[lead.key];
      lead.ticket.finish(answer("end"), start);
    }
  }
  EXPECT_GT(registered, 1000);
  EXPECT_EQ(told, registered);
  if (!invalidating) EXPECT_FALSE(two_at_once);
}

INSTANTIATE_TEST_SUITE_P(AndReloads, StatusCacheThreads, testing::Bool());

}  // namespace
}  // namespace drawbridge::core
