#include "mc/player_info.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/strings.hpp"
#include "mc/host.hpp"

namespace drawbridge::mc {
namespace {

using namespace std::string_literals;

constexpr std::string_view secret = "the-secret-of-32-characters-here";

PlayerInfo notch() {
  return {.address = IpAddress::parse("203.0.113.7").value(),
          .uuid = Uuid::parse("069a79f444e94726a5befca90e38aaf5").value(),
          .name = "Notch",
          .properties = {{"textures", "c2tpbg==", "c2ln"}, {"plain", "x", {}}},
          .key = {},
          .signer = {}};
}

PlayerInfo with_key(std::optional<Uuid> signer) {
  PlayerInfo info = notch();
  info.key = LoginKey{
      .expires_ms = 1'700'000'000'000, .key = {0x30, 0x01, 0x02}, .signature = {0xAA, 0xBB}};
  info.signer = signer;
  return info;
}

std::string answer(const PlayerInfo& info, InfoVersion version, Version client) {
  const auto bytes = player_info_answer(info, version, client, secret);
  return bytes ? to_hex(*bytes) : bytes.error().what;
}

// Made with Python's hmac, hashlib and struct from the layout as Paper reads it.
constexpr std::string_view player =
    "0b3230332e302e3131332e37069a79f444e94726a5befca90e38aaf5054e6f7463680208746578747572657308"
    "6332747062673d3d010463326c6e05706c61696e017800";
constexpr std::string_view key = "0000018bcfe568000330010202aabb";

TEST(PlayerInfoAnswer, version_1_is_the_player_behind_an_hmac) {
  EXPECT_EQ(
      answer(notch(), InfoVersion::plain, v1_13),
      fmt::format("e24b4fbebfd0c82af2ebc03e4b532ecc15d4d60161fc3a2d84bf2f041baf128a01{}", player));
}

TEST(PlayerInfoAnswer, version_2_adds_the_key) {
  EXPECT_EQ(answer(with_key({}), InfoVersion::with_key, v1_19),
            fmt::format("50ea74971a0da0025c61416268319a85db5f33ca4e5fd5969d3ef43bc90154b302{}{}",
                        player, key));
}

TEST(PlayerInfoAnswer, version_3_adds_whom_the_key_was_signed_for) {
  EXPECT_EQ(answer(with_key(notch().uuid), InfoVersion::with_signer, v1_19_1),
            fmt::format("af2e0cf913e3d606a42812f288f56c8d94c067ad4bd9a0335b3017b05b5869a903{}{}01"
                        "069a79f444e94726a5befca90e38aaf5",
                        player, key));
  EXPECT_EQ(answer(with_key({}), InfoVersion::with_signer, v1_19_1),
            fmt::format("994d997c7ca7803a5f2a06afbd928bd4847fc6b881a020a26fd5f63b7884b74703{}{}00",
                        player, key));
}

TEST(PlayerInfoAnswer, version_4_leaves_the_key_to_a_later_packet) {
  EXPECT_EQ(
      answer(notch(), InfoVersion::late_key, v1_21_4),
      fmt::format("e7975396c435658aea3a654566d2e29abca51fea1144039b612a93fe365e6fd704{}", player));
}

TEST(PlayerInfoAnswer, a_name_that_no_backend_takes_is_an_error) {
  PlayerInfo info = notch();
  info.name = "seventeen_letters";
  EXPECT_FALSE(player_info_answer(info, InfoVersion::plain, v1_13, secret));
}

TEST(PlayerInfoAnswer, another_secret_gives_another_hmac_over_the_same_rest) {
  const auto one = player_info_answer(notch(), InfoVersion::plain, v1_13, "one");
  const auto two = player_info_answer(notch(), InfoVersion::plain, v1_13, "two");
  ASSERT_TRUE(one && two);
  EXPECT_NE(to_hex(ByteView(*one).first(hmac_size)), to_hex(ByteView(*two).first(hmac_size)));
  EXPECT_EQ(to_hex(ByteView(*one).subspan(hmac_size)), to_hex(ByteView(*two).subspan(hmac_size)));
}

TEST(PlayerInfoVersion, what_a_backend_asks_for) {
  EXPECT_EQ(asked_for({}), InfoVersion::plain);
  const auto asked = [](ByteBuffer request) { return static_cast<int>(asked_for(request)); };
  EXPECT_EQ(asked({1}), 1);
  EXPECT_EQ(asked({2}), 2);
  EXPECT_EQ(asked({3}), 3);
  EXPECT_EQ(asked({4}), 4);
  EXPECT_EQ(asked({5}), 4) << "a backend from the future reads what we know";
  EXPECT_EQ(asked({127}), 4);
  EXPECT_EQ(asked({0}), 1);
  EXPECT_EQ(asked({0xFF}), 1) << "-1";
  EXPECT_EQ(asked({4, 4}), 1) << "not the one byte of a version";
}

TEST(PlayerInfoVersion, the_best_that_suits_client_and_backend) {
  const auto best = [](int asked, Version client, bool key) {
    return static_cast<int>(best_version(InfoVersion{static_cast<Byte>(asked)}, client, key));
  };
  for (const Version keyless : {v1_13, v1_18_2, v1_19, v1_19_1})
    for (const int asked : {1, 2, 3, 4}) EXPECT_EQ(best(asked, keyless, false), 1);
  EXPECT_EQ(best(1, v1_19, true), 1);
  EXPECT_EQ(best(2, v1_19, true), 2);
  EXPECT_EQ(best(4, v1_19, true), 2);
  EXPECT_EQ(best(2, v1_19_1, true), 1) << "a key of 1.19.1 cannot be checked as one of 1.19";
  EXPECT_EQ(best(3, v1_19_1, true), 3);
  EXPECT_EQ(best(4, v1_19_1, true), 3);
  EXPECT_EQ(best(3, v1_19_3, false), 1);
  EXPECT_EQ(best(4, v1_19_3, false), 4);
  EXPECT_EQ(best(4, Version{9999}, false), 4);
}

TEST(BungeeHost, address_uuid_and_properties_stand_behind_nuls) {
  EXPECT_EQ(bungee_host("play.example", "", notch()),
            "play.example\000203.0.113.7\000069a79f444e94726a5befca90e38aaf5\0"
            R"([{"name":"textures","value":"c2tpbg==","signature":"c2ln"},)"
            R"({"name":"plain","value":"x"}])"s);
}

TEST(BungeeHost, an_ipv6_address_has_no_brackets) {
  PlayerInfo info = notch();
  info.address = IpAddress::parse("2001:db8::7").value();
  info.properties.clear();
  EXPECT_EQ(bungee_host("h", "", info),
            "h\0002001:db8::7\000069a79f444e94726a5befca90e38aaf5\0[]"s);
}

TEST(BungeeHost, the_token_is_one_more_property_without_a_signature) {
  PlayerInfo info = notch();
  info.properties.clear();
  EXPECT_EQ(bungee_host("h", "", info, "s3\"cret"),
            "h\000203.0.113.7\000069a79f444e94726a5befca90e38aaf5\0"
            R"([{"name":"bungeeguard-token","value":"s3\"cret","signature":""}])"s);
}

