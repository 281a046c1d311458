#include "core/log_throttle.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace drawbridge::core {
namespace {

const TimePoint start = TimePoint(hours(1));
const IpAddress here = *IpAddress::parse("1.2.3.4");

IpAddress ip(std::uint32_t n) {
  return IpAddress::v4(0x0A000000U + n);
}

int written(LogThrottle& throttle, const IpAddress& source, int lines, TimePoint now,
            std::string_view reason = "bad handshake") {
  int count = 0;
  for (int i = 0; i < lines; ++i) {
    count += throttle.allow(source, reason, now) == LogVerdict::write ? 1 : 0;
  }
  return count;
}

TEST(LogThrottle, WritesTheFirstLinesAndSumsUpTheRest) {
  LogThrottle throttle;
  EXPECT_EQ(written(throttle, here, 417, start), 5);
  EXPECT_TRUE(throttle.summaries(start + seconds(9)).empty()) << "the window is not over";
  const auto summaries = throttle.summaries(start + seconds(10));
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].text(), "412 more from 1.2.3.4 in the last 10 s");
  EXPECT_EQ(summaries[0].reason, "bad handshake");
  EXPECT_TRUE(throttle.summaries(start + seconds(20)).empty());
  EXPECT_EQ(throttle.size(), 0U);
}

TEST(LogThrottle, AQuietSourceHasNoSummary) {
  LogThrottle throttle;
  EXPECT_EQ(written(throttle, here, 5, start), 5);
  EXPECT_TRUE(throttle.summaries(start + seconds(10)).empty());
}

TEST(LogThrottle, AWindowEndsByItself) {
  LogThrottle throttle;
  written(throttle, here, 7, start);
  EXPECT_EQ(written(throttle, here, 7, start + seconds(10)), 5);
  const auto summaries = throttle.summaries(start + seconds(10));
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].suppressed, 2U);
  EXPECT_EQ(throttle.summaries(start + seconds(20)).size(), 1U);
}

TEST(LogThrottle, SourcesAndReasonsAreApart) {
  LogThrottle throttle;
  EXPECT_EQ(written(throttle, here, 9, start, "a"), 5);
  EXPECT_EQ(written(throttle, here, 9, start, "b"), 5);
  EXPECT_EQ(written(throttle, ip(1), 19, start, "a"), 5);
  const auto summaries = throttle.summaries(start + seconds(10));
  ASSERT_EQ(summaries.size(), 3U);
  EXPECT_EQ(summaries[0].source, "10.0.0.1") << "the largest first";
  EXPECT_EQ(summaries[1].reason, "a");
}

TEST(LogThrottle, AnIpv6CustomerIsOneSource) {
  LogThrottle throttle;
  EXPECT_EQ(written(throttle, *IpAddress::parse("2001:db8::1"), 4, start), 4);
  EXPECT_EQ(written(throttle, *IpAddress::parse("2001:db8::ffff"), 4, start), 1);
  EXPECT_EQ(written(throttle, *IpAddress::parse("2001:db8:0:1::1"), 4, start), 4);
  const auto summaries = throttle.summaries(start + seconds(10));
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].source, "2001:db8::/64");
}

TEST(LogThrottle, AFullTableSharesOneCountAReason) {
  LogThrottle throttle({.lines = 2, .window = seconds(10), .max_sources = 3});
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(written(throttle, ip(i), 1, start), 1);
  int count = 0;
  for (std::uint32_t i = 3; i < 1000; ++i) count += written(throttle, ip(i), 1, start);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(written(throttle, ip(0), 5, start), 1) << "who has a place keeps it";
  EXPECT_LE(throttle.size(), 4U);
  const auto summaries = throttle.summaries(start + seconds(10));
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[0].text(), "995 more from other sources in the last 10 s");
  EXPECT_EQ(written(throttle, ip(5), 1, start + seconds(10)), 1) << "places are free again";
}

// 0.0.0.0 is an address like others and not the shared count.
TEST(LogThrottle, TheZeroAddressIsNotTheSharedCount) {
  LogThrottle throttle({.lines = 1, .window = seconds(10), .max_sources = 1});
  written(throttle, IpAddress(), 3, start);
  written(throttle, ip(1), 3, start);
  const auto summaries = throttle.summaries(start + seconds(10));
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[0].source, "0.0.0.0");
  EXPECT_EQ(summaries[1].source, "other sources");
}

TEST(LogThrottle, ThreadsTogetherWriteNoMore) {
  LogThrottle throttle;
  std::atomic<int> count = 0;
  {
    std::vector<std::jthread> all;
    for (int t = 0; t < 4; ++t) {
      all.emplace_back([&] { count += written(throttle, here, 1000, start); });
    }
  }
  EXPECT_EQ(count, 5);
  EXPECT_EQ(throttle.summaries(start + seconds(10))[0].suppressed, 3995U);
}

}  // namespace
}  // namespace drawbridge::core
