#include "core/pattern_routes.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/reach.hpp"

namespace drawbridge::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PatternClaim claim(std::string match, std::string address = {}) {
  return {.origin = "route 1",
          .match = std::move(match),
          .server_id = "s",
          .address = std::move(address),
          .resolve_allow = {}};
}

// Where the first (and only) claim leads this host; the reason if it does not.
std::string led(const PatternClaim& one, std::string_view host) {
  const PatternRoutes routes({one});
  if (routes.matching(host).empty()) return "(no match)";
  const auto filled = routes.fill(0, host);
  if (!filled) return filled.error().what;
  return filled->routed ? filled->routed->address.text() : "(own)";
}

TEST(PatternRoutes, MatchTheWholeHostWithoutRegardToCase) {
  EXPECT_EQ(led(claim("mc[0-9]+\\.Example\\.org"), "mc7.example.org"), "(own)");
  EXPECT_EQ(led(claim("mc[0-9]+\\.example\\.org"), "xmc7.example.org"), "(no match)");
  EXPECT_EQ(led(claim("mc[0-9]+\\.example\\.org"), "mc7.example.org.evil"), "(no match)");
  EXPECT_EQ(led(claim("a|b"), "ab"), "(no match)") << "alternatives are anchored, too";
}

TEST(PatternRoutes, CapturesMakeTheAddress) {
  EXPECT_EQ(led(claim("(.+)\\.play\\.org", "$1.internal:25570"), "red.play.org"),
            "red.internal:25570");
  EXPECT_EQ(
      led(claim("(?P<name>[a-z]+)-(?P<zone>[a-z]+)\\.org", "${name}.${zone}.lan"), "red-eu.org"),
      "red.eu.lan");
  EXPECT_EQ(led(claim("s(\\d+)\\.org", "10.0.0.$1:255$1"), "s12.org"), "10.0.0.12:25512");
  EXPECT_EQ(led(claim("(.+)\\.org", "$0:1"), "a.org"), "a.org:1") << "the whole match";
  EXPECT_EQ(led(claim("x\\.org", "y.lan:7"), "x.org"), "y.lan:7") << "none at all";
}

TEST(PatternRoutes, WhatIsNoAddressIsPassedOver) {
  const PatternClaim ports = claim("(.*)\\.org", "backend:$1");
  EXPECT_EQ(led(ports, "25570.org"), "backend:25570");
  EXPECT_THAT(led(ports, "99999.org"), HasSubstr("no address"));
  EXPECT_THAT(led(ports, "0.org"), HasSubstr("no address"));
  EXPECT_THAT(led(ports, ".org"), HasSubstr("no address"));
  EXPECT_THAT(led(claim("(a)?b", "$1.lan"), "b"), HasSubstr("no address")) << "an empty group";
}

// What a stranger types must not become a port, a path or another address form.
TEST(PatternRoutes, CapturesHoldNothingButNames) {
  const PatternClaim any = claim("(?s)(.*)", "$1");
  for (const std::string_view host :
       {"evil:22", "unix:/run/docker.sock", "[::1]", "a b", "a/b", "a%00", "user@host"})
    EXPECT_THAT(led(any, host), HasSubstr("cannot be a part of an address")) << host;
}

TEST(PatternRoutes, OnlyCapturedNamesAreHeldToAnAllowList) {
  const PatternRoutes routes({claim("(.+)\\.a", "$1"), claim("x\\.b", "127.0.0.1:1")});
  const auto captured = routes.fill(0, "name.a");
  ASSERT_TRUE(captured && captured->routed->allow);
  EXPECT_FALSE(captured->routed->allow->contains(*IpAddress::parse("127.0.0.1")));
  const auto fixed = routes.fill(1, "x.b");
  ASSERT_TRUE(fixed && fixed->routed);
  EXPECT_EQ(fixed->routed->allow, nullptr);
}

TEST(PatternRoutes, AllThatMatchComeInTheirOrder) {
  const PatternRoutes routes({claim("x.*"), claim("nothing"), claim(".*y"), claim("xy")});
  EXPECT_THAT(routes.matching("xy"), ElementsAre(0, 2, 3));
  EXPECT_THAT(routes.matching("zz"), IsEmpty());
  EXPECT_THAT(PatternRoutes().matching("zz"), IsEmpty());
}

TEST(PatternRoutes, OneThatCannotBeUsedStopsNoOther) {
  const PatternRoutes routes({claim("(("), claim("a", "$3"), claim("b")});
  EXPECT_EQ(routes.rejections().size(), 2U);
  EXPECT_THAT(routes.matching("b"), ElementsAre(2));
  EXPECT_THAT(routes.matching("a"), IsEmpty());
}

// Expressions that make backtracking matchers run for years, on a host made for them.
TEST(PatternRoutes, NoPatternCanExplode) {
  const PatternRoutes routes({claim("(a+)+$", "$1"), claim("(a|aa)+b"), claim("(.*a){20}c")});
  EXPECT_THAT(routes.matching(std::string(250, 'a')), ElementsAre(0));
  EXPECT_THAT(routes.matching(std::string(250, 'a') + "!"), IsEmpty());
}

TEST(PatternRoutes, AThousandAreOneMatch) {
  std::vector<PatternClaim> claims;
  for (int i = 0; i < 1000; ++i)
    claims.push_back(claim(fmt::format("([a-z]+)-{}\\.play\\.example\\.org", i), "$1.lan"));
  const PatternRoutes routes(std::move(claims));
  EXPECT_THAT(routes.rejections(), IsEmpty());
  EXPECT_THAT(routes.matching("red-777.play.example.org"), ElementsAre(777));
  EXPECT_THAT(routes.matching("red-1000.play.example.org"), IsEmpty());
}

TEST(AllowedNetworks, ByDefaultEverywhereButInside) {
  const AllowedNetworks usual(std::nullopt);
  for (const std::string_view inside :
       {"127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1"})
    EXPECT_FALSE(usual.contains(*IpAddress::parse(inside))) << inside;
  for (const std::string_view outside : {"10.0.0.1", "192.168.1.1", "8.8.8.8", "fd00::1"})
    EXPECT_TRUE(usual.contains(*IpAddress::parse(outside))) << outside;
}

TEST(AllowedNetworks, AListIsAllThereIs) {
  const AllowedNetworks list(std::vector<Cidr>{*Cidr::parse("127.0.0.0/8")});
  EXPECT_TRUE(list.contains(*IpAddress::parse("127.0.0.1")));
  EXPECT_FALSE(list.contains(*IpAddress::parse("10.0.0.1")));
}

TEST(TakingTurns, FamiliesAlternateInTheirOwnOrder) {
  const auto at = [](std::string_view text) { return Endpoint{*IpAddress::parse(text), 1}; };
  EXPECT_THAT(taking_turns({at("1.0.0.1"), at("1.0.0.2"), at("1.0.0.3"), at("::1")}),
              ElementsAre(at("1.0.0.1"), at("::1"), at("1.0.0.2"), at("1.0.0.3")));
  EXPECT_THAT(taking_turns({at("::1"), at("1.0.0.1")}), ElementsAre(at("::1"), at("1.0.0.1")));
}

}  // namespace
}  // namespace drawbridge::core
