#include "net/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.hpp"

namespace drawbridge::net {
namespace {

using namespace std::string_literals;

Endpoint at(std::string_view address, std::uint16_t port) {
  return {IpAddress::parse(address).value(), port};
}

ByteBuffer bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

ByteBuffer hex(std::string text) {
  std::erase(text, ' ');
  return from_hex(text).value();
}

const std::string signature = "0d0a0d0a000d0a515549540a";

// The header of bytes that hold exactly one, after checking that no shorter part is one or is
// refused.
ProxyHeader whole(const ByteBuffer& in) {
  for (std::size_t n = 0; n < in.size(); ++n) {
    const auto part = parse_proxy_header(ByteView(in).first(n));
    EXPECT_TRUE(part.has_value()) << part.error().what << " after " << n;
    EXPECT_TRUE(!part || !part->has_value()) << "after " << n;
  }
  ByteBuffer with_more = in;
  with_more.push_back(0x10);
  const auto all = parse_proxy_header(with_more);
  EXPECT_TRUE(all.has_value() && all->has_value());
  const ProxyHeader header = all && *all ? **all : ProxyHeader{};
  EXPECT_EQ(header.size, in.size());
  return header;
}

bool is_refused(const ByteBuffer& in) {
  return !parse_proxy_header(in).has_value();
}

// Lines and layouts of HAProxy's proxy-protocol.txt.
TEST(ProxyProtocol, v1_tcp4) {
  const ProxyHeader header = whole(bytes("PROXY TCP4 255.255.255.255 192.168.0.1 65535 443\r\n"));
  EXPECT_EQ(header.version, ProxyVersion::v1);
  EXPECT_EQ(header.source, at("255.255.255.255", 65535));
  EXPECT_EQ(header.destination, at("192.168.0.1", 443));
}

TEST(ProxyProtocol, v1_tcp6_of_the_longest_form) {
  const std::string line =
      "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
      "65535 65535\r\n";
  EXPECT_EQ(whole(bytes(line)).source, at("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535));
}

TEST(ProxyProtocol, v1_unknown_with_and_without_addresses) {
  for (const char* line :
       {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"}) {
    const ProxyHeader header = whole(bytes(line));
    EXPECT_FALSE(header.source.has_value());
    EXPECT_FALSE(header.is_local);
  }
}

TEST(ProxyProtocol, v1_is_strict) {
  for (const char* line :
       {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
        "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "PROXY \r\n",
        "PROXY\r\n", "proxy TCP4"}) {
    EXPECT_TRUE(is_refused(bytes(line))) << line;
  }
}

TEST(ProxyProtocol, v1_lines_end_within_107_bytes) {
  const std::string start = "PROXY UNKNOWN ";
  const std::string longest = start + std::string(105 - start.size(), 'x') + "\r\n";
  EXPECT_EQ(whole(bytes(longest)).size, 107U);
  EXPECT_TRUE(is_refused(bytes(start + std::string(106 - start.size(), 'x') + "\r\n")));
  EXPECT_FALSE(is_refused(bytes(longest.substr(0, 106))));
}

TEST(ProxyProtocol, v2_tcp4_and_tcp6) {
  const ProxyHeader v4 = whole(hex(signature + "21 11 000c c6336407 cb007101 c8d5 63dd"));
  EXPECT_EQ(v4.version, ProxyVersion::v2);
  EXPECT_FALSE(v4.is_local);
  EXPECT_EQ(v4.source, at("198.51.100.7", 51413));
  EXPECT_EQ(v4.destination, at("203.0.113.1", 25565));
  const ProxyHeader v6 = whole(hex(signature + "21 21 0024 20010db8000000000000000000000001 "
                                               "20010db8000000000000000000000002 0001 63dd"));
  EXPECT_EQ(v6.source, at("2001:db8::1", 1));
  EXPECT_EQ(v6.destination, at("2001:db8::2", 25565));
}

TEST(ProxyProtocol, v2_a_mapped_address_is_the_ipv4_one) {
  const ProxyHeader header = whole(hex(signature + "21 21 0024 00000000000000000000ffffc6336407 "
                                                   "00000000000000000000ffffcb007101 c8d5 63dd"));
  EXPECT_EQ(header.source, at("198.51.100.7", 51413));
}

TEST(ProxyProtocol, v2_local_and_unspec_keep_the_connections_own_addresses) {
  const ProxyHeader local = whole(hex(signature + "20 00 0000"));
  EXPECT_TRUE(local.is_local);
  EXPECT_FALSE(local.source.has_value());
  // HAProxy's health checks carry addresses in LOCAL; they are to be ignored.
  const ProxyHeader with_addresses =
      whole(hex(signature + "20 11 000c c6336407 cb007101 c8d5 63dd"));
  EXPECT_TRUE(with_addresses.is_local);
  EXPECT_FALSE(with_addresses.source.has_value());
  const ProxyHeader unspec = whole(hex(signature + "21 00 0003 010203"));
  EXPECT_FALSE(unspec.is_local);
  EXPECT_FALSE(unspec.source.has_value());
}

TEST(ProxyProtocol, v2_unix_sockets_have_no_address) {
  EXPECT_FALSE(whole(hex(signature + "21 31 00d8" + std::string(432, '0'))).source.has_value());
}

TEST(ProxyProtocol, v2_tlvs_are_skipped_but_must_add_up) {
  const std::string addresses = "c6336407 cb007101 c8d5 63dd";
  // PP2_TYPE_AUTHORITY "a", PP2_TYPE_NOOP of two bytes.
  EXPECT_EQ(whole(hex(signature + "21 11 0015" + addresses + "02 0001 61 04 0002 0000")).source,
            at("198.51.100.7", 51413));
  EXPECT_TRUE(is_refused(hex(signature + "21 11 0010" + addresses + "02 0002 61")));
  EXPECT_TRUE(is_refused(hex(signature + "21 11 000e" + addresses + "02 00")));
}

// The checksum was computed by another program.
TEST(ProxyProtocol, v2_checksums_must_be_right) {
  const std::string addresses = "01020304 05060708 03e8 63dd";
  EXPECT_EQ(whole(hex(signature + "21 11 0013" + addresses + "03 0004 3dacb35e")).source,
            at("1.2.3.4", 1000));
  EXPECT_TRUE(is_refused(hex(signature + "21 11 0013" + addresses + "03 0004 3dacb35f")));
  EXPECT_TRUE(is_refused(
      hex(signature + "21 11 0013" + "01020305 05060708 03e8 63dd" + "03 0004 3dacb35e")));
  EXPECT_TRUE(is_refused(hex(signature + "21 11 0012" + addresses + "03 0003 3dacb3")));
}

TEST(ProxyProtocol, v2_is_strict_and_capped) {
  EXPECT_TRUE(is_refused(hex(signature + "11")));  // version 1
  EXPECT_TRUE(is_refused(hex(signature + "22")));  // an unknown command
  EXPECT_TRUE(is_refused(hex(signature + "21 12 000c" + std::string(24, '0'))));  // UDP
  EXPECT_TRUE(is_refused(hex(signature + "21 11 000b" + std::string(22, '0'))));  // addresses cut
  EXPECT_TRUE(is_refused(hex(signature + "21 11 0801")));  // 2049, refused before it comes
  EXPECT_FALSE(is_refused(hex(signature + "21 11 0800")));
  EXPECT_TRUE(is_refused(hex("0d0a0d0a000d0a515549540b")));
}

TEST(ProxyProtocol, anything_else_is_refused_at_the_first_wrong_byte) {
  EXPECT_TRUE(is_refused(hex("10")));
  EXPECT_TRUE(is_refused(bytes("PR0")));
  EXPECT_TRUE(is_refused(hex("0d0b")));
  EXPECT_FALSE(parse_proxy_header({})->has_value());
}

TEST(ProxyProtocol, a_header_is_recognised_where_none_is_allowed) {
  EXPECT_TRUE(looks_like_proxy_header(bytes("PROXY TCP4")));
  EXPECT_TRUE(looks_like_proxy_header(hex("0d0a0d0a000d")));
  EXPECT_FALSE(looks_like_proxy_header(bytes("PROXY")));
  EXPECT_FALSE(looks_like_proxy_header(hex("0f002f096c6f63")));
}

TEST(ProxyProtocol, what_we_send) {
  const Endpoint player = at("198.51.100.7", 51413);
  const Endpoint door = at("203.0.113.1", 25565);
  EXPECT_EQ(proxy_header(ProxyForm::v1, player, door),
            bytes("PROXY TCP4 198.51.100.7 203.0.113.1 51413 25565\r\n"));
  EXPECT_EQ(proxy_header(ProxyForm::v2, player, door),
            hex(signature + "21 11 000c c6336407 cb007101 c8d5 63dd"));
  EXPECT_EQ(proxy_header(ProxyForm::v1, at("2001:db8::1", 1), at("2001:db8::2", 2)),
            bytes("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"));
  EXPECT_EQ(own_proxy_header(ProxyForm::v1), bytes("PROXY UNKNOWN\r\n"));
  EXPECT_EQ(own_proxy_header(ProxyForm::v2), hex(signature + "20 00 0000"));
}

// The checksums were computed by another program.
TEST(ProxyProtocol, what_we_send_with_a_checksum) {
  EXPECT_EQ(proxy_header(ProxyForm::v2_crc32c, at("1.2.3.4", 1000), at("5.6.7.8", 25565)),
            hex(signature + "21 11 0013 01020304 05060708 03e8 63dd 03 0004 3dacb35e"));
  EXPECT_EQ(own_proxy_header(ProxyForm::v2_crc32c), hex(signature + "20 00 0007 03 0004 a9b87e8f"));
}

TEST(ProxyProtocol, what_we_send_is_read_back) {
  const Endpoint v4 = at("198.51.100.7", 51413);
  const Endpoint v6 = at("2001:db8::1", 65535);
  for (const ProxyForm form : {ProxyForm::v1, ProxyForm::v2, ProxyForm::v2_crc32c}) {
    for (const auto& [source, destination] :
         {std::pair{v4, v4}, std::pair{v6, v6}, std::pair{v4, v6}, std::pair{v6, v4}}) {
      const ProxyHeader header = whole(proxy_header(form, source, destination));
      EXPECT_EQ(header.source, source);
      EXPECT_EQ(header.destination, destination);
    }
    EXPECT_FALSE(whole(own_proxy_header(form)).source.has_value());
  }
}

}  // namespace
}  // namespace drawbridge::net
