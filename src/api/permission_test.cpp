#include "api/permission.hpp"

#include <gtest/gtest.h>

namespace drawbridge::api {
namespace {

TEST(PermissionSet, a_wildcard_covers_what_is_below_it_and_not_itself) {
  PermissionSet set;
  set.set("drawbridge.command.*", true);
  EXPECT_TRUE(set.allows("drawbridge.command.kick"));
  EXPECT_TRUE(set.allows("drawbridge.command.kick.all"));
  EXPECT_FALSE(set.allows("drawbridge.command"));
  EXPECT_FALSE(set.allows("drawbridge.commands.kick"));
  EXPECT_FALSE(set.allows("drawbridge.admin"));
}

TEST(PermissionSet, the_most_specific_entry_wins_whatever_the_order) {
  PermissionSet set;
  set.set("drawbridge.command.kick", false);
  set.set("*", false);
  set.set("drawbridge.*", true);
  set.set("drawbridge.command.ban.*", false);
  EXPECT_FALSE(set.allows("drawbridge.command.kick"));
  EXPECT_TRUE(set.allows("drawbridge.command.ban"));
  EXPECT_FALSE(set.allows("drawbridge.command.ban.ever"));
  EXPECT_TRUE(set.allows("drawbridge.command.list"));
  EXPECT_FALSE(set.allows("other.node"));
  EXPECT_EQ(PermissionSet().find("other.node"), std::nullopt);
}

TEST(PermissionSet, the_other_spelling_is_the_same_node) {
  PermissionSet set;
  set.set("infrarust.command.find", true);
  EXPECT_TRUE(set.allows("drawbridge.command.find"));
  EXPECT_TRUE(set.allows("Infrarust.Command.Find"));
  EXPECT_FALSE(set.allows("infrarustx.command.find"));
}

}  // namespace
}  // namespace drawbridge::api
