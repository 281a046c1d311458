#include "mc/bungee_channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace drawbridge::mc {
namespace {

ByteBuffer bytes(std::string_view text) {
  return {text.begin(), text.end()};
}
// A literal with NULs.
template <std::size_t n>
ByteBuffer wire(const char (&literal)[n]) {
  return bytes(std::string_view(literal, n - 1));
}

TEST(BungeeChannel, ReadsEachSubchannelAsJavaWritesIt) {
  struct Case {
    ByteBuffer message;
    BungeeSubchannel subchannel;
    std::string target, text;
  };
  using enum BungeeSubchannel;
  const Case cases[] = {
      {wire("\0\7Connect\0\5lobby"), connect, "lobby", ""},
      {wire("\0\14ConnectOther\0\5Steve\0\5lobby"), connect_other, "Steve", "lobby"},
      {wire("\0\2IP"), ip, "", ""},
      {wire("\0\7IPOther\0\4Alex"), ip_other, "Alex", ""},
      {wire("\0\13PlayerCount\0\3ALL"), player_count, "ALL", ""},
      {wire("\0\12PlayerList\0\5lobby"), player_list, "lobby", ""},
      {wire("\0\12GetServers"), get_servers, "", ""},
      {wire("\0\11GetServer"), get_server, "", ""},
      {wire("\0\17GetPlayerServer\0\4Alex"), get_player_server, "Alex", ""},
      {wire("\0\7Message\0\3ALL\0\2hi"), BungeeSubchannel::message, "ALL", "hi"},
      {wire("\0\12MessageRaw\0\4Alex\0\4\"hi\""), message_raw, "Alex", "\"hi\""},
      {wire("\0\4UUID"), uuid, "", ""},
      {wire("\0\11UUIDOther\0\4Alex"), uuid_other, "Alex", ""},
      {wire("\0\10ServerIP\0\5lobby"), server_ip, "lobby", ""},
      {wire("\0\12KickPlayer\0\4Alex\0\3bye"), kick_player, "Alex", "bye"},
      {wire("\0\15KickPlayerRaw\0\4Alex\0\5\"bye\""), kick_player_raw, "Alex", "\"bye\""}};
  for (const Case& one : cases) {
    SCOPED_TRACE(name(one.subchannel));
    const auto request = read_bungee_request(one.message);
    ASSERT_TRUE(request) << request.error().what;
    EXPECT_EQ(request->subchannel, one.subchannel);
    EXPECT_EQ(request->target, one.target);
    EXPECT_EQ(request->text, one.text);
    EXPECT_TRUE(request->data.empty());
    // Each byte of it is needed.
    for (std::size_t size = 0; size < one.message.size(); ++size)
      EXPECT_FALSE(read_bungee_request(ByteView(one.message).first(size))) << size;
  }
}

TEST(BungeeChannel, HandsOnAForwardWithItsSubchannelAndLength) {
  const ByteBuffer all = wire("\0\7Forward\0\3ALL\0\4mine\0\3abc and more");
  const auto forward = read_bungee_request(all);
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->target, "ALL");
  EXPECT_EQ(forward->data, wire("\0\4mine\0\3abc"));
  const auto to_player = read_bungee_request(wire("\0\17ForwardToPlayer\0\4Alex\0\4mine\0\0"));
  ASSERT_TRUE(to_player);
  EXPECT_EQ(to_player->data, wire("\0\4mine\0\0"));
  EXPECT_FALSE(read_bungee_request(wire("\0\7Forward\0\3ALL\0\4mine\0\4abc")));
  // writeShort() of -1.
  EXPECT_FALSE(read_bungee_request(wire("\0\7Forward\0\3ALL\0\4mine\xFF\xFF")));
}

TEST(BungeeChannel, KnowsNoOtherSubchannel) {
  EXPECT_FALSE(bungee_subchannel(wire("\0\7connect\0\5lobby")));
  EXPECT_FALSE(bungee_subchannel(wire("\0\4Mine")));
  EXPECT_FALSE(bungee_subchannel({}));
  EXPECT_FALSE(bungee_subchannel(wire("\0")));
  EXPECT_FALSE(bungee_subchannel(wire("\xFF\xFFIP")));
}

