// One line in the log for every connection that ends: who, host, server, address, how long, bytes
// each way, why.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/pattern.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

TEST(ForwardingEndings, the_line_says_who_where_how_much_and_why) {
  Door door;
  Player player(door.rig.endpoint(), door.backend, "play.example", "Alex");
  const std::string client = player.client.wire.local().text();
  const ByteBuffer down = pattern(1234);
  player.client.wire.send(pattern(77));
  EXPECT_EQ(player.server.receive(77).size(), 77U);
  player.server.send(down);
  EXPECT_EQ(player.client.wire.receive(1234).size(), 1234U);
  player.client.wire.close();
  EXPECT_TRUE(player.server.ends());
  player.server.close();
  const std::string up = fmt::format(" up={} ", login_bytes("play.example", "Alex").size() + 77);
  EXPECT_TRUE(door.rig.logged(
      {" INFO left ", " player=Alex ", " host=play.example ", " server=lobby ",
       fmt::format(" backend={} ", door.backend.address()), fmt::format(" client={} ", client),
       " version=1.21.4 ", " lasted=", up, " down=1234 ", "why=\"client closed\""}));
  EXPECT_EQ(door.rig.log_lines({" INFO left "}), 1U);
}

TEST(ForwardingEndings, each_kind_of_end_is_told_from_the_others) {
  Door door;
  const auto ends_as = [&](std::string_view name, std::string_view why, auto end) {
    Player player(door.rig.endpoint(), door.backend, "play.example", name);
    ASSERT_TRUE(player.plays());
    end(player);
    EXPECT_TRUE(
        door.rig.logged({"left", fmt::format("player={} ", name), fmt::format("why=\"{}\"", why)}))
        << why;
    EXPECT_EQ(door.rig.log_lines({"left", fmt::format("player={} ", name)}), 1U);
  };
  ends_as("ClientCloses", "client closed", [](Player& p) {
    p.client.wire.close();
    EXPECT_TRUE(p.server.ends());
    p.server.close();
  });
  ends_as("BackendCloses", "backend closed", [](Player& p) {
    p.server.close();
    EXPECT_TRUE(p.client.wire.ends());
    p.client.wire.close();
  });
  ends_as("ClientResets", "client reset", [](Player& p) { p.client.wire.reset(); });
  ends_as("BackendResets", "backend reset", [](Player& p) {
    p.server.reset();
    EXPECT_TRUE(p.client.wire.ends());
  });
}

TEST(ForwardingEndings, who_is_on_when_the_proxy_stops_gets_a_line_too) {
  Door door;
  Player player(door.rig.endpoint(), door.backend);
  door.rig.daemon().stop(Duration::zero());
  EXPECT_TRUE(player.client.wire.ends());
  EXPECT_TRUE(player.server.ends());
  EXPECT_TRUE(door.rig.logged({"left", "player=Steve", "why=shutdown"}));
}

TEST(ForwardingEndings, a_relayed_player_gives_back_what_it_held) {
  Door door;
  {
    Player player(door.rig.endpoint(), door.backend);
    EXPECT_TRUE(player.plays());
    EXPECT_EQ(door.rig.daemon().proxy().connections(), 1U);
  }
  EXPECT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 0; }));
}

}  // namespace
}  // namespace drawbridge::kit
