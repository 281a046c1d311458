#include "core/gate/refusals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace drawbridge::core {
namespace {

const TimePoint start = TimePoint(hours(100));
const IpAddress here = *IpAddress::parse("203.0.113.9");

std::uint64_t count(const RefusalReport& report, RefusalReason reason) {
  return report.by_reason[static_cast<std::size_t>(reason)];
}

TEST(Refusals, EveryReasonHasANameOfItsOwn) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < refusal_reasons; ++i)
    names.push_back(name_of(static_cast<RefusalReason>(i)));
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_FALSE(names.front().empty());
}

TEST(Refusals, AreCountedByReasonForOneHour) {
  RefusalBook book;
  book.note(RefusalReason::ip_ban, here, start);
  book.note(RefusalReason::rate_login, here, start + minutes(30));
  book.note(RefusalReason::rate_login, here, start + minutes(30));
  EXPECT_EQ(count(book.report(start + minutes(59)), RefusalReason::ip_ban), 1U);
  const RefusalReport later = book.report(start + minutes(61));
  EXPECT_EQ(count(later, RefusalReason::ip_ban), 0U);
  EXPECT_EQ(count(later, RefusalReason::rate_login), 2U);
  EXPECT_EQ(book.report(start + hours(5)).total(), 0U);
  book.note(RefusalReason::ip_ban, here, start + hours(6));
  EXPECT_EQ(book.report(start + hours(6)).total(), 1U) << "the ring still held old minutes";
}

TEST(Refusals, HeavySourcesAreNotMissedAmongThousands) {
  RefusalBook book;
  for (std::uint32_t n = 0; n < 20'000; ++n) {
    book.note(RefusalReason::accept_rate, IpAddress::v4(0x0A000000U + n), start);
    if (n % 10 == 0) book.note(RefusalReason::accept_rate, here, start);
  }
  const RefusalReport report = book.report(start);
  ASSERT_FALSE(report.sources.empty());
  EXPECT_EQ(report.sources.front().first, here);
  EXPECT_GE(report.sources.front().second, 2000U);
  EXPECT_LE(report.sources.size(), RefusalBook::sources_in_slice);
}

TEST(Refusals, SourcesOfIpv6AreNetworks) {
  RefusalBook book;
  book.note(RefusalReason::ip_filter, *IpAddress::parse("2001:db8::1"), start);
  book.note(RefusalReason::ip_filter, *IpAddress::parse("2001:db8::2"), start);
  const RefusalReport report = book.report(start);
  ASSERT_EQ(report.sources.size(), 1U);
  EXPECT_EQ(report.sources[0].first.text(), "2001:db8::");
  EXPECT_EQ(report.sources[0].second, 2U);
}

TEST(Refusals, SourcesOfAnHourAreSummedAndThenForgotten) {
  RefusalBook book;
  for (int i = 0; i < 6; ++i) book.note(RefusalReason::ip_filter, here, start + minutes(10 * i));
  EXPECT_EQ(book.report(start + minutes(59)).sources.at(0).second, 6U);
  EXPECT_TRUE(book.report(start + hours(3)).sources.empty());
}

TEST(Refusals, BooksAreMerged) {
  RefusalBook one;
  RefusalBook two;
  const IpAddress there = *IpAddress::parse("198.51.100.1");
  one.note(RefusalReason::ip_filter, here, start);
  two.note(RefusalReason::ip_filter, there, start);
  two.note(RefusalReason::name_ban, there, start);
  RefusalReport all = one.report(start);
  all.merge(two.report(start));
  EXPECT_EQ(all.total(), 3U);
  EXPECT_EQ(count(all, RefusalReason::ip_filter), 2U);
  ASSERT_EQ(all.sources.size(), 2U);
  EXPECT_EQ(all.sources[0], std::pair(there, std::uint64_t{2}));
}

}  // namespace
}  // namespace drawbridge::core
