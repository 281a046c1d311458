// However an intercepted session ends, the player is told why and the log has one line.
#include <gtest/gtest.h>

#include <thread>

#include "kit/played.hpp"

namespace drawbridge::kit {
namespace {

class SessionEndings : public ::testing::TestWithParam<const char*> {
 protected:
  static Played::Settings mode() { return {.mode = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Modes, SessionEndings, ::testing::Values("offline", "client_only"),
                         [](const auto& p) { return std::string(p.param); });

mc::KickDisconnect kick_of(const std::string& words, mc::Version version) {
  return {mc::wire_text(mc::Text::legacy(words), version)};
}

TEST_P(SessionEndings, the_backends_kick_arrives_once_and_as_it_was) {
  Played played(mode());
  for (const mc::Version version : {mc::v1_8, mc::v1_20_2, mc::v1_21_4}) {
    for (const std::size_t size : {12U, 400U}) {
      Seated player = played.seat_in_play("Steve", version);
      const std::string words(size, 'w');
      ASSERT_TRUE(player.backend.write_body(some_packet(5'000)));
      ASSERT_TRUE(player.backend.write(kick_of(words, version)));
      player.backend.wire.close();
      const auto before = player.client.read();
      ASSERT_TRUE(before.has_value());
      EXPECT_EQ(before->body, some_packet(5'000));
      EXPECT_EQ(kick_words(player.client), words);
      EXPECT_TRUE(player.client.wire.closes());
    }
  }
  EXPECT_TRUE(eventually(
      [&] { return played.door.rig.log_lines({"session", "left", "kicked by the server"}) == 6; }));
}

TEST_P(SessionEndings, a_backend_that_dies_is_spoken_for) {
  Played::Settings settings = mode();
  settings.server = "disconnect_message = \"{server} fell over\"\n";
  Played played(settings);
  Seated in_play = played.seat_in_play();
  in_play.backend.wire.close();
  EXPECT_EQ(kick_words(in_play.client), "lobby fell over");
  EXPECT_TRUE(in_play.client.wire.closes());
  Seated in_configuration = played.seat();
  in_configuration.backend.wire.reset();
  EXPECT_EQ(kick_words(in_configuration.client), "lobby fell over");
  EXPECT_TRUE(played.left("backend closed"));
  EXPECT_TRUE(played.left("backend reset"));
}

TEST_P(SessionEndings, a_client_that_leaves_takes_its_backend_along) {
  Played played(mode());
  Seated player = played.seat_in_play();
  ASSERT_TRUE(player.client.write_body(some_packet(9'000)));
  player.client.wire.close();
  const auto last = player.backend.read();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->body, some_packet(9'000));
  EXPECT_TRUE(player.backend.wire.ends());
  player.backend.wire.close();
  EXPECT_TRUE(played.left("client closed"));
}

TEST_P(SessionEndings, who_plays_is_told_at_the_start_of_the_drain_and_may_leave) {
  Played::Settings settings = mode();
  settings.global = "[kick_messages]\nshutdown = \"closing soon, {player}\"\n";
  Played played(settings);
  Seated alice = played.seat_in_play("Alice");
  Seated bob = played.seat_in_play("Bob", mc::v1_18_2);
  Seated joining = played.seat("Cid");
  played.door.rig.daemon().stop(std::chrono::minutes(10));
  EXPECT_EQ(chat_words(alice.client), "closing soon, Alice");
  EXPECT_EQ(chat_words(bob.client), "closing soon, Bob");
  // They play on until they leave, and nobody waits for longer than that.
  ASSERT_TRUE(alice.client.write_body(some_packet(50)));
  EXPECT_TRUE(alice.backend.read().has_value());
  for (Seated* player : {&alice, &bob, &joining}) player->client.wire.close();
  for (Seated* player : {&alice, &bob, &joining}) player->backend.wire.close();
  EXPECT_EQ(played.door.rig.daemon().wait(), 0);
}

TEST_P(SessionEndings, everybody_is_told_at_the_end_of_the_drain) {
  Played::Settings settings = mode();
  settings.global = "[kick_messages]\nshutdown = \"good night {player}\"\n";
  Played played(settings);
  Seated alice = played.seat_in_play("Alice");
  Seated bob = played.seat("Bob");
  played.door.rig.daemon().stop(Duration::zero());
  EXPECT_EQ(kick_words(alice.client), "good night Alice");
  EXPECT_EQ(kick_words(bob.client), "good night Bob");
  EXPECT_TRUE(alice.client.wire.closes());
  EXPECT_TRUE(played.left("shutdown"));
}

// Modpacks take minutes here, with a word now and then.
TEST_P(SessionEndings, configuration_lasts_as_long_as_somebody_speaks) {
  Played::Settings settings = mode();
  settings.server = "[timeouts]\nread = \"1s\"\n";
  Played played(settings);
  Seated player = played.seat();
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(player.backend.write(mc::KeepAlive{i}));
    ASSERT_TRUE(player.client.expect<mc::KeepAlive>());
    ASSERT_TRUE(player.client.wire.stays_quiet(milliseconds(300)));
  }
  EXPECT_NE(kick_words(player.client), "");
  EXPECT_TRUE(played.left("silent in configuration"));
}

// --- What a client may not do ---

TEST_P(SessionEndings, a_bad_packet_ends_its_own_session_with_words) {
  Played played(mode());
  Seated bad = played.seat_in_play("Bad");
  Seated good = played.seat_in_play("Good");
  ASSERT_TRUE(bad.client.write_raw({0xFF, 0xFF, 0xFF, 0xFF}));
  EXPECT_NE(kick_words(bad.client).find("frame length"), std::string::npos);
  EXPECT_TRUE(bad.client.wire.closes());
  EXPECT_TRUE(bad.backend.wire.ends());
  EXPECT_TRUE(played.left("bad packet of the client"));
  ASSERT_TRUE(good.client.write_body(some_packet(50)));
  EXPECT_TRUE(good.backend.read().has_value());
}

TEST_P(SessionEndings, a_packet_beyond_max_inflated_is_refused) {
  Played::Settings settings = mode();
  settings.global = "[limits]\nmax_inflated = \"1MiB\"\n";
  Played played(settings);
  Seated player = played.seat_in_play();
  ASSERT_TRUE(player.client.write_body(some_packet(1'000'000)));
  EXPECT_TRUE(player.backend.read().has_value());
  ASSERT_TRUE(player.client.write_body(some_packet(1'100'000)));
  EXPECT_NE(kick_words(player.client).find("limit"), std::string::npos);
}

TEST_P(SessionEndings, packets_per_second_are_limited_for_the_one_who_sends_them) {
  Played::Settings settings = mode();
  settings.global =
      "[limits]\npackets_per_second = 20\n[kick_messages]\nrate_limited = \"slowly\"\n";
  Played played(settings);
  Seated player = played.seat_in_play();
  ByteBuffer frames;
  for (int i = 0; i < 1'000; ++i) frames.insert(frames.end(), {0x03, 0x00, 0x7F, 0x01});
  // The server may send as much as it likes.
  ASSERT_TRUE(player.backend.write_raw(frames));
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(player.client.read().has_value());
  ASSERT_TRUE(player.client.write_raw(frames));
  EXPECT_EQ(kick_words(player.client), "slowly");
  EXPECT_TRUE(played.left("rate limited"));
}

// The attack of 2026 on Velocity and its kin: packets of a lawful size each.
TEST_P(SessionEndings, peers_incident_inflated_bytes_per_second_are_limited) {
  Played::Settings settings = mode();
  settings.global = "[limits]\ninflated_per_second = \"100KiB\"\n";
  Played played(settings);
  Seated player = played.seat_in_play();
  bool sent = true;
  for (int i = 0; sent && i < 20; ++i) sent = player.client.write_body(some_packet(100'000));
  EXPECT_NE(kick_words(player.client), "");
  EXPECT_TRUE(played.left("rate limited"));
}

}  // namespace
}  // namespace drawbridge::kit
