// Which of several servers a host name leads to. tests beside core/routes.cpp know every corner;
// here the whole way is walked, from files to the answer.
#include <gtest/gtest.h>

#include "kit/fake_server.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

TEST(RoutingPrecedence, exact_then_suffix_then_pattern_then_default) {
  ProxyRig rig({.global = "default_server = \"fallback\"\n[default_motd.online]\ntext = \"nobody\"",
                .servers = {{"exact", signpost("[\"play.a.example\"]", "exact")},
                            {"near", signpost("[\"*.a.example\"]", "near suffix")},
                            {"far", signpost("[\"*.example\"]", "far suffix")},
                            {"pattern", signpost("[\"pl?y.*.example\", \"m*.test\"]", "pattern")},
                            {"all", signpost("[\"*\"]", "star")},
                            {"fallback", signpost("[\"only.this\"]", "default server")}}});
  EXPECT_EQ(where(rig, "play.a.example"), "exact");
  EXPECT_EQ(where(rig, "other.a.example"), "near suffix");
  EXPECT_EQ(where(rig, "deep.down.a.example"), "near suffix");
  EXPECT_EQ(where(rig, "play.b.example"), "far suffix") << "a suffix beats other patterns";
  EXPECT_EQ(where(rig, "a.example"), "far suffix") << "a wildcard does not cover the bare suffix";
  EXPECT_EQ(where(rig, "mines.test"), "pattern");
  EXPECT_EQ(where(rig, "example"), "default server");
  EXPECT_EQ(where(rig, "somewhere.else"), "default server");
  EXPECT_EQ(where(rig, ""), "default server");
}

TEST(RoutingPrecedence, a_star_catches_what_no_default_server_does) {
  ProxyRig rig({.global = "[default_motd.online]\ntext = \"nobody\"",
                .servers = {{"all", signpost("[\"*\"]", "star")},
                            {"one", signpost("[\"one.example\"]", "one")}}});
  EXPECT_EQ(where(rig, "one.example"), "one");
  EXPECT_EQ(where(rig, "two.example"), "star");
}

TEST(RoutingPrecedence, the_default_server_of_a_listener_comes_before_the_global_one) {
  ProxyRig rig({.global = "default_server = \"global\"\n"
                          "[[listener]]\nbind = \"127.0.0.2:0\"\ndefault_server = \"own\"",
                .servers = {{"global", signpost("[\"g.example\"]", "global")},
                            {"own", signpost("[\"o.example\"]", "own")}}});
  for (const Endpoint& address : rig.daemon().addresses()) {
    const bool second = address.address == *IpAddress::parse("127.0.0.2");
    EXPECT_EQ(where(address, "unknown.example"), second ? "own" : "global");
    EXPECT_EQ(where(address, "g.example"), "global");
  }
}

TEST(RoutingPrecedence, the_longest_literal_wins_among_patterns) {
  ProxyRig rig({.global = {},
                .servers = {{"a", signpost("[\"m*.test\"]", "short")},
                            {"b", signpost("[\"mine*.test\"]", "long")}}});
  EXPECT_EQ(where(rig, "minecraft.test"), "long");
  EXPECT_EQ(where(rig, "mob.test"), "short");
}

// Log-ins take the same way as pings.
TEST(RoutingPrecedence, a_login_goes_where_the_ping_went) {
  FakeServer exact, suffix;
  ProxyRig rig({.global = {},
                .servers = {{"exact", server_file("play.a.example", exact.address())},
                            {"suffix", server_file("*.a.example", suffix.address())}}});
  FakeClient one(rig.endpoint()), two(rig.endpoint());
  one.log_in("play.a.example", "Steve");
  two.log_in("elsewhere.a.example", "Alex");
  Wire at_exact = exact.accept();
  Wire at_suffix = suffix.accept();
  const auto first = FakeServer::read_hello(at_exact);
  const auto second = FakeServer::read_hello(at_suffix);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->hello.player, "Steve");
  EXPECT_EQ(second->hello.player, "Alex");
}

}  // namespace
}  // namespace drawbridge::kit
