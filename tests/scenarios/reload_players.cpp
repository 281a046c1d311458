// A thousand reloads under players: nobody is dropped, nobody is turned away, and old worlds do
// not pile up.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

TEST(ReloadPlayers, a_thousand_reloads_drop_nobody_and_leave_no_world_behind) {
  FakeServer lobby;
  FakeServer hub;
  const std::size_t worlds_before = core::World::alive();
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", lobby.address())},
                            {"hub", server_file("hub.example", hub.address())}}});
  std::deque<Player> players;
  for (int i = 0; i < 5; ++i) {
    players.emplace_back(rig.endpoint(), lobby, "play.example", fmt::format("Lobby{}", i));
    players.emplace_back(rig.endpoint(), hub, "hub.example", fmt::format("Hub{}", i));
  }
  constexpr int reloads = 1000;
  for (int i = 0; i < reloads; ++i) {
    rig.folder().write("servers/lobby.toml", server_file("play.example", lobby.address(),
                                                         fmt::format("max_players = {}", i + 20)));
    rig.daemon().reload();
    if (i % 50 != 0) continue;
    ASSERT_TRUE(players[static_cast<std::size_t>(i / 50) % players.size()].plays()) << i;
    // There is no moment without a route.
    ASSERT_TRUE(Player(rig.endpoint(), lobby, "play.example", "Visitor").plays()) << i;
    ASSERT_TRUE(Player(rig.endpoint(), hub, "hub.example", "Visitor").plays()) << i;
  }
  for (Player& player : players) EXPECT_TRUE(player.plays());
  EXPECT_EQ(rig.log_lines({"left", "player=Lobby"}) + rig.log_lines({"left", "player=Hub"}), 0U);
  EXPECT_GE(rig.daemon().generation(), 1000U);
  // Only the last one, and those that workers have not taken up yet.
  EXPECT_TRUE(eventually([&] { return core::World::alive() <= worlds_before + 1; }));
}

TEST(ReloadPlayers, there_is_never_a_moment_without_a_route) {
  FakeServer lobby;
  ProxyRig rig({.global = "worker_threads = 2",
                .servers = {{"lobby", server_file("play.example", lobby.address())}}});
  std::atomic<bool> done = false;
  std::jthread reloads([&] {
    for (int i = 0; !done; ++i) {
      rig.folder().write(
          "servers/lobby.toml",
          server_file("play.example", lobby.address(), fmt::format("max_players = {}", i + 20)));
      rig.daemon().reload();
    }
  });
  for (int i = 0; i < 150; ++i) EXPECT_TRUE(Player(rig.endpoint(), lobby).plays()) << i;
  done = true;
}

}  // namespace
}  // namespace drawbridge::kit
