// The limbo as a destination: servers with `limbo = true`, and what their players are shown.
#include <gtest/gtest.h>

#include "kit/limbo_player.hpp"
#include "kit/played.hpp"
#include "kit/proxy_rig.hpp"
#include "mc/limbo_join.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view limbo_file = "limbo = true\ndomains = [\"wait.example\"]\n";

ProxyRig::Settings with_limbo(const std::string& global = {}, const std::string& more = {}) {
  return {.global = global, .servers = {{"waiting", std::string(limbo_file) + more}}};
}

LimboPlayer::Settings player(mc::Version version, const std::string& name = "Steve") {
  return {.login = {.host = "wait.example", .player = name, .version = version}};
}

class LimboWorld : public testing::TestWithParam<mc::Version> {};

std::vector<mc::Version> versions_with_a_limbo() {
  std::vector<mc::Version> out;
  for (const mc::Release& release : mc::releases())
    if (release.version < mc::v26_3) out.push_back(release.version);
  return out;
}
INSTANTIATE_TEST_SUITE_P(Versions, LimboWorld, testing::ValuesIn(versions_with_a_limbo()),
                         [](const auto& p) { return std::to_string(mc::number(p.param)); });

TEST_P(LimboWorld, is_entered_and_shown) {
  const mc::Version version = GetParam();
  ProxyRig rig(
      with_limbo("[limbo]\ntitle = \"Please wait\"\nsubtitle = \"{player}\"\n"
                 "chat = \"Hello {player} at {server}\"\nboss_bar = \"Soon\"\n"));
  LimboPlayer steve(rig.endpoint(), player(version));
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(steve.client.success->session.has_value(), version >= mc::v26_2);
  EXPECT_EQ(steve.seen[mc::Kind::login], 1);
  EXPECT_EQ(steve.seen[mc::Kind::abilities], 1);
  EXPECT_EQ(steve.seen[mc::Kind::spawn_position], 1);
  EXPECT_EQ(steve.seen[mc::Kind::position], 1);
  EXPECT_EQ(steve.seen[mc::Kind::map_chunk], 9);
  EXPECT_EQ(steve.seen[mc::Kind::game_state_change], version >= mc::v1_20_3 ? 1 : 0);
  EXPECT_EQ(steve.seen[mc::Kind::tags], version >= mc::v1_20_3 ? 1 : 0);
  if (version >= mc::v1_17) {
    const auto subtitle = steve.next(mc::Kind::set_title_subtitle);
    ASSERT_TRUE(subtitle);
    EXPECT_EQ(steve.words_of(subtitle->fields, 0), "Steve");
    const auto title = steve.next(mc::Kind::set_title_text);
    ASSERT_TRUE(title);
    EXPECT_EQ(steve.words_of(title->fields, 0), "Please wait");
  } else if (version >= mc::v1_8) {
    for (const std::string_view words : {"", "Steve", "Please wait"}) {
      const auto title = steve.next(mc::Kind::title);
      ASSERT_TRUE(title);
      if (!words.empty()) EXPECT_EQ(steve.words_of(title->fields, 1), words);
    }
  }
  if (version >= mc::v1_9) {
    const auto bar = steve.next(mc::Kind::boss_bar);
    ASSERT_TRUE(bar);
    EXPECT_EQ(steve.words_of(bar->fields, 17), "Soon");
  }
  EXPECT_EQ(steve.hears(), "Hello Steve at waiting");
}

// The proxy is the server here: without its keep-alives a client leaves after 30 seconds.
TEST(Limbo, asks_whether_clients_live) {
  ProxyRig rig(with_limbo());
  LimboPlayer old(rig.endpoint(), player(mc::v1_8, "Old"));
  LimboPlayer young(rig.endpoint(), player(mc::v26_1, "Young"));
  ASSERT_TRUE(old.enter() && young.enter());
  for (LimboPlayer* one : {&old, &young}) {
    const auto question = one->next(mc::Kind::keep_alive);
    ASSERT_TRUE(question);
    EXPECT_TRUE(one->link().write_body(LimboPlayer::answer_to(*question, one->link().version)));
  }
}

TEST(Limbo, sends_names_only_to_a_client_that_has_this_very_release) {
  ProxyRig rig(with_limbo());
  LimboPlayer steve(rig.endpoint(), player(mc::v1_21_7));
  ASSERT_TRUE(steve.enter());
  EXPECT_EQ(steve.registries.size(), 19U);
  for (const auto& [name, values] : steve.registries) EXPECT_EQ(values, 0U) << name;
}

TEST(Limbo, sends_values_to_a_client_that_has_another_release) {
  for (const std::string version : {"1.21.6", ""}) {
    ProxyRig rig(with_limbo());
    LimboPlayer::Settings settings = player(mc::v1_21_7);
    settings.packs.emplace();
    if (!version.empty()) settings.packs->push_back({"minecraft", "core", version});
    LimboPlayer steve(rig.endpoint(), settings);
    ASSERT_TRUE(steve.enter());
    for (const auto& [name, values] : steve.registries) EXPECT_GT(values, 0U) << name;
  }
}

