// Players go from the limbo to a server, and from a server that is no more into the limbo.
#include <gtest/gtest.h>

#include <thread>

#include "kit/fake_server.hpp"
#include "kit/limbo_player.hpp"
#include "kit/proxy_rig.hpp"
#include "kit/shown_world.hpp"
#include "kit/traveller.hpp"

namespace drawbridge::kit {
namespace {

class LimboMoves : public ::testing::TestWithParam<mc::Version> {
 protected:
  LimboMoves()
      : rig({.global = "permissions.player_commands = [\"server\"]\n[limbo]\ntitle = "
                       "\"Wait\"\nboss_bar = \"Wait\"\n",
             .servers = {{"world", server_file("world.example", server.address(),
                                               "proxy_mode = \"offline\"\nnetwork = \"ours\"\n"
                                               "fallback = [\"waiting\"]\n")},
                         {"waiting",
                          "limbo = true\nnetwork = \"ours\"\ndomains = [\"wait.example\"]\n"}}}) {}

  static mc::Version version() { return GetParam(); }
  static bool appear(ShownWorld& world) {
    return world.let_in() && world.configure() && world.show("world", 7) && world.mark('j');
  }
  // In the world of the server, from there on with this link.
  void see_world(TravellingClient& who, std::unique_ptr<ShownWorld>& world) {
    std::thread serving([&] {
      world = std::make_unique<ShownWorld>(server.accept());
      EXPECT_TRUE(appear(*world));
    });
    EXPECT_TRUE(who.until_marked('j')) << who.kicked;
    serving.join();
  }
  std::unique_ptr<LoginClient> join(const std::string& who, std::unique_ptr<ShownWorld>& world) {
    auto client = std::make_unique<LoginClient>(
        rig.endpoint(),
        LoginClient::Settings{.host = "world.example", .player = who, .version = version()});
    std::thread serving([&] {
      world = std::make_unique<ShownWorld>(server.accept());
      EXPECT_TRUE(appear(*world));
    });
    const auto outcome = client->log_in();
    EXPECT_TRUE(outcome.in) << outcome.kicked;
    game = std::make_unique<TravellingClient>(client->link);
    EXPECT_TRUE(game->until_marked('j')) << game->kicked;
    serving.join();
    return client;
  }
  static std::set<std::string> only(const std::string& player) {
    return {version() < mc::v1_8 ? player : offline_uuid(player).text()};
  }

  FakeServer server;
  ProxyRig rig;
  std::unique_ptr<TravellingClient> game;  // of who joined last
};
INSTANTIATE_TEST_SUITE_P(Versions, LimboMoves,
                         ::testing::Values(mc::v1_7_6, mc::v1_8, mc::v1_12_2, mc::v1_16_4,
                                           mc::v1_19_4, mc::v1_21_4),
                         [](const auto& p) { return "v" + std::to_string(mc::number(p.param)); });

TEST_P(LimboMoves, to_a_server_leave_nothing_of_the_limbo) {
  LimboPlayer steve(rig.endpoint(), {.login = {.host = "wait.example", .version = version()}});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  TravellingClient steves(steve.link());
  steves.screen.tab_list = only("Steve");
  EXPECT_TRUE(rig.daemon().command("send Steve world").head.contains("on the way"));
  std::unique_ptr<ShownWorld> world, other;
  see_world(steves, world);
  const auto alex = join("Alex", other);
  EXPECT_EQ(steves.screen, game->screen);
}

TEST_P(LimboMoves, from_a_server_that_died_leave_nothing_of_it) {
  std::unique_ptr<ShownWorld> world;
  const auto steve = join("Steve", world);
  world.reset();
  while (game->screen.tab_list != only("Steve") || game->screen.worlds != 2)
    ASSERT_TRUE(game->until(mc::Kind::player_info)) << game->kicked;
  EXPECT_TRUE(game->screen.teams.empty());
  EXPECT_TRUE(game->screen.header.empty());
  EXPECT_TRUE(rig.logged({"session", "moved", "waiting"}));
}

TEST_P(LimboMoves, and_back_again) {
  std::unique_ptr<ShownWorld> world, again;
  const auto steve = join("Steve", world);
  world.reset();
  while (game->screen.tab_list != only("Steve") || game->screen.worlds != 2)
    ASSERT_TRUE(game->until(mc::Kind::player_info)) << game->kicked;
  rig.daemon().command("send Steve world");
  see_world(*game, again);
  ASSERT_TRUE(steve->link.write_body(marker('u')));
  for (;;) {
    const auto up = again->link().read();
    ASSERT_TRUE(up);
    if (up->id == 0x7F) break;
  }
}

// Nobody is shut up in a limbo who may go elsewhere.
TEST_P(LimboMoves, by_a_command_of_the_player) {
  LimboPlayer steve(rig.endpoint(), {.login = {.host = "wait.example", .version = version()}});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  if (version() >= mc::v1_13) {
    const auto tree = steve.next(mc::Kind::declare_commands);
    ASSERT_TRUE(tree);
    const std::string text(tree->fields.begin(), tree->fields.end());
    for (const char* word : {"drawbridge", "server"}) EXPECT_TRUE(text.contains(word)) << word;
    EXPECT_FALSE(text.contains("find")) << "only what the player may use";
  }
  for (const char* line : {"/server wo", "/drawbridge server wo"}) {
    ASSERT_TRUE(steve.wants(line));
    const auto answer = steve.next(mc::Kind::tab_complete);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(std::string(answer->fields.begin(), answer->fields.end()).contains("world"));
  }
  ASSERT_TRUE(steve.type("drawbridge server"));
  EXPECT_EQ(steve.hears(), "you are on waiting");
  EXPECT_EQ(steve.hears(), "you can go to: world");
  ASSERT_TRUE(steve.type("drawbridge server elsewhere"));
  EXPECT_EQ(steve.hears(), "there is no server elsewhere that you can go to");
  ASSERT_TRUE(steve.type("drawbridge find Steve"));
  EXPECT_EQ(steve.hears(), "You do not have the permission to do that.");
  ASSERT_TRUE(steve.type("server world"));
  TravellingClient steves(steve.link());
  std::unique_ptr<ShownWorld> world;
  see_world(steves, world);
  EXPECT_TRUE(rig.logged({"session", "moved", "Steve", "world"}));
}

}  // namespace
}  // namespace drawbridge::kit