// A server that counts the parts of the field refuses five.
TEST(BungeeHost, a_mod_marker_becomes_a_property) {
  PlayerInfo info = notch();
  info.properties.clear();
  const auto host_of = [&](std::string_view field) {
    const auto host = parse_host(field);
    return bungee_host(host->sent_name, host->kept, info);
  };
  const std::string before = "h\000203.0.113.7\000069a79f444e94726a5befca90e38aaf5\0"s;
  EXPECT_EQ(host_of("h\0FML\0"s),
            before + R"([{"name":"forgeClient","value":"true","signature":""},)"
                     R"({"name":"extraData","value":"\u0001FML\u0001","signature":""}])");
  EXPECT_EQ(host_of("h\0FML3\0"s),
            before + R"([{"name":"extraData","value":"\u0001FML3\u0001","signature":""}])");
  EXPECT_EQ(host_of("h\0FORGE1"s),
            before + R"([{"name":"extraData","value":"\u0001FORGE1","signature":""}])");
}

TEST(BungeeHost, floodgates_part_stays_behind_the_name) {
  PlayerInfo info = notch();
  info.properties.clear();
  const auto host = parse_host("h\0FML2\0^Floodgate^xyz"s);
  EXPECT_EQ(bungee_host(host->sent_name, host->kept, info),
            "h\0^Floodgate^xyz\000203.0.113.7\000069a79f444e94726a5befca90e38aaf5\0"
            R"([{"name":"extraData","value":"\u0001FML2\u0001","signature":""}])"s);
}

TEST(BungeeHost, nothing_that_stands_in_the_name_becomes_a_part) {
  PlayerInfo info = notch();
  info.properties.clear();
  EXPECT_EQ(bungee_host("h\0evil"s, "", info),
            "h\000203.0.113.7\000069a79f444e94726a5befca90e38aaf5\0[]"s);
}

// The game's own limit for the field is 255 characters; a skin alone is longer.
TEST(BungeeHost, a_skin_fits_into_the_handshake) {
  PlayerInfo info = notch();
  info.properties = {{"textures", std::string(5000, 'v'), std::string(684, 's')}};
  const auto frame = encode_handshake({.version = v1_21_4,
                                       .host = bungee_host("h", "", info),
                                       .port = 25565,
                                       .intent = Intent::login});
  ASSERT_TRUE(frame);
  EXPECT_GT(frame->size(), 5700U);
}

}  // namespace
}  // namespace drawbridge::mc
