#include "mc/handshake.hpp"

#include <gtest/gtest.h>

#include "mc/frame.hpp"
#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

const Uuid notch = *Uuid::parse("069a79f4-44e9-4726-a5be-fca90e38aaf5");

// Frames as the npm package minecraft-protocol 1.68.0 writes them.
TEST(Handshake, golden_frames) {
  const std::pair<Version, const char*> samples[] = {
      {v1_7_6, "16 00 05 10 'play.example.com' 63dd 02"},
      {v1_8, "16 00 2f 10 'play.example.com' 63dd 02"},
      {v1_12_2, "17 00 d402 10 'play.example.com' 63dd 02"},
      {v1_21_11, "17 00 8606 10 'play.example.com' 63dd 02"}};
  for (const auto& [version, bytes] : samples) {
    const Handshake handshake{version, "play.example.com", 25565, Intent::login};
    EXPECT_EQ(encode_handshake(handshake).value(), hex(bytes));
  }
}

TEST(LoginStart, golden_frames_of_every_layout) {
  LoginStart plain;
  plain.player = "Notch";
  LoginStart with_key = plain;
  with_key.key = LoginKey{0x0000'0181'1234'5678, hex("010203"), hex("0405")};
  LoginStart with_uuid = plain;
  with_uuid.uuid = notch;
  const std::tuple<Version, LoginStart, const char*> samples[] = {
      {v1_7_6, with_uuid, "07 00 05 'Notch'"},
      {v1_16_4, with_uuid, "07 00 05 'Notch'"},
      {v1_19, with_key, "17 00 05 'Notch' 01 0000018112345678 03 010203 02 0405"},
      {v1_19_1, with_uuid, "19 00 05 'Notch' 00 01 069a79f444e94726a5befca90e38aaf5"},
      {v1_19_3, with_uuid, "18 00 05 'Notch' 01 069a79f444e94726a5befca90e38aaf5"},
      {v1_20, with_uuid, "18 00 05 'Notch' 01 069a79f444e94726a5befca90e38aaf5"},
      {v1_20_2, with_uuid, "17 00 05 'Notch' 069a79f444e94726a5befca90e38aaf5"},
      {v26_1, with_uuid, "17 00 05 'Notch' 069a79f444e94726a5befca90e38aaf5"}};
  for (const auto& [version, login_start, bytes] : samples) {
    EXPECT_EQ(encode_login_start(login_start, version).value(), hex(bytes))
        << release_name(version);
  }
  EXPECT_FALSE(encode_login_start(plain, v1_20_2).has_value()) << "a UUID is not optional there";
}

TEST(Handshake, is_never_written_with_a_length_that_looks_like_an_old_ping) {
  int padded = 0;
  for (std::size_t length = 1; length < 1200; ++length) {
    const Handshake handshake{v1_20, std::string(length, 'a'), 25565, Intent::login};
    const ByteBuffer bytes = encode_handshake(handshake).value();
    EXPECT_NE(bytes[0], 0xFE) << length;
    const auto frame = next_frame(bytes, max_handshake_body).value();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->size, bytes.size());
    const auto read = decode<Handshake>(frame->body.subspan(1), v1_20, Fault::client);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->host, handshake.host);
    EXPECT_EQ(read->intent, Intent::login);
    if (bytes.back() == 0x00) ++padded;
  }
  EXPECT_EQ(padded, 8);  // 254, 382, ... 1150
}

TEST(Handshake, other_intents_are_refused) {
  for (const char* bytes :
       {"2f 01 'a' 63dd 00", "2f 01 'a' 63dd 04", "2f 01 'a' 63dd ffffffff0f"}) {
    EXPECT_FALSE(decode<Handshake>(hex(bytes), v1_8, Fault::client).has_value());
  }
}

}  // namespace
}  // namespace drawbridge::mc