TEST(BungeeChannel, ReadsAndWritesTheTextsOfJava) {
  struct Case {
    std::string utf8;
    ByteBuffer java;
  };
  const Case cases[] = {{"", wire("\0\0")},
                        {"a", wire("\0\1a")},
                        {std::string(1, '\0'), wire("\0\2\xC0\x80")},
                        {"\xC3\xA4", wire("\0\2\xC3\xA4")},
                        {"\xE2\x82\xAC", wire("\0\3\xE2\x82\xAC")},
                        // U+1F600, in Java's chars D83D DE00.
                        {"\xF0\x9F\x98\x80", wire("\0\6\xED\xA0\xBD\xED\xB8\x80")}};
  for (const Case& one : cases) {
    ByteBuffer written;
    append_java_utf(written, one.utf8);
    EXPECT_EQ(written, one.java);
    ByteView left = one.java;
    EXPECT_EQ(take_java_utf(left), one.utf8);
    EXPECT_TRUE(left.empty());
  }
}

TEST(BungeeChannel, RefusesTextsThatAreNone) {
  for (const ByteBuffer& bad :
       {wire("\0\1\x80"), wire("\0\1\xC3"), wire("\0\2\xC3\x28"), wire("\0\4\xF0\x9F\x98\x80"),
        wire("\0\2\xE2\x82"), wire("\0\2a"), wire("\0")}) {
    ByteView left = bad;
    EXPECT_FALSE(take_java_utf(left));
    EXPECT_EQ(left.size(), bad.size());
  }
  // Halves of a pair, each alone, twice, and in the wrong order.
  for (const ByteBuffer& lone : {wire("\0\3\xED\xA0\xBD"), wire("\0\3\xED\xB8\x80")}) {
    ByteView left = lone;
    EXPECT_EQ(take_java_utf(left), "\xEF\xBF\xBD");
  }
  const ByteBuffer swapped = wire("\0\6\xED\xB8\x80\xED\xA0\xBD");
  ByteView left = swapped;
  EXPECT_EQ(take_java_utf(left), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(BungeeChannel, CutsATextThatIsTooLongBetweenTwoCharacters) {
  ByteBuffer written;
  std::string text = "ab";
  while (text.size() < 70'000) text += "\xE2\x82\xAC";
  append_java_utf(written, text);
  ASSERT_EQ(written.size(), 2 + 65'534 + 0U);
  ByteView left = written;
  const auto read = take_java_utf(left);
  ASSERT_TRUE(read);
  EXPECT_TRUE(text.starts_with(*read));
}

TEST(BungeeChannel, HasTwoNamesOfWhichAServerKnowsOne) {
  EXPECT_EQ(bungee_channel(v1_12_2), "BungeeCord");
  EXPECT_EQ(bungee_channel(v1_13), "bungeecord:main");
  EXPECT_TRUE(is_bungee_channel("BungeeCord"));
  EXPECT_TRUE(is_bungee_channel("bungeecord:main"));
  EXPECT_FALSE(is_bungee_channel("minecraft:brand"));
  EXPECT_TRUE(is_between_proxy_and_server("velocity:player_info"));
  EXPECT_TRUE(is_between_proxy_and_server("bungeecord:main"));
  EXPECT_FALSE(is_between_proxy_and_server("velocity"));
}

TEST(BungeeChannel, FitsWhatAServerTakes) {
  EXPECT_TRUE(bungee_message(v1_21_4, ByteBuffer(max_data_to_server, 1)));
  EXPECT_FALSE(bungee_message(v1_21_4, ByteBuffer(max_data_to_server + 1, 1)));
  const auto legacy = bungee_message(v1_7_6, wire("\0\2IP"));
  ASSERT_TRUE(legacy);
  EXPECT_EQ(*legacy, wire("\x17\x0A"
                          "BungeeCord\0\4\0\2IP"));
  const auto registration = bungee_registration(v1_12_2);
  ASSERT_TRUE(registration);
  EXPECT_EQ(*registration, wire("\x09\x08REGISTERBungeeCord"));
}

}  // namespace
}  // namespace drawbridge::mc
