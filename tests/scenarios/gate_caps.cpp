// What one server allows: reserved places, lists of players, maintenance.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

std::string kick(Door& door, std::string_view player, std::optional<Uuid> claimed = std::nullopt) {
  FakeClient client = door.client();
  client.wire.send(handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login));
  client.wire.send(login_start_bytes(player, mc::v1_21_4, claimed));
  return client.kicked().value_or("(no kick)");
}

bool joins(Door& door, std::string_view player) {
  return Player(door.rig.endpoint(), door.backend, "play.example", player).plays();
}

Door::More server(std::string_view lines) {
  return {.server = std::string(lines), .global = {}};
}

TEST(GateCaps, reserved_places_are_for_those_who_are_named) {
  Door door("play.example",
            server("max_players = 2\nreserved_slots = 1\nreserved_for = [\"Admin\"]\n"
                   "kick_messages.full = \"full\""));
  Player first(door.rig.endpoint(), door.backend, "play.example", "Steve");
  EXPECT_EQ(kick(door, "Alex"), "full");
  Player admin(door.rig.endpoint(), door.backend, "play.example", "aDMIN");
  EXPECT_TRUE(admin.plays());
  EXPECT_EQ(kick(door, "Admin"), "full") << "reserved places have an end, too";
  first.leave();
  EXPECT_EQ(kick(door, "Alex"), "full") << "one player plays, and one place of two is reserved";
}

TEST(GateCaps, a_server_may_be_reserved_as_a_whole) {
  Door door("play.example",
            server("max_players = 1\nreserved_slots = 1\nreserved_for = [\"Admin\"]\n"
                   "kick_messages.full = \"full\""));
  EXPECT_EQ(kick(door, "Alex"), "full");
  EXPECT_TRUE(joins(door, "Admin"));
}

TEST(GateCaps, the_allow_list_names_who_may_join) {
  Door door("play.example", server("allow = [\"Steve\", \"069a79f4-44e9-4726-a5be-fca90e38aaf5\"]\n"
                                   "kick_messages.not_allowed = \"not you, {player}\""));
  EXPECT_EQ(kick(door, "Alex"), "not you, Alex");
  EXPECT_TRUE(joins(door, "sTEVE"));
  EXPECT_EQ(kick(door, "Alex", Uuid::parse("069a79f4-44e9-4726-a5be-fca90e38aaf5")),
            "not you, Alex")
      << "a UUID that is only claimed opens no door";
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
}

TEST(GateCaps, the_allow_list_changes_live) {
  Door door("play.example", server("allow = [\"Steve\"]"));
  EXPECT_NE(kick(door, "Alex"), "(no kick)");
  door.rig.write_server("lobby",
                        server_file("play.example", door.backend.address(), "allow = [\"Alex\"]"));
  EXPECT_TRUE(joins(door, "Alex"));
}

TEST(GateCaps, maintenance_has_a_motd_a_kick_and_exceptions) {
  Door door("play.example", server("maintenance = true\nmaintenance_allow = [\"Admin\"]\n"
                                   "kick_messages.maintenance = \"back at noon\"\n"
                                   "motd.maintenance.text = \"being painted\""));
  EXPECT_EQ(kick(door, "Steve"), "back at noon");
  FakeClient client = door.client();
  const auto json = client.status("play.example");
  ASSERT_TRUE(json);
  EXPECT_NE(json->find("being painted"), std::string::npos) << *json;
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open()) << "the backend is left alone";
  EXPECT_TRUE(joins(door, "Admin"));
}

TEST(GateCaps, maintenance_begins_live_and_ends_nobodys_game) {
  Door door;
  Player player(door.rig.endpoint(), door.backend);
  door.rig.write_server("lobby",
                        server_file("play.example", door.backend.address(), "maintenance = true"));
  EXPECT_NE(kick(door, "Alex"), "(no kick)");
  EXPECT_TRUE(player.plays());
}

TEST(GateCaps, a_server_in_maintenance_stands_in_for_nobody) {
  FakeServer second;
  ProxyRig rig(
      {.global = {},
       .servers = {
           {"lobby", server_file("play.example", "127.0.0.1:1", "fallback = [\"second\"]")},
           {"second", server_file("second.example", second.address(), "maintenance = true")}}});
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  EXPECT_TRUE(client.kicked());
  EXPECT_FALSE(second.accept(milliseconds(20)).open());
}

}  // namespace
}  // namespace drawbridge::kit
