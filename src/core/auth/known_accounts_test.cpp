#include "core/auth/known_accounts.hpp"

#include <gtest/gtest.h>

namespace drawbridge::core {
namespace {

const IpAddress here = *IpAddress::parse("198.51.100.7");
const IpAddress there = *IpAddress::parse("2001:db8::7");
const Uuid account = *Uuid::parse("4566e69f-c907-48ee-8d71-d7ba5aa00d20");
const TimePoint start = TimePoint(hours(1));

TEST(KnownAccounts, NameAndAddressTogetherAreKnownWithoutCase) {
  KnownAccounts known;
  EXPECT_EQ(known.find(here, "Steve", start), std::nullopt);
  known.note(here, "Steve", account, start);
  EXPECT_EQ(known.find(here, "steve", start), account);
  EXPECT_EQ(known.find(here, "STEVE", start), account) << "as often as it comes";
  EXPECT_EQ(known.find(there, "Steve", start), std::nullopt);
  EXPECT_EQ(known.find(here, "Alex", start), std::nullopt);
}

TEST(KnownAccounts, AreForgottenAfterTenMinutes) {
  KnownAccounts known;
  known.note(here, "Steve", account, start);
  EXPECT_EQ(known.find(here, "Steve", start + minutes(10)), account);
  EXPECT_EQ(known.find(here, "Steve", start + minutes(10) + seconds(1)), std::nullopt);
  EXPECT_EQ(known.size(), 0U);
}

TEST(KnownAccounts, ASecondNoteRenews) {
  KnownAccounts known;
  known.note(here, "Steve", account, start);
  known.note(here, "Steve", account, start + minutes(9));
  EXPECT_EQ(known.find(here, "Steve", start + minutes(15)), account);
  EXPECT_EQ(known.size(), 1U);
}

TEST(KnownAccounts, TheOldestGiveWay) {
  KnownAccounts known(2);
  known.note(here, "One", account, start);
  known.note(here, "Two", account, start);
  known.note(here, "Three", account, start);
  EXPECT_EQ(known.size(), 2U);
  EXPECT_EQ(known.find(here, "One", start), std::nullopt);
  EXPECT_EQ(known.find(here, "Three", start), account);
}

}  // namespace
}  // namespace drawbridge::core
