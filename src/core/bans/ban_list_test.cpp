#include "core/bans/ban_list.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace drawbridge::core {
namespace {

constexpr UnixSeconds today = 1'790'000'000;

Ban ban(std::string_view target, std::optional<UnixSeconds> expires = std::nullopt) {
  Ban out;
  out.id = std::string(target);
  out.target = *BanTarget::parse(target);
  out.expires_at = expires;
  return out;
}

std::string id_of(const Ban* found) {
  return found != nullptr ? found->id : "";
}

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

TEST(BanTarget, WhatSomebodyTypesIsUnderstood) {
  using Kind = BanTarget::Kind;
  const auto kind = [](std::string_view text) { return BanTarget::parse(text)->kind; };
  EXPECT_EQ(kind("Steve"), Kind::username);
  EXPECT_EQ(kind(".BedrockSteve"), Kind::username);
  EXPECT_EQ(kind("203.0.113.9"), Kind::ip);
  EXPECT_EQ(kind("::ffff:203.0.113.9"), Kind::ip);
  EXPECT_EQ(BanTarget::parse("::ffff:203.0.113.9")->value, "203.0.113.9");
  EXPECT_EQ(kind("203.0.113.0/24"), Kind::ip_range);
  EXPECT_EQ(kind("2001:db8::/32"), Kind::ip_range);
  EXPECT_EQ(kind("069a79f4-44e9-4726-a5be-fca90e38aaf5"), Kind::uuid);
  EXPECT_EQ(kind("069A79F444E94726A5BEFCA90E38AAF5"), Kind::uuid);
}

TEST(BanTarget, AMistypedAddressIsNoName) {
  for (const std::string_view text :
       {"10.0.0.256", "1.2.3", "10.0.0.0/33", "2001:db8:::1", "", "two words", "a\nb", "\xFF\xFE"})
    EXPECT_FALSE(BanTarget::parse(text)) << text;
}

TEST(BanList, NamesWithoutRegardToCase) {
  const BanList list({ban("Griefer")});
  EXPECT_EQ(id_of(list.by_name("griefer", today)), "Griefer");
  EXPECT_EQ(id_of(list.by_name("GRIEFER", today)), "Griefer");
  EXPECT_EQ(id_of(list.by_name("griefer2", today)), "");
}

TEST(BanList, UuidsInEitherForm) {
  const BanList list({ban("069a79f4-44e9-4726-a5be-fca90e38aaf5")});
  EXPECT_NE(list.by_uuid(*Uuid::parse("069A79F444E94726A5BEFCA90E38AAF5"), today), nullptr);
  EXPECT_EQ(list.by_uuid(offline_uuid("Steve"), today), nullptr);
}

TEST(BanList, AddressesAndTheNetworksAroundThem) {
  const BanList list({ban("10.1.2.3"), ban("10.1.0.0/16"), ban("10.0.0.0/8"), ban("192.0.2.0/24"),
                      ban("2001:db8::/32"), ban("2001:db8:1::/48")});
  EXPECT_EQ(id_of(list.by_address(ip("10.1.2.3"), today)), "10.1.2.3");
  EXPECT_EQ(id_of(list.by_address(ip("10.1.2.4"), today)), "10.1.0.0/16");
  EXPECT_EQ(id_of(list.by_address(ip("10.2.0.1"), today)), "10.0.0.0/8");
  EXPECT_EQ(id_of(list.by_address(ip("11.0.0.0"), today)), "");
  EXPECT_EQ(id_of(list.by_address(ip("9.255.255.255"), today)), "");
  EXPECT_EQ(id_of(list.by_address(ip("192.0.2.255"), today)), "192.0.2.0/24");
  EXPECT_EQ(id_of(list.by_address(ip("192.0.3.0"), today)), "");
  EXPECT_EQ(id_of(list.by_address(ip("2001:db8:1::5"), today)), "2001:db8:1::/48");
  EXPECT_EQ(id_of(list.by_address(ip("2001:db8:2::5"), today)), "2001:db8::/32");
  EXPECT_EQ(id_of(list.by_address(ip("::ffff:10.1.2.3"), today)), "10.1.2.3");
}

TEST(BanList, EverybodyCanBeBanned) {
  const BanList list({ban("0.0.0.0/0")});
  EXPECT_NE(list.by_address(ip("203.0.113.9"), today), nullptr);
  EXPECT_EQ(list.by_address(ip("2001:db8::1"), today), nullptr) << "IPv4 only";
}

TEST(BanList, ABanEndsAndThoseAroundItGoOn) {
  const BanList list({ban("10.1.2.3", today), ban("10.0.0.0/8", today + 1), ban("Steve", today)});
  EXPECT_EQ(id_of(list.by_address(ip("10.1.2.3"), today - 1)), "10.1.2.3");
  EXPECT_EQ(id_of(list.by_address(ip("10.1.2.3"), today)), "10.0.0.0/8");
  EXPECT_EQ(id_of(list.by_address(ip("10.1.2.3"), today + 1)), "");
  EXPECT_EQ(id_of(list.by_name("Steve", today)), "");
}

TEST(BanList, OfTwoBansTheOneThatEndsLaterHolds) {
  const BanList list({ban("Steve", today + 10), ban("steve"), ban("STEVE", today + 5)});
  EXPECT_NE(list.by_name("Steve", today + 100), nullptr);
}

TEST(Ban, WhatIsLeftOfIt) {
  EXPECT_EQ(remaining_text(ban("a"), today), "for ever");
  EXPECT_EQ(remaining_text(ban("a", today + 90), today), "2 min");
  EXPECT_EQ(remaining_text(ban("a", today + 3L * 3600 + 300), today), "3 h 5 min");
  EXPECT_EQ(remaining_text(ban("a", today + 86400L * 3), today), "3 days");
  EXPECT_EQ(remaining_text(ban("a", today - 5), today), "0 s");
}

}  // namespace
}  // namespace drawbridge::core