// Nobody has written down what 26.3 needs, and a guess would be a crash at the player's.
// As minecraft-protocol does, once for each configuration that it has been in.
TEST(Limbo, takes_no_notice_of_packs_that_are_said_twice) {
  ProxyRig rig(with_limbo());
  LimboPlayer::Settings settings = player(mc::v1_21_4);
  settings.says_packs = 2;
  LimboPlayer steve(rig.endpoint(), settings);
  EXPECT_TRUE(steve.enter()) << steve.kicked;
}

TEST(Limbo, kicks_readably_where_the_registries_are_not_known) {
  ProxyRig rig(with_limbo());
  LimboPlayer steve(rig.endpoint(), player(mc::v26_3));
  EXPECT_FALSE(steve.enter());
  EXPECT_NE(steve.kicked.find("no place to wait"), std::string::npos) << steve.kicked;
}

TEST(Limbo, does_not_take_forge_clients_that_negotiate_in_login) {
  ProxyRig rig(with_limbo());
  LimboPlayer::Settings settings = player(mc::v1_16_4);
  settings.login.host = std::string("wait.example\0FML2\0", 18);
  LimboPlayer steve(rig.endpoint(), settings);
  EXPECT_FALSE(steve.enter());
  EXPECT_NE(steve.kicked.find("no place to wait"), std::string::npos) << steve.kicked;
}

TEST(Limbo, is_where_the_fallback_list_ends) {
  ProxyRig rig({.global = {},
                .servers = {{"waiting", std::string(limbo_file)},
                            {"game",
                             "domains = [\"play.example\"]\naddresses = [\"127.0.0.1:1\"]\n"
                             "proxy_mode = \"offline\"\nfallback = [\"waiting\"]\n"}}});
  LimboPlayer steve(rig.endpoint(), {.login = {.host = "play.example"}});
  EXPECT_TRUE(steve.enter()) << steve.kicked;
}

TEST(Limbo, ends_with_words_when_the_time_is_up) {
  ProxyRig rig(
      with_limbo("[limbo]\ntime_limit = \"1s\"\n[kick_messages]\noffline = \"Too late\"\n"));
  LimboPlayer steve(rig.endpoint(), player(mc::v1_21_4));
  ASSERT_TRUE(steve.enter());
  const auto kick = steve.next(mc::Kind::kick_disconnect);
  ASSERT_TRUE(kick);
  EXPECT_EQ(steve.words_of(kick->fields, 0), "Too late");
  EXPECT_TRUE(rig.logged({"session", "left", "limbo.time_limit"}));
}

TEST(Limbo, counts_and_caps_its_players) {
  ProxyRig rig(with_limbo({}, "max_players = 1\n"));
  LimboPlayer steve(rig.endpoint(), player(mc::v1_12_2));
  ASSERT_TRUE(steve.enter());
  LimboPlayer alex(rig.endpoint(), player(mc::v1_12_2, "Alex"));
  EXPECT_FALSE(alex.enter());
  EXPECT_NE(alex.kicked.find("full"), std::string::npos) << alex.kicked;
}

TEST(Limbo, throws_a_second_login_of_the_same_player_out) {
  ProxyRig rig(with_limbo());
  LimboPlayer first(rig.endpoint(), player(mc::v1_20_3));
  ASSERT_TRUE(first.enter());
  LimboPlayer second(rig.endpoint(), player(mc::v1_20_3));
  ASSERT_TRUE(second.enter());
  EXPECT_TRUE(first.next(mc::Kind::kick_disconnect));
}

TEST(Limbo, says_what_is_wrong_with_a_packet) {
  ProxyRig rig(with_limbo());
  LimboPlayer steve(rig.endpoint(), player(mc::v1_21_4));
  ASSERT_TRUE(steve.enter());
  ASSERT_TRUE(steve.link().write_raw({0xFF, 0xFF, 0xFF, 0x01}));
  const auto kick = steve.next(mc::Kind::kick_disconnect);
  ASSERT_TRUE(kick);
  EXPECT_NE(steve.words_of(kick->fields, 0).find("cannot be"), std::string::npos);
}

TEST(Limbo, survives_everything_that_a_player_may_send) {
  ProxyRig rig(with_limbo("[limbo]\nchat = \"in\"\n"));
  LimboPlayer steve(rig.endpoint(), player(mc::v1_21_4));
  ASSERT_TRUE(steve.enter());
  EXPECT_EQ(steve.hears(), "in");
  for (const std::size_t size : {1U, 255U, 256U, 30'000U, 100'000U})
    ASSERT_TRUE(steve.link().write_body(some_packet(size)));
  ASSERT_TRUE(steve.type("anything"));
  EXPECT_EQ(steve.hears(), "There are no commands here.");
}

TEST(Limbo, answers_pings_by_itself) {
  ProxyRig rig(with_limbo({}, "motd.online.text = \"come in\"\n"));
  FakeClient client(rig.endpoint());
  const auto answer = client.status("wait.example");
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("come in"), std::string::npos) << *answer;
}

TEST(Limbo, says_goodbye_when_the_proxy_stops) {
  ProxyRig rig(with_limbo());
  LimboPlayer steve(rig.endpoint(), player(mc::v1_20_5));
  ASSERT_TRUE(steve.enter());
  rig.restart();
  EXPECT_TRUE(steve.next(mc::Kind::kick_disconnect));
}

}  // namespace
}  // namespace drawbridge::kit
