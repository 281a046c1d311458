#include "core/transfers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace drawbridge::core {
namespace {

const TimePoint start = TimePoint(hours(1));
const IpAddress here = *IpAddress::parse("192.0.2.1");

TEST(TransferLedger, KnowsAPlayerOnce) {
  TransferLedger ledger;
  EXPECT_FALSE(ledger.take(here, "Steve", start));
  ledger.note(here, "Steve", start);
  EXPECT_FALSE(ledger.take(here, "Alex", start));
  EXPECT_FALSE(ledger.take(*IpAddress::parse("192.0.2.2"), "Steve", start));
  EXPECT_TRUE(ledger.take(here, "sTEVE", start));
  EXPECT_FALSE(ledger.take(here, "Steve", start));
}

TEST(TransferLedger, ForgetsAfterAMinute) {
  TransferLedger ledger;
  ledger.note(here, "a", start);
  ledger.note(here, "b", start);
  EXPECT_TRUE(ledger.take(here, "a", start + seconds(60)));
  EXPECT_FALSE(ledger.take(here, "b", start + seconds(60) + nanoseconds(1)));
  EXPECT_EQ(ledger.size(), 0U);
}

TEST(TransferLedger, ASecondNoteRenews) {
  TransferLedger ledger(2);
  ledger.note(here, "a", start);
  ledger.note(here, "b", start + seconds(1));
  ledger.note(here, "a", start + seconds(50));
  EXPECT_EQ(ledger.size(), 2U);
  ledger.note(here, "c", start + seconds(50));
  EXPECT_TRUE(ledger.take(here, "a", start + seconds(100)));
  EXPECT_FALSE(ledger.take(here, "b", start + seconds(50)));
}

TEST(TransferLedger, TheOldestGoesWhenItIsFull) {
  TransferLedger ledger(3);
  for (int i = 0; i < 100; ++i) ledger.note(here, fmt::format("p{}", i), start);
  EXPECT_EQ(ledger.size(), 3U);
  EXPECT_FALSE(ledger.take(here, "p96", start));
  EXPECT_TRUE(ledger.take(here, "p97", start));
  EXPECT_TRUE(ledger.take(here, "p99", start));
}

TEST(TransferLedger, AddressFamiliesDoNotMix) {
  TransferLedger ledger;
  // The same bytes behind the family: 4 of an address and 12 of a name, or 16 of an address.
  ledger.note(*IpAddress::parse("97.97.97.97"), "aaaaaaaaaaaab", start);
  EXPECT_FALSE(
      ledger.take(*IpAddress::parse("6161:6161:6161:6161:6161:6161:6161:6161"), "b", start));
}

TEST(TransferLedger, OneOfManyThreadsTakesIt) {
  TransferLedger ledger;
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> all;
    for (int t = 0; t < 4; ++t) {
      all.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          if (t == 0) ledger.note(here, fmt::format("p{}", i), start);
          taken += ledger.take(here, fmt::format("p{}", i), start);
        }
      });
    }
  }
  for (int i = 0; i < 500; ++i) taken += ledger.take(here, fmt::format("p{}", i), start);
  EXPECT_EQ(taken, 500);
}

}  // namespace
}  // namespace drawbridge::core
