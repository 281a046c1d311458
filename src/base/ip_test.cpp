#include "base/ip.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string_view>

namespace drawbridge {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}
Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}

TEST(IpAddress, AMappedAddressIsTheIPv4Address) {
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_TRUE(ip("::ffff:192.0.2.1").is_v4());
  EXPECT_EQ(ip("::ffff:c000:0201").text(), "192.0.2.1");
  EXPECT_FALSE(ip("::192.0.2.1").is_v4());  // the older "compatible" form is another address
}

TEST(IpAddress, TextBothWays) {
  EXPECT_EQ(ip("2001:DB8:0:0::1").text(), "2001:db8::1");
  EXPECT_EQ(IpAddress::v4(0x7F000001).text(), "127.0.0.1");
  EXPECT_EQ(IpAddress{}.text(), "0.0.0.0");
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  using namespace std::string_view_literals;
  for (const std::string_view bad :
       {""sv, "1.2.3"sv, "1.2.3.256"sv, "01.2.3.4"sv, "1.2.3.4 "sv, "[::1]"sv, "fe80::1%eth0"sv,
        "1.2.3.4\0evil"sv, "localhost"sv, "12345::"sv})
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
}

TEST(IpAddress, Loopback) {
  EXPECT_TRUE(ip("127.9.9.9").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_TRUE(ip("::ffff:127.0.0.1").is_loopback());
  EXPECT_FALSE(ip("128.0.0.1").is_loopback());
  EXPECT_FALSE(ip("::2").is_loopback());
  EXPECT_FALSE(ip("1::1").is_loopback());
}

TEST(IpAddress, MaskKeepsTheFirstBits) {
  EXPECT_EQ(ip("192.168.255.255").masked(20).text(), "192.168.240.0");
  EXPECT_EQ(ip("192.168.255.255").masked(32).text(), "192.168.255.255");
  EXPECT_EQ(ip("192.168.255.255").masked(0).text(), "0.0.0.0");
  EXPECT_EQ(ip("2001:db8:ffff::1").masked(33).text(), "2001:db8:8000::");
}

TEST(Endpoint, KernelFormBothWays) {
  for (const char* text : {"192.0.2.1", "2001:db8::1"}) {
    for (const int family : {AF_UNSPEC, AF_INET6}) {
      const Endpoint endpoint{ip(text), 25565};
      sockaddr_storage raw{};
      const socklen_t size = endpoint.to_sockaddr(raw, family);
      const bool v6 = family == AF_INET6 || !endpoint.address.is_v4();
      EXPECT_EQ(raw.ss_family, v6 ? AF_INET6 : AF_INET);
      EXPECT_EQ(size, v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
      EXPECT_EQ(Endpoint::from_sockaddr(raw), endpoint);
    }
  }
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  EXPECT_FALSE(Endpoint::from_sockaddr(local));
}

TEST(Endpoint, TextHasBracketsForIPv6) {
  EXPECT_EQ((Endpoint{ip("::1"), 25565}.text()), "[::1]:25565");
  EXPECT_EQ((Endpoint{ip("::ffff:1.2.3.4"), 1}.text()), "1.2.3.4:1");
}

TEST(Cidr, BareAddressIsOneAddress) {
  EXPECT_EQ(cidr("10.1.2.3").text(), "10.1.2.3/32");
  EXPECT_EQ(cidr("2001:db8::1").text(), "2001:db8::1/128");
  EXPECT_EQ(cidr("::ffff:10.1.2.3").text(), "10.1.2.3/32");
}

TEST(Cidr, HostBitsAreClearedAndReported) {
  bool had = false;
  EXPECT_EQ(Cidr::parse("10.1.2.3/8", &had)->text(), "10.0.0.0/8");
  EXPECT_TRUE(had);
  EXPECT_EQ(Cidr::parse("10.0.0.0/8", &had)->text(), "10.0.0.0/8");
  EXPECT_FALSE(had);
}

TEST(Cidr, AMappedNetworkIsTheIPv4Network) {
  EXPECT_EQ(cidr("::ffff:10.0.0.0/104"), cidr("10.0.0.0/8"));
  EXPECT_TRUE(cidr("10.0.0.0/8").contains(ip("::ffff:10.20.30.40")));
}

TEST(Cidr, RefusesWhatIsNoNetwork) {
  for (const char* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8",
                          "10/8", "::/129", "::ffff:10.0.0.0/95", "example.net/8"})
    EXPECT_FALSE(Cidr::parse(bad)) << bad;
}

TEST(Cidr, FamiliesDoNotMix) {
  EXPECT_FALSE(cidr("::/0").contains(ip("1.2.3.4")));
  EXPECT_FALSE(cidr("0.0.0.0/0").contains(ip("::1")));
  EXPECT_TRUE(cidr("0.0.0.0/0").contains(ip("255.255.255.255")));
}

TEST(CidrSet, FindsMembersOfOverlappingAndNestedNetworks) {
  const CidrSet set({cidr("10.0.0.0/8"), cidr("10.1.0.0/16"), cidr("192.168.0.0/24"),
                     cidr("2001:db8::/32"), cidr("192.168.1.0/24"), cidr("::1")});
  for (const char* in : {"10.0.0.0", "10.255.255.255", "10.2.0.1", "192.168.0.0", "192.168.1.255",
                         "2001:db8:ffff::", "::1", "::ffff:10.1.1.1"})
    EXPECT_TRUE(set.contains(ip(in))) << in;
  for (const char* out : {"9.255.255.255", "11.0.0.0", "192.168.2.0", "192.167.255.255", "::",
                          "::2", "2001:db9::", "2001:db7:ffff::", "0.0.0.1", "255.255.255.255"})
    EXPECT_FALSE(set.contains(ip(out))) << out;
}

// The last addresses of these two end where the mapped ones do.
TEST(CidrSet, AnIPv6NetworkHoldsNoIPv4Address) {
  const CidrSet set({cidr("::/80"), cidr("::fffe:0:0/95"), cidr("::/0")});
  for (const char* address : {"0.0.0.0", "1.2.3.4", "255.255.255.255"})
    EXPECT_FALSE(set.contains(ip(address))) << address;
  EXPECT_FALSE(CidrSet({cidr("::/80")}).contains(ip("1.2.3.4")));
}

TEST(CidrSet, TheEmptySetHasNoMembers) {
  EXPECT_TRUE(CidrSet{}.empty());
  EXPECT_FALSE(CidrSet{}.contains(ip("0.0.0.0")));
  EXPECT_FALSE(CidrSet{}.contains(ip("::")));
}

}  // namespace
}  // namespace drawbridge
