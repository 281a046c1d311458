// A server that cannot take a player: those it falls back to, and its cap.
#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view offline = "Server is currently unreachable. Please try again later.";
const std::string down = "127.0.0.1:1";

std::string kick(ProxyRig& rig, std::string_view host = "play.example") {
  FakeClient client(rig.endpoint());
  client.log_in(host, "Steve");
  return client.kicked().value_or("(no kick)");
}

TEST(BalanceFallback, the_first_that_can_be_reached_takes_the_player) {
  FakeServer hub;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", down,
                                                  "fallback = [\"gone\", \"dead\", \"hub\"]")},
                            {"dead", server_file("dead.example", down)},
                            {"hub", server_file("hub.example", hub.address())}}});
  Player player(rig.endpoint(), hub);
  EXPECT_EQ(player.hello.hello.host, "play.example");
  EXPECT_TRUE(player.plays());
  player.leave();
  EXPECT_TRUE(rig.logged({"left", "server=hub", "host=play.example"}));
}

TEST(BalanceFallback, the_global_list_stands_in_for_servers_without_their_own) {
  FakeServer hub;
  ProxyRig rig({.global = "fallback = [\"hub\"]",
                .servers = {{"lobby", server_file("play.example", down)},
                            {"own", server_file("own.example", down, "fallback = [\"lobby\"]")},
                            {"hub", server_file("hub.example", hub.address())}}});
  EXPECT_TRUE(Player(rig.endpoint(), hub).plays());
  EXPECT_EQ(kick(rig, "own.example"), offline);
}

// What a server protects itself with, it keeps when somebody falls back to it.
TEST(BalanceFallback, a_withheld_or_intercepted_server_stands_in_for_nobody) {
  FakeServer guarded;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", down,
                                                  "fallback = [\"filtered\", \"checked\"]")},
                            {"filtered", server_file("filtered.example", guarded.address(),
                                                     "ip_filter.whitelist = [\"10.0.0.0/8\"]")},
                            {"checked", server_file("checked.example", guarded.address(),
                                                    "proxy_mode = \"client_only\"")}}});
  EXPECT_EQ(kick(rig), offline);
  EXPECT_FALSE(guarded.accept(Duration::zero()).open());
}

TEST(BalanceFallback, when_nobody_stands_in_the_words_are_those_of_the_server_asked_for) {
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", down,
                                                  "fallback = [\"hub\"]\n"
                                                  "disconnect_message = \"lobby is asleep\"")},
                            {"hub", server_file("hub.example", down,
                                                "disconnect_message = \"hub is asleep\"")}}});
  EXPECT_EQ(kick(rig), "lobby is asleep");
}

TEST(BalanceFallback, max_players_is_enforced_and_the_place_given_back) {
  FakeServer backend;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "max_players = 2\nkick_messages.full = "
                                                  "\"full: {max}\"")}}});
  Player first(rig.endpoint(), backend, "play.example", "First");
  Player second(rig.endpoint(), backend, "play.example", "Second");
  EXPECT_EQ(kick(rig), "full: 2");
  EXPECT_TRUE(first.plays());
  first.leave();
  const auto lobby = rig.daemon().proxy().services().states.of("lobby");
  ASSERT_TRUE(eventually([&] { return lobby->players() == 1; }));
  Player third(rig.endpoint(), backend, "play.example", "Third");
  EXPECT_TRUE(third.plays());
  EXPECT_EQ(kick(rig), "full: 2");
}

TEST(BalanceFallback, a_full_server_does_not_overflow_into_others) {
  FakeServer backend;
  FakeServer hub;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "max_players = 1\nfallback = [\"hub\"]\n"
                                                  "kick_messages.full = \"full\"")},
                            {"hub", server_file("hub.example", hub.address())}}});
  const Player first(rig.endpoint(), backend);
  EXPECT_EQ(kick(rig), "full");
  EXPECT_FALSE(hub.accept(Duration::zero()).open());
}

// Nobody can join "unreachable"; somebody may leave a full server.
TEST(BalanceFallback, a_full_fallback_says_so) {
  FakeServer hub;
  ProxyRig rig(
      {.global = "kick_messages.full = \"full\"",
       .servers = {{"lobby", server_file("play.example", down, "fallback = [\"hub\"]")},
                   {"hub", server_file("hub.example", hub.address(), "max_players = 1")}}});
  FakeClient first(rig.endpoint());
  first.log_in("hub.example", "First");
  const Wire there = hub.accept();
  ASSERT_TRUE(there.open());
  EXPECT_EQ(kick(rig), "full");
}

TEST(BalanceFallback, a_failed_dial_gives_its_place_back) {
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server_file("play.example", down, "max_players = 1")}}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kick(rig), offline);
}

TEST(BalanceFallback, a_rush_does_not_overshoot_the_cap) {
  FakeServer backend;
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", server_file("play.example", backend.address(), "max_players = 3")}}});
  std::deque<FakeClient> clients;
  for (int i = 0; i < 16; ++i) clients.emplace_back(rig.endpoint());
  for (FakeClient& client : clients) client.log_in("play.example", "Steve");
  int inside = 0;
  std::deque<Wire> servers;
  for (; inside < 3; ++inside) servers.push_back(backend.accept());
  // Everybody else is told; then nobody is on the way any more.
  EXPECT_TRUE(eventually([&] { return rig.daemon().proxy().connections() == 3; }));
  EXPECT_FALSE(backend.accept(Duration::zero()).open());
}

}  // namespace
}  // namespace drawbridge::kit
