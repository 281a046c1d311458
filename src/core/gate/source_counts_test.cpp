#include "core/gate/source_counts.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace drawbridge::core {
namespace {

const IpAddress here = *IpAddress::parse("203.0.113.9");
const IpAddress there = *IpAddress::parse("2001:db8::");

TEST(SourceCounts, SoManyAndNoMoreUntilOneEnds) {
  SourceCounts counts;
  SourceHold first = counts.open(here, 2);
  std::optional<SourceHold> second = counts.open(here, 2);
  EXPECT_TRUE(first);
  EXPECT_TRUE(*second);
  EXPECT_FALSE(counts.open(here, 2));
  EXPECT_TRUE(counts.open(there, 2)) << "another source";
  second.reset();
  EXPECT_TRUE(counts.open(here, 2));
  EXPECT_EQ(counts.of(here).open, 1U) << "the last one ended at once";
}

TEST(SourceCounts, NoneIsKeptWithoutConnections) {
  SourceCounts counts;
  {
    std::vector<SourceHold> holds;
    for (std::uint32_t n = 0; n < 1000; ++n) holds.push_back(counts.open(IpAddress::v4(n), 1));
    EXPECT_EQ(counts.sources(), 1000U);
  }
  EXPECT_EQ(counts.sources(), 0U);
}

TEST(SourceCounts, ReadingIsCountedApart) {
  SourceCounts counts;
  SourceHold first = counts.open(here, 0);
  SourceHold second = counts.open(here, 0);
  EXPECT_TRUE(first.begin_reading(1));
  EXPECT_TRUE(first.begin_reading(1)) << "counted once";
  EXPECT_FALSE(second.begin_reading(1));
  first.end_reading();
  first.end_reading();
  EXPECT_TRUE(second.begin_reading(1));
  EXPECT_FALSE(first.begin_reading(1));
  {
    const SourceHold gone = std::move(second);
  }
  EXPECT_TRUE(first.begin_reading(1)) << "one that ends while it is read gives its place back";
}

TEST(SourceCounts, MovingKeepsTheCount) {
  SourceCounts counts;
  SourceHold first = counts.open(here, 0);
  EXPECT_TRUE(first.begin_reading(0));
  SourceHold other = counts.open(there, 0);
  other = std::move(first);
  EXPECT_EQ(counts.of(there).open, 0U);
  EXPECT_EQ(counts.of(here).open, 1U);
  EXPECT_EQ(counts.of(here).reading, 1U);
}

TEST(SourceCounts, FromManyThreads) {
  SourceCounts counts;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        SourceHold hold = counts.open(here, 0);
        hold.begin_reading(0);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts.sources(), 0U);
}

}  // namespace
}  // namespace drawbridge::core
