// The built-in lobby: where players land while there is no server, and nowhere else.
#include <gtest/gtest.h>

#include "kit/limbo_player.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

LimboPlayer::Settings player(const std::string& name = "Steve", mc::Version version = mc::v1_21_4) {
  return {.login = {.host = "play.example", .player = name, .version = version}};
}

std::string everything_heard(LimboPlayer& player, int lines) {
  std::string all;
  for (int i = 0; i < lines; ++i) all += player.hears() + "\n";
  return all;
}
constexpr int help_lines = 6;

TEST(LimboLobby, takes_everybody_while_there_is_no_server) {
  ProxyRig rig({.global = {}, .servers = {}});
  for (const mc::Version version : {mc::v1_7_2, mc::v1_8, mc::v1_16_4, mc::v1_20_2, mc::v26_1}) {
    LimboPlayer steve(rig.endpoint(), player("Steve", version));
    ASSERT_TRUE(steve.enter()) << mc::release_name(version) << steve.kicked;
    const std::string help = everything_heard(steve, help_lines);
    EXPECT_NE(help.find("servers/my-server.toml"), std::string::npos) << help;
    EXPECT_NE(help.find("domains = [\"play.example\"]"), std::string::npos) << help;
  }
}

TEST(LimboLobby, says_its_help_again_and_knows_no_other_command) {
  ProxyRig rig({.global = {}, .servers = {}});
  for (const mc::Version version : {mc::v1_12_2, mc::v1_19_3}) {
    LimboPlayer steve(rig.endpoint(), player("Steve", version));
    ASSERT_TRUE(steve.enter());
    const std::string first = everything_heard(steve, help_lines);
    ASSERT_TRUE(steve.type("help"));
    EXPECT_EQ(everything_heard(steve, help_lines), first);
    ASSERT_TRUE(steve.type("op Steve"));
    EXPECT_EQ(steve.hears(), "There are no commands here.");
  }
}

TEST(LimboLobby, tells_of_a_server_that_appears) {
  ProxyRig rig({.global = {}, .servers = {}});
  LimboPlayer steve(rig.endpoint(), player());
  ASSERT_TRUE(steve.enter());
  everything_heard(steve, help_lines);
  rig.write_server("survival", server_file("survival.example", "127.0.0.1:1"));
  const std::string news = steve.hears();
  EXPECT_NE(news.find("survival is there"), std::string::npos) << news;
  EXPECT_NE(news.find("survival.example"), std::string::npos) << news;
}

TEST(LimboLobby, is_closed_once_there_is_a_server) {
  ProxyRig rig(
      {.global = {}, .servers = {{"survival", server_file("survival.example", "127.0.0.1:1")}}});
  LimboPlayer stray(rig.endpoint(), player());
  EXPECT_FALSE(stray.enter());
  EXPECT_NE(stray.kicked.find("play.example"), std::string::npos) << stray.kicked;
}

TEST(LimboLobby, is_open_where_the_default_server_names_it) {
  ProxyRig rig({.global = "default_server = \"lobby\"\n",
                .servers = {{"survival", server_file("survival.example", "127.0.0.1:1")}}});
  LimboPlayer stray(rig.endpoint(), player());
  EXPECT_TRUE(stray.enter()) << stray.kicked;
}

TEST(LimboLobby, gives_way_to_a_server_of_its_name) {
  ProxyRig rig({.global = "default_server = \"lobby\"\n",
                .servers = {{"lobby", server_file("lobby.example", "127.0.0.1:1")}}});
  LimboPlayer stray(rig.endpoint(), player());
  EXPECT_FALSE(stray.enter());
}

TEST(LimboLobby, is_closed_where_strangers_are_dropped) {
  ProxyRig rig({.global = "unknown_domain_behavior = \"drop\"\n", .servers = {}});
  LimboPlayer stray(rig.endpoint(), player());
  EXPECT_FALSE(stray.enter());
  EXPECT_EQ(stray.kicked, "");
}

// 1.19 and later would show what others say as theirs; here nothing of it leaves its own player.
TEST(LimboLobby, keeps_players_apart) {
  ProxyRig rig({.global = {}, .servers = {}});
  LimboPlayer steve(rig.endpoint(), player("Steve", mc::v1_12_2));
  LimboPlayer alex(rig.endpoint(), player("Alex", mc::v1_12_2));
  ASSERT_TRUE(steve.enter());
  everything_heard(steve, help_lines);
  ASSERT_TRUE(alex.enter());
  everything_heard(alex, help_lines);
  ByteBuffer chat;
  mc::Writer out(chat, mc::v1_12_2);
  out.varint(*mc::id_map(mc::v1_12_2, mc::State::play, mc::Bound::server).id(mc::Kind::chat));
  out.string("hello?");
  ASSERT_TRUE(steve.link().write_body(chat));
  ASSERT_TRUE(steve.type("x"));
  EXPECT_EQ(steve.hears(), "There are no commands here.");
  ASSERT_TRUE(alex.type("x"));
  EXPECT_EQ(alex.hears(), "There are no commands here.");
}

}  // namespace
}  // namespace drawbridge::kit
