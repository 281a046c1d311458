// Routes by regular expression, with parts of the host name in the backend's address.
#include <gtest/gtest.h>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

std::string port_of(const FakeServer& server) {
  const std::string address = server.address();
  return address.substr(address.rfind(':') + 1);
}

std::string pattern(std::string_view match, std::string_view server, std::string_view more = {}) {
  return fmt::format("[[route]]\nmatch = '{}'\nserver = \"{}\"\n{}\n", match, server, more);
}

TEST(RoutingPatterns, come_behind_names_and_before_defaults) {
  ProxyRig rig({.global = "default_server = \"default\"\n" + pattern("[ab].*\\.test", "pattern"),
                .servers = {{"pattern", signpost("[\"pattern.test\"]", "pattern")},
                            {"exact", signpost("[\"a.test\"]", "exact")},
                            {"suffix", signpost("[\"*.b.test\"]", "suffix")},
                            {"glob", signpost("[\"a-*.test\"]", "glob")},
                            {"default", signpost("[\"x.test\"]", "default")}}});
  EXPECT_EQ(where(rig, "a.test"), "exact");
  EXPECT_EQ(where(rig, "x.b.test"), "suffix");
  EXPECT_EQ(where(rig, "a-1.test"), "glob");
  EXPECT_EQ(where(rig, "A7.test"), "pattern");
  EXPECT_EQ(where(rig, "c.test"), "default");
}

TEST(RoutingPatterns, the_first_in_the_file_wins_and_servers_own_follow_by_priority) {
  const std::string late = "[[routes]]\nmatch = '.*\\.test'\npriority = 200";
  const std::string early = "[[routes]]\nmatch = '.*\\.test'\npriority = 50";
  ProxyRig rig({.global = pattern("one.*", "one") + pattern("o.*", "other"),
                .servers = {{"one", signpost("[\"w1.test\"]", "one")},
                            {"other", signpost("[\"w2.test\"]", "other")},
                            {"aaa", signpost("[\"w3.test\"]", "late", late)},
                            {"zzz", signpost("[\"w4.test\"]", "early", early)}}});
  EXPECT_EQ(where(rig, "one.test"), "one");
  EXPECT_EQ(where(rig, "oops.test"), "other");
  EXPECT_EQ(where(rig, "else.test"), "early");
}

TEST(RoutingPatterns, captures_lead_players_and_pings_to_an_address_of_their_own) {
  FakeServer backend;
  StatusServer pinged(R"({"version":{"name":"x","protocol":4},"description":"mine"})");
  ProxyRig rig({.global = pattern("(\\d+)\\.test", "any",
                                  "address = \"127.0.0.1:$1\"\nresolve_allow = [\"127.0.0.1\"]"),
                .servers = {{"any", signpost("[\"any.test\"]", "any")}}});
  Player player(rig.endpoint(), backend, port_of(backend) + ".test");
  EXPECT_TRUE(player.plays());
  const std::string port = pinged.address().substr(pinged.address().rfind(':') + 1);
  EXPECT_EQ(where(rig, port + ".test"), "mine");
  EXPECT_EQ(where(rig, "any.test"), "any");
  player.leave();
  EXPECT_TRUE(rig.logged({"left", "server=any", "backend=" + backend.address()}));
}

// A name that strangers had a say in must not lead to what only this machine may reach.
TEST(RoutingPatterns, captures_do_not_lead_inside_unless_allowed) {
  FakeServer backend;
  ProxyRig rig({.global = pattern("(\\d+)\\.ip", "any", "address = \"127.0.0.1:$1\"") +
                          pattern("(\\d+)\\.name", "any", "address = \"localhost:$1\""),
                .servers = {{"any", signpost("[\"any.test\"]", "any")}}});
  for (const std::string_view zone : {".ip", ".name"}) {
    FakeClient client(rig.endpoint());
    client.log_in(port_of(backend) + std::string(zone), "Steve");
    EXPECT_TRUE(client.kicked().has_value());
  }
  EXPECT_FALSE(backend.accept(Duration::zero()).open());
  EXPECT_TRUE(rig.logged({"backend unreachable", "resolve_allow"}));
}

TEST(RoutingPatterns, what_gives_no_address_falls_to_the_next_route) {
  ProxyRig rig({.global = pattern("(.*)\\.test", "first", "address = \"127.0.0.1:$1\"") +
                          pattern(".*\\.test", "second"),
                .servers = {{"first", signpost("[\"w1.test\"]", "first")},
                            {"second", signpost("[\"w2.test\"]", "second")}}});
  EXPECT_EQ(where(rig, "notaport.test"), "second");
}

TEST(RoutingPatterns, a_server_may_consist_of_routes_only) {
  FakeServer backend;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", fmt::format("[[routes]]\nmatch = 'mc-.*'\naddress = \"{}\"",
                                                  backend.address())}}});
  EXPECT_TRUE(Player(rig.endpoint(), backend, "mc-1.test").plays());
}

TEST(RoutingPatterns, change_with_a_reload) {
  ProxyRig rig({.global = pattern("a.*", "one"),
                .servers = {{"one", signpost("[\"w1.test\"]", "one")},
                            {"two", signpost("[\"w2.test\"]", "two")}}});
  EXPECT_EQ(where(rig, "a.test"), "one");
  rig.write_global(pattern("a.*", "two"));
  EXPECT_EQ(where(rig, "a.test"), "two");
  rig.remove_server("two");
  EXPECT_NE(where(rig, "a.test"), "two");
}

}  // namespace
}  // namespace drawbridge::kit
