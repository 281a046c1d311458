#include "core/player_directory.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace drawbridge::core {
namespace {

using config::DuplicateLogin;
using Holder = PlayerDirectory::Holder;

const Uuid steve = offline_uuid("Steve");
const IpAddress here = *IpAddress::parse("192.0.2.1");
const IpAddress elsewhere = *IpAddress::parse("192.0.2.2");

Holder account(std::uint64_t number, const IpAddress& from = here) {
  return {.number = number, .address = from, .authenticated = true, .desk = nullptr};
}
Holder name_only(std::uint64_t number, const IpAddress& from = here) {
  return {.number = number, .address = from, .authenticated = false, .desk = nullptr};
}

TEST(PlayerDirectory, an_entry_lasts_as_long_as_its_presence) {
  PlayerDirectory directory;
  {
    const auto first = directory.enter(steve, account(1), DuplicateLogin::refuse_new);
    EXPECT_TRUE(first.presence);
    EXPECT_FALSE(first.replaced);
    EXPECT_EQ(directory.size(), 1U);
    EXPECT_FALSE(directory.enter(steve, account(2), DuplicateLogin::refuse_new).presence);
    EXPECT_TRUE(
        directory.enter(offline_uuid("Alex"), account(3), DuplicateLogin::refuse_new).presence);
  }
  EXPECT_EQ(directory.size(), 0U);
  EXPECT_TRUE(directory.enter(steve, account(4), DuplicateLogin::refuse_new).presence);
}

TEST(PlayerDirectory, kick_old_hands_the_entry_on) {
  PlayerDirectory directory;
  auto first = directory.enter(steve, account(1), DuplicateLogin::kick_old);
  auto second = directory.enter(steve, account(2, elsewhere), DuplicateLogin::kick_old);
  ASSERT_TRUE(second.presence);
  ASSERT_TRUE(second.replaced);
  EXPECT_EQ(second.replaced->number, 1U);
  EXPECT_EQ(directory.size(), 1U);
}

// The one that was kicked must not take the entry of the one that plays now along.
TEST(PlayerDirectory, who_was_replaced_leaves_the_newcomer_alone) {
  PlayerDirectory directory;
  auto first = directory.enter(steve, account(1), DuplicateLogin::kick_old);
  auto second = directory.enter(steve, account(2), DuplicateLogin::kick_old);
  first.presence = {};
  EXPECT_EQ(directory.size(), 1U);
  const auto third = directory.enter(steve, account(3), DuplicateLogin::kick_old);
  ASSERT_TRUE(third.replaced);
  EXPECT_EQ(third.replaced->number, 2U);
}

TEST(PlayerDirectory, a_presence_moves) {
  PlayerDirectory directory;
  auto first = directory.enter(steve, account(1), DuplicateLogin::kick_old);
  PlayerDirectory::Presence moved = std::move(first.presence);
  EXPECT_FALSE(first.presence);  // NOLINT(bugprone-use-after-move): emptiness is what is tested
  EXPECT_EQ(directory.size(), 1U);
  moved = {};
  EXPECT_EQ(directory.size(), 0U);
}

// Nobody has checked who they are, so the policy for accounts does not matter.
TEST(PlayerDirectory, a_name_replaces_only_its_own_address) {
  for (const DuplicateLogin policy : {DuplicateLogin::kick_old, DuplicateLogin::refuse_new}) {
    PlayerDirectory directory;
    const auto first = directory.enter(steve, name_only(1), policy);
    EXPECT_FALSE(directory.enter(steve, name_only(2, elsewhere), policy).presence);
    const auto again = directory.enter(steve, name_only(3), policy);
    ASSERT_TRUE(again.presence);
    EXPECT_EQ(again.replaced->number, 1U);
  }
}

}  // namespace
}  // namespace drawbridge::core
