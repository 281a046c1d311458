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
