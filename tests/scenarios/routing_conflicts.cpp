// Two servers that claim one domain: said in the log, decided the same way whatever came first, and
// the loser takes over when the winner goes.
#include <gtest/gtest.h>

#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

const std::string file_a = signpost("[\"play.example\", \"a.example\"]", "this is a");
const std::string file_b = signpost("[\"play.example\", \"b.example\"]", "this is b");

TEST(RoutingConflicts, the_first_by_id_has_the_domain_and_the_log_says_so) {
  ProxyRig rig({.global = {}, .servers = {{"b", file_b}, {"a", file_a}}});
  EXPECT_EQ(where(rig, "play.example"), "this is a");
  EXPECT_EQ(where(rig, "b.example"), "this is b");
  EXPECT_EQ(rig.log_lines({"play.example", "claimed by a and b", "a has it"}), 1U);
}

TEST(RoutingConflicts, the_order_of_arrival_changes_nothing) {
  ProxyRig rig({.global = {}, .servers = {{"b", file_b}}});
  EXPECT_EQ(where(rig, "play.example"), "this is b");
  rig.write_server("a", file_a);
  EXPECT_EQ(where(rig, "play.example"), "this is a");
  EXPECT_TRUE(rig.logged({"play.example", "claimed by a and b"}));
}

// In the closest peer the domain is lost for good when its owner goes.
TEST(RoutingConflicts, peers_fault_17_the_loser_takes_over_when_the_winner_goes) {
  ProxyRig rig({.global = {}, .servers = {{"a", file_a}, {"b", file_b}}});
  EXPECT_EQ(where(rig, "play.example"), "this is a");
  rig.remove_server("a");
  EXPECT_EQ(where(rig, "play.example"), "this is b");
  EXPECT_NE(where(rig, "a.example"), "this is a");
  rig.write_server("a", file_a);
  EXPECT_EQ(where(rig, "play.example"), "this is a");
}

TEST(RoutingConflicts, a_winner_that_gives_the_domain_up_keeps_the_rest) {
  ProxyRig rig({.global = {}, .servers = {{"a", file_a}, {"b", file_b}}});
  rig.write_server("a", signpost("[\"a.example\"]", "this is a"));
  EXPECT_EQ(where(rig, "play.example"), "this is b");
  EXPECT_EQ(where(rig, "a.example"), "this is a");
}

TEST(RoutingConflicts, unrelated_changes_do_not_repeat_the_report) {
  ProxyRig rig({.global = {}, .servers = {{"a", file_a}, {"b", file_b}}});
  const std::size_t before = rig.log_lines({"play.example", "is claimed by"});
  EXPECT_GE(before, 1U);
  rig.write_server("c", signpost("[\"c.example\"]", "this is c"));
  EXPECT_EQ(where(rig, "c.example"), "this is c");
  EXPECT_EQ(rig.log_lines({"play.example", "is claimed by"}), before);
}

TEST(RoutingConflicts, patterns_are_claimed_once_too) {
  ProxyRig rig({.global = {},
                .servers = {{"a", signpost("[\"*.example\"]", "this is a")},
                            {"b", signpost("[\"*.EXAMPLE.\"]", "this is b")}}});
  EXPECT_EQ(where(rig, "any.example"), "this is a");
  EXPECT_TRUE(rig.logged({"*.example", "claimed by a and b"}));
}

TEST(RoutingConflicts, of_two_files_with_one_id_the_first_by_file_name_is_kept) {
  ProxyRig rig({.global = {},
                .servers = {{"one", signpost("[\"one.example\"]", "one", "name = \"same\"")},
                            {"two", signpost("[\"two.example\"]", "two", "name = \"same\"")}}});
  EXPECT_EQ(where(rig, "one.example"), "one");
  EXPECT_NE(where(rig, "two.example"), "two");
  EXPECT_EQ(rig.log_lines({"ERROR", "one.toml", "two.toml", "same"}), 1U);
  rig.remove_server("one");
  EXPECT_EQ(where(rig, "two.example"), "two");
}

}  // namespace
}  // namespace drawbridge::kit
