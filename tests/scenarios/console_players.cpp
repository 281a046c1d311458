// The console's commands about players, on a whole proxy: who is there, words, kicks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/played.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string said(Played& played, const std::string& line) {
  return api::to_text(played.door.rig.daemon().command(line), api::Look::plain);
}

TEST(ConsolePlayers, list_and_find_say_who_is_where) {
  Played played({.mode = "offline"});
  EXPECT_THAT(said(played, "list"), HasSubstr("# players (0)"));
  const Seated steve = played.seat_in_play("Steve");
  EXPECT_THAT(said(played, "list"), HasSubstr("players (1)"));
  EXPECT_THAT(said(played, "list"), HasSubstr("(1): Steve"));
  EXPECT_THAT(said(played, "who nowhere"), HasSubstr("error: there is no server nowhere"));
  EXPECT_THAT(said(played, "find sTEVE"), HasSubstr("host play.example, from 127.0.0.1"));
  EXPECT_THAT(said(played, "find Alex"), HasSubstr("error: Alex is not here"));
  EXPECT_THAT(said(played, "connections"), HasSubstr("connections (1)"));
  EXPECT_THAT(said(played, "connections --ip 10.0.0.0/8"), HasSubstr("connections (0)"));
  EXPECT_THAT(said(played, "servers"), HasSubstr("1 players  offline"));
}

TEST(ConsolePlayers, broadcast_and_msg_reach_those_whose_packets_pass_through_us) {
  Played played({.mode = "offline"});
  Seated steve = played.seat_in_play("Steve");
  Seated alex = played.seat_in_play("Alex", mc::v1_8);
  EXPECT_THAT(said(played, "broadcast &aback in \"ten  minutes\""),
              HasSubstr("told 2 of 2 players"));
  EXPECT_EQ(chat_words(steve.client), "back in ten  minutes");
  EXPECT_EQ(chat_words(alex.client), "back in ten  minutes");
  EXPECT_THAT(said(played, "tell Alex hello"), HasSubstr("ok: told Alex"));
  EXPECT_EQ(chat_words(alex.client), "hello");
  EXPECT_THAT(said(played, "msg Nobody hello"), HasSubstr("error: Nobody is not here"));
  EXPECT_THAT(said(played, "broadcast --server nowhere x"), HasSubstr("no server nowhere"));
}

TEST(ConsolePlayers, who_is_only_passed_on_is_counted_as_not_told) {
  Played played({.mode = "passthrough"});
  Player steve(played.door.rig.endpoint(), played.door.backend);
  ASSERT_TRUE(steve.plays());
  EXPECT_THAT(said(played, "broadcast hello"), HasSubstr("told 0 of 1 players; the others"));
  EXPECT_THAT(said(played, "msg Steve hello"), HasSubstr("error: Steve cannot be told"));
}

TEST(ConsolePlayers, a_kick_gives_the_reason_where_it_can_be_read) {
  Played played({.mode = "offline"});
  Seated steve = played.seat_in_play("Steve");
  EXPECT_THAT(said(played, "kick steve &cenough now"), HasSubstr("ok: kicked Steve"));
  EXPECT_EQ(kick_words(steve.client), "enough now");
  EXPECT_TRUE(played.left("kicked by console"));
  EXPECT_THAT(said(played, "kick Steve"), HasSubstr("error: Steve is not here"));
}

TEST(ConsolePlayers, a_relayed_player_is_kicked_without_words) {
  Played played({.mode = "passthrough"});
  Player steve(played.door.rig.endpoint(), played.door.backend);
  ASSERT_TRUE(steve.plays());
  EXPECT_THAT(said(played, "kick Steve bye"), HasSubstr("1 without words"));
  EXPECT_TRUE(steve.client.wire.ends());
}

TEST(ConsolePlayers, kick_ip_ends_whoever_comes_from_a_network) {
  Played played({.mode = "offline"});
  Seated steve = played.seat_in_play("Steve");
  EXPECT_THAT(said(played, "kick-ip 10.0.0.0/8"), HasSubstr("error: nobody is here from"));
  EXPECT_THAT(said(played, "kick-ip nonsense"), HasSubstr("error: \"nonsense\" is no address"));
  EXPECT_THAT(said(played, "kickip 127.0.0.0/8"), HasSubstr("ok: kicked 1 players"));
  EXPECT_EQ(kick_words(steve.client), "You were kicked.");
}

TEST(ConsolePlayers, a_ban_holds_at_once_and_can_be_looked_up) {
  Played played({.mode = "offline"});
  Seated steve = played.seat_in_play("Steve");
  EXPECT_THAT(said(played, "ban Steve 10m griefing a lot"), HasSubstr("ok: banned username Steve"));
  EXPECT_THAT(kick_words(steve.client), HasSubstr("griefing a lot"));
  EXPECT_THAT(said(played, "banlist"), HasSubstr("bans (1), page 1 of 1"));
  EXPECT_THAT(said(played, "baninfo steve"), HasSubstr("by console, reason: griefing a lot"));
  EXPECT_THAT(said(played, "ban 10.0.0.1"), HasSubstr("there are ban, ban-ip and ban-uuid"));
  EXPECT_THAT(said(played, "ban-ip 10.0.0.0/8 perm"), HasSubstr("ok: banned ip_range"));
  EXPECT_THAT(said(played, "baninfo 10.1.2.3"), HasSubstr("ip_range 10.0.0.0/8"));
  EXPECT_THAT(said(played, "unban Steve"), HasSubstr("ok: unbanned"));
  EXPECT_THAT(said(played, "unban Steve"), HasSubstr("error: username Steve is not banned"));
  EXPECT_THAT(said(played, "banlist 7"), HasSubstr("error: there are 1 pages"));
}

TEST(ConsolePlayers, config_shows_values_and_where_they_came_from) {
  Played played({.mode = "offline", .global = "connect_max_attempts = 7\n"});
  EXPECT_THAT(said(played, "config connect_max_attempts"), HasSubstr("connect_max_attempts = 7"));
  EXPECT_THAT(said(played, "config connect_max_attempts"), HasSubstr("drawbridge.toml:"));
  EXPECT_THAT(said(played, "config rate_limit"),
              HasSubstr("rate_limit.enabled = false  # default"));
  EXPECT_THAT(said(played, "config no.such"), HasSubstr("error: there is no key no.such"));
  EXPECT_THAT(said(played, "config problems"), HasSubstr("0 errors"));
  EXPECT_THAT(said(played, "log debug nothing"), HasSubstr("error: no line of the log"));
  EXPECT_THAT(said(played, "log loud"), HasSubstr("error: \"loud\" is none of"));
  EXPECT_THAT(said(played, "route play.example"), HasSubstr("play.example > "));
}

TEST(ConsolePlayers, stop_tells_the_players_why) {
  Played played({.mode = "offline"});
  Seated steve = played.seat_in_play("Steve");
  EXPECT_THAT(said(played, "stop 10m back in an hour"), HasSubstr("ok: stopping"));
  EXPECT_EQ(chat_words(steve.client), "back in an hour");
}

}  // namespace
}  // namespace drawbridge::kit
