#include "mc/hello.hpp"

#include <gtest/gtest.h>

#include "mc/frame.hpp"
#include "mc/hex_for_tests.hpp"
#include "mc/status.hpp"

namespace drawbridge::mc {
namespace {

using Fed = Result<std::optional<Hello>>;

Fed feed(const ByteBuffer& bytes) {
  return HelloParser().feed(bytes);
}

// The hello of bytes that hold exactly one, after checking that no shorter part already is one.
Hello whole(const ByteBuffer& bytes) {
  HelloParser parser;
  for (std::size_t n = 1; n < bytes.size(); ++n) {
    const Fed part = parser.feed(ByteView(bytes).first(n));
    EXPECT_TRUE(part.has_value()) << part.error().what << " after " << n;
    EXPECT_TRUE(!part || !part->has_value()) << "after " << n;
  }
  const Fed all = parser.feed(bytes);
  EXPECT_TRUE(all.has_value() && all->has_value());
  return all && *all ? **all : Hello{};
}

const ByteBuffer status_handshake = hex("0f 00 2f 09 'localhost' 63dd 01");
const ByteBuffer login_handshake = hex("17 00 8606 10 'play.example.com' 63dd 02");
const ByteBuffer login_start = hex("17 00 05 'Notch' 069a79f444e94726a5befca90e38aaf5");

TEST(Hello, login_in_one_byte_per_segment) {
  const Hello hello = whole(login_handshake + login_start);
  EXPECT_EQ(hello.kind, HelloKind::login);
  EXPECT_EQ(hello.version, v1_21_11);
  EXPECT_EQ(hello.host, "play.example.com");
  EXPECT_EQ(hello.port, 25565);
  EXPECT_EQ(hello.player, "Notch");
  EXPECT_EQ(hello.claimed_uuid, Uuid::parse("069a79f4-44e9-4726-a5be-fca90e38aaf5"));
  EXPECT_EQ(hello.handshake_size, login_handshake.size());
  EXPECT_EQ(hello.request_size, login_start.size());
  EXPECT_EQ(hello.size, login_handshake.size() + login_start.size());
}

TEST(Hello, transfer_is_told_from_login) {
  ByteBuffer handshake = login_handshake;
  handshake.back() = 3;
  const Hello hello = whole(handshake + login_start);
  EXPECT_EQ(hello.kind, HelloKind::transfer);
  EXPECT_TRUE(hello.wants_login());
}

TEST(Hello, login_starts_of_every_layout) {
  // Frames of npm minecraft-protocol 1.68.0.
  struct Sample {
    const char* handshake;
    const char* login_start;
    bool has_uuid;
  };
  const Sample samples[] = {
      {"0a 00 05 04 'host' 63dd 02", "07 00 05 'Notch'", false},
      {"0b 00 f205 04 'host' 63dd 02", "07 00 05 'Notch'", false},
      {"0b 00 f705 04 'host' 63dd 02", "17 00 05 'Notch' 01 0000018112345678 03 010203 02 0405",
       false},
      {"0b 00 f805 04 'host' 63dd 02", "19 00 05 'Notch' 00 01 069a79f444e94726a5befca90e38aaf5",
       true},
      {"0b 00 f905 04 'host' 63dd 02", "18 00 05 'Notch' 01 069a79f444e94726a5befca90e38aaf5",
       true},
      {"0b 00 f905 04 'host' 63dd 02", "08 00 05 'Notch' 00", false},
      {"0b 00 fc05 04 'host' 63dd 02", "17 00 05 'Notch' 069a79f444e94726a5befca90e38aaf5", true}};
  for (const Sample& sample : samples) {
    const Hello hello = whole(hex(sample.handshake) + hex(sample.login_start));
    EXPECT_EQ(hello.player, "Notch") << sample.login_start;
    EXPECT_EQ(hello.claimed_uuid.has_value(), sample.has_uuid) << sample.login_start;
  }
}

TEST(Hello, a_future_login_start_needs_only_a_name) {
  const Hello hello = whole(hex("0b 00 8f4e 04 'host' 63dd 02") + hex("0a 00 05 'Notch' ff ff ff"));
  EXPECT_EQ(number(hello.version), 9999);
  EXPECT_EQ(hello.player, "Notch");
  EXPECT_FALSE(hello.claimed_uuid.has_value());
}

TEST(Hello, infrarust_12_bytes_behind_the_login_start_are_not_used_up) {
  const ByteBuffer tail = hex("05 de ad be ef 01");
  const Fed fed = feed(login_handshake + login_start + tail);
  ASSERT_TRUE(fed.has_value() && fed->has_value());
  EXPECT_EQ((*fed)->size, login_handshake.size() + login_start.size());
}

TEST(Hello, infrarust_12_a_ping_in_the_segment_of_the_request_is_not_used_up) {
  const ByteBuffer all = status_handshake + hex("01 00") + hex("09 01 0000000100000002");
  const Fed fed = feed(all);
  ASSERT_TRUE(fed.has_value() && fed->has_value());
  EXPECT_EQ((*fed)->kind, HelloKind::status);
  EXPECT_EQ((*fed)->request_size, 2U);
  EXPECT_EQ((*fed)->size, status_handshake.size() + 2);
  const auto ping = next_status_packet(ByteView(all).subspan((*fed)->size));
  ASSERT_TRUE(ping.has_value() && ping->has_value());
  EXPECT_TRUE((*ping)->is_ping);
  EXPECT_EQ((*ping)->payload, 0x1'0000'0002);
}

TEST(Hello, a_ping_without_a_status_request_is_left_for_the_next_reader) {
  const Fed fed = feed(status_handshake + hex("09 01 0000000100000002"));
  ASSERT_TRUE(fed.has_value() && fed->has_value());
  EXPECT_EQ((*fed)->request_size, 0U);
  EXPECT_EQ((*fed)->size, status_handshake.size());
}

TEST(Hello, what_is_too_long_is_refused_by_its_length) {
  EXPECT_FALSE(feed(hex("ff 7f")).has_value());                    // a handshake of 16 kB
  EXPECT_FALSE(feed(login_handshake + hex("ff 7f")).has_value());  // a login start of 16 kB
  EXPECT_FALSE(feed(login_handshake + hex("81 08")).has_value());  // 1025
  EXPECT_TRUE(feed(login_handshake + hex("80 08")).has_value());   // 1024
  EXPECT_FALSE(feed(status_handshake + hex("0e")).has_value());    // a status request of 14 bytes
}

TEST(Hello, what_is_not_the_game_is_refused) {
  EXPECT_FALSE(feed(hex("00")).has_value());  // an empty frame
  EXPECT_FALSE(
      feed(hex("'GET / HTTP/1.1' 0d0a 'Host: example.com' 0d0a 'User-Agent: a scanner' 0d0a "
               "'Accept: */*' 0d0a0d0a"))
          .has_value());
  EXPECT_FALSE(feed(hex("16 03 01 02 00 01 00 01 fc 03 03 00 00 00 00 00 00 00 00 00 00 00 00"))
                   .has_value());                                             // TLS
  EXPECT_FALSE(feed(hex("0f 00 2f 09 'localhost' 63dd 07")).has_value());     // intent 7
  EXPECT_FALSE(feed(hex("10 00 2f 09 'localhost' 63dd 01 00")).has_value());  // a byte left over
  EXPECT_FALSE(feed(login_handshake + hex("02 05 00")).has_value());          // not a login start
  EXPECT_FALSE(feed(status_handshake + hex("02 00 00")).has_value());  // a request with a field
}

// Their first bytes make a length, and they may never send so many.
TEST(Hello, what_is_not_the_game_is_refused_before_its_frame_is_whole) {
  EXPECT_FALSE(feed(hex("'GET /'")).has_value());
  EXPECT_FALSE(feed(hex("'PROXY TCP4 1.2.3.4 1.2.3.4 1 2' 0d0a")).has_value());
  EXPECT_FALSE(feed(hex("80 02 01")).has_value());
  EXPECT_TRUE(feed(hex("80")).has_value());
  EXPECT_TRUE(feed(hex("80 02")).has_value());
  EXPECT_TRUE(feed(hex("80 02 00")).has_value());
  EXPECT_TRUE(feed(hex("80 82 00 00")).has_value());  // an over-long length
  EXPECT_TRUE(feed(hex("0f 80 00")).has_value());     // an over-long id
}

TEST(Hello, names_that_no_player_has_are_refused) {
  const auto named = [](std::string_view name) {
    ByteBuffer body = hex("00");
    body.push_back(static_cast<Byte>(name.size()));
    ByteBuffer frame{static_cast<Byte>(2 + name.size())};
    const ByteView text = as_bytes(name);
    return feed(hex("0a 00 2f 04 'host' 63dd 02") + frame + body +
                ByteBuffer(text.begin(), text.end()))
        .has_value();
  };
  EXPECT_TRUE(named("jeb_"));
  EXPECT_TRUE(named(".Bedrock Player"));
  EXPECT_TRUE(named("J\xC3\xBCrgen"));
  EXPECT_FALSE(named(""));
  EXPECT_FALSE(named("12345678901234567"));  // 17
  EXPECT_FALSE(named("a\nb"));
  EXPECT_FALSE(named("a\xC2\x85"));  // U+0085
  EXPECT_FALSE(named("\xFF\xFE"));
}

TEST(HelloLegacy, infrarust_5_pings_of_old_clients_are_told_apart) {
  // minecraft.wiki: FE (beta 1.8), FE 01 (1.4), FE 01 FA with a host (1.6, here of 1.6.2: protocol
  // 74).
  HelloParser parser;
  Fed fed = parser.feed(hex("fe"));
  ASSERT_TRUE(fed.has_value());
  EXPECT_FALSE(fed->has_value());
  ASSERT_TRUE(parser.wants_pause());
  EXPECT_EQ(parser.give_up_waiting().kind, HelloKind::legacy_ping);
  EXPECT_EQ(parser.give_up_waiting().legacy_ping, LegacyPing::beta);
  EXPECT_EQ(parser.give_up_waiting().size, 1U);

  fed = parser.feed(hex("fe 01"));
  ASSERT_TRUE(fed.has_value());
  EXPECT_FALSE(fed->has_value());
  ASSERT_TRUE(parser.wants_pause());
  EXPECT_EQ(parser.give_up_waiting().legacy_ping, LegacyPing::v1_4);
  EXPECT_EQ(parser.give_up_waiting().size, 2U);

  // mcstatus sends these three bytes and no more.
  fed = parser.feed(hex("fe 01 fa"));
  ASSERT_TRUE(fed.has_value());
  EXPECT_FALSE(fed->has_value());
  ASSERT_TRUE(parser.wants_pause());
  EXPECT_EQ(parser.give_up_waiting().legacy_ping, LegacyPing::v1_6);

  const ByteBuffer whole_ping =
      hex("fe 01 fa 000b 004d0043007c00500069006e00670048006f00730074 0019 4a 0009 "
          "006c006f00630061006c0068006f00730074 000063dd");
  fed = parser.feed(whole_ping);
  ASSERT_TRUE(fed.has_value() && fed->has_value());
  EXPECT_FALSE(parser.wants_pause());
  EXPECT_EQ((*fed)->kind, HelloKind::legacy_ping);
  EXPECT_TRUE((*fed)->is_legacy());
  EXPECT_TRUE((*fed)->wants_status());
  EXPECT_EQ((*fed)->legacy_ping, LegacyPing::v1_6);
  EXPECT_EQ((*fed)->legacy_protocol, 74);
  EXPECT_EQ((*fed)->host, "localhost");
  EXPECT_EQ((*fed)->port, 25565);
  EXPECT_EQ((*fed)->size, whole_ping.size());
  EXPECT_EQ(whole(whole_ping).host, "localhost");
}

TEST(HelloLegacy, a_modern_handshake_of_254_382_or_510_bytes_is_no_old_ping) {
  for (const std::size_t length : {254U, 382U, 510U}) {
    // Version, length of the host, port, intent and id take 8 bytes.
    ByteBuffer body;
    Writer writer(body);
    writer.varint(0);
    writer.varint(number(v1_8));
    writer.string(std::string(length - 7, 'a'), max_host_field);
    writer.u16(25565);
    writer.varint(2);
    ASSERT_EQ(body.size(), length);
    ByteBuffer frame;
    append_frame(frame, body);
    ASSERT_EQ(frame[0], 0xFE);
    const Hello hello = whole(frame + hex("07 00 05 'Notch'"));
    EXPECT_EQ(hello.kind, HelloKind::login);
    EXPECT_EQ(hello.player, "Notch");
    HelloParser parser;
    const Fed early = parser.feed(ByteView(frame).first(3));
    EXPECT_TRUE(early.has_value());
    EXPECT_FALSE(parser.wants_pause()) << "decided at the third byte";
  }
}

TEST(HelloLegacy, an_old_ping_for_another_channel_is_refused) {
  EXPECT_FALSE(feed(hex("fe 01 fa 0002 00410042 0007 4a 0000 000063dd")).has_value());
  EXPECT_FALSE(feed(hex("fe 01 fa ffff")).has_value());
}

TEST(HelloLegacy, logins_of_1_3_to_1_6) {
  // u8 protocol, name, host, i32 port: 1.6.4 is 78.
  const Hello hello = whole(
      hex("02 4e 0005 004e006f007400630068 0009 006c006f00630061006c0068006f00730074 000063dd"));
  EXPECT_EQ(hello.kind, HelloKind::legacy_login);
  EXPECT_TRUE(hello.wants_login());
  EXPECT_EQ(hello.legacy_protocol, 78);
  EXPECT_EQ(hello.player, "Notch");
  EXPECT_EQ(hello.host, "localhost");
  EXPECT_EQ(hello.port, 25565);
}

TEST(HelloLegacy, logins_of_1_2_and_older) {
  // One string: name;host:port, in 1.1 and older the name alone.
  const Hello joined = whole(hex("02 000b 004e006f007400630068 003b 0061003a0031003200 33"));
  EXPECT_EQ(joined.player, "Notch");
  EXPECT_EQ(joined.host, "a");
  EXPECT_EQ(joined.port, 123);
  EXPECT_EQ(joined.legacy_protocol, 0);
  const Hello alone = whole(hex("02 0005 004e006f007400630068"));
  EXPECT_EQ(alone.player, "Notch");
  EXPECT_EQ(alone.host, "");
}

TEST(HelloLegacy, logins_that_no_client_sends_are_refused) {
  EXPECT_FALSE(feed(hex("02 10 00")).has_value());  // neither a protocol nor the start of a length
  EXPECT_FALSE(feed(hex("02 4e 0011")).has_value());  // a name of 17
  EXPECT_FALSE(feed(hex("02 4e ffff")).has_value());
  EXPECT_FALSE(feed(hex("02 0000")).has_value());  // an empty name
}

}  // namespace
}  // namespace drawbridge::mc
