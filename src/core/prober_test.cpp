#include "core/prober.hpp"

#include <gtest/gtest.h>

namespace drawbridge::core {
namespace {

const TimePoint start = TimePoint(hours(1));
const config::ActiveHealth rules;  // 30 s, 10 s while it is out

const ProbeResult works{.kind = ProbeResult::Kind::works};
const ProbeResult fails{.kind = ProbeResult::Kind::fails, .latency = {}, .why = "x"};
const ProbeResult unknown{.kind = ProbeResult::Kind::unknown};

TEST(ProbePlan, AHealthyAddressIsProbedAtOnceAndThenAtItsInterval) {
  ProbePlan plan(true, rules, start);
  EXPECT_EQ(plan.next(), start);
  EXPECT_FALSE(plan.note(works, true, rules, start));
  EXPECT_EQ(plan.next(), start + seconds(30));
}

TEST(ProbePlan, AnAddressThatIsOutIsLeftAloneForItsInterval) {
  ProbePlan plan(false, rules, start);
  EXPECT_EQ(plan.next(), start + seconds(10));
  EXPECT_FALSE(plan.note(fails, false, rules, start + seconds(10)));
  EXPECT_EQ(plan.next(), start + seconds(20));
}

TEST(ProbePlan, ThreeFailuresInARowPutAHealthyAddressOut) {
  ProbePlan plan(true, rules, start);
  EXPECT_FALSE(plan.note(fails, true, rules, start));
  EXPECT_EQ(plan.next(), start + seconds(1));
  EXPECT_FALSE(plan.note(fails, true, rules, start));
  EXPECT_TRUE(plan.note(fails, true, rules, start));
  EXPECT_EQ(plan.next(), start + seconds(10));
}

TEST(ProbePlan, ASuccessInBetweenStartsTheCountAgain) {
  ProbePlan plan(true, rules, start);
  plan.note(fails, true, rules, start);
  plan.note(fails, true, rules, start);
  plan.note(works, true, rules, start);
  EXPECT_FALSE(plan.note(fails, true, rules, start));
  EXPECT_FALSE(plan.note(fails, true, rules, start));
}

TEST(ProbePlan, OurOwnFaultSaysNothingAboutTheAddress) {
  ProbePlan plan(true, rules, start);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(plan.note(unknown, true, rules, start));
}

TEST(ProbePlan, AChangeOfSideByPlayersChangesTheInterval) {
  ProbePlan plan(true, rules, start);
  plan.note(works, true, rules, start);
  plan.side(false, rules, start + seconds(1));
  EXPECT_EQ(plan.next(), start + seconds(11));
  plan.side(true, rules, start + seconds(2));
  EXPECT_EQ(plan.next(), start + seconds(32));
}

}  // namespace
}  // namespace drawbridge::core
