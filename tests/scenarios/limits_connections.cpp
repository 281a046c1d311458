// The ceiling of the process: the one above it is told so, and a place that is given back counts.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

std::string kick(ProxyRig& rig) {
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  return client.kicked().value_or("(no kick)");
}

constexpr std::string_view words = "kick_messages.proxy_full = \"no room, {player}\"\n";

TEST(LimitsConnections, the_one_above_max_connections_gets_words_and_no_backend) {
  Door door("play.example",
            {.server = {}, .global = fmt::format("max_connections = 2\n{}", words)});
  Player first(door.rig.endpoint(), door.backend);
  Player second(door.rig.endpoint(), door.backend);
  EXPECT_EQ(kick(door.rig), "no room, Steve");
  EXPECT_FALSE(door.backend.accept(Duration::zero()).open());
  EXPECT_TRUE(first.plays());
  first.leave();
  ASSERT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 1; }));
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
  EXPECT_TRUE(second.plays());
}

TEST(LimitsConnections, those_who_were_refused_hold_no_place) {
  Door door("play.example",
            {.server = {}, .global = fmt::format("max_connections = 1\n{}", words)});
  {
    Player player(door.rig.endpoint(), door.backend);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(kick(door.rig), "no room, Steve");
    EXPECT_TRUE(player.plays());
  }
  ASSERT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 0; }));
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
}

// Beyond max_connections 256 more are heard and refused; then the door is shut without words, and
// that is said in the log.
TEST(LimitsConnections, who_is_closed_without_words_leaves_a_line) {
  constexpr std::size_t ceiling = 1;
  constexpr std::size_t refused_at_once = 256;
  Door door("play.example",
            {.server = {}, .global = fmt::format("max_connections = {}\n", ceiling)});
  std::vector<FakeClient> silent;
  while (silent.size() < ceiling + refused_at_once) silent.emplace_back(door.rig.endpoint());
  ASSERT_TRUE(eventually(
      [&] { return door.rig.daemon().proxy().connections() == ceiling + refused_at_once; }));
  FakeClient late(door.rig.endpoint());
  EXPECT_TRUE(late.wire.ends());
  EXPECT_TRUE(
      door.rig.logged({"closed: too many connections", "client=127.0.0.1", "connections=257"}));
  // Those inside are still heard.
  silent.back().log_in("play.example", "Steve");
  EXPECT_TRUE(silent.back().kicked().has_value());
}

TEST(LimitsConnections, so_reuseport_lets_a_second_process_have_the_port) {
  FakeServer first_backend;
  FakeServer second_backend;
  const std::string shared = "so_reuseport = true";
  ProxyRig first(
      {.global = shared, .servers = {{"a", server_file("play.example", first_backend.address())}}});
  const std::string same = first.endpoint().text();
  ProxyRig refused({.global = {}, .servers = {}, .bind = same});
  EXPECT_EQ(refused.start_code(), app::exit_runtime);
  ProxyRig second({.global = shared,
                   .servers = {{"a", server_file("play.example", second_backend.address())}},
                   .bind = same});
  ASSERT_EQ(second.start_code(), app::exit_ok);
  EXPECT_EQ(second.endpoint(), first.endpoint());
}

TEST(LimitsConnections, the_ceiling_changes_live) {
  Door door("play.example",
            {.server = {}, .global = fmt::format("max_connections = 1\n{}", words)});
  Player first(door.rig.endpoint(), door.backend);
  EXPECT_EQ(kick(door.rig), "no room, Steve");
  door.rig.write_global(words);
  // A refusal may still be on its way out of the count; nobody is refused for good.
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
  EXPECT_TRUE(first.plays());
}

}  // namespace
}  // namespace drawbridge::kit
