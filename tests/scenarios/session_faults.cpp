// What other proxies get wrong with intercepted players (numbers of a list of such faults).
#include <gtest/gtest.h>

#include <thread>

#include "kit/pattern.hpp"
#include "kit/played.hpp"

namespace drawbridge::kit {
namespace {

class SessionFaults : public ::testing::TestWithParam<const char*> {
 protected:
  static Played::Settings mode() { return {.mode = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Modes, SessionFaults, ::testing::Values("offline", "client_only"),
                         [](const auto& p) { return std::string(p.param); });

// The `compress` packet itself went out compressed, and the client saw garbage.
TEST_P(SessionFaults, peers_fault_7_players_get_in_and_play_where_the_backend_compresses) {
  for (const std::int32_t threshold : {-1, 0, 64, 256}) {
    Played::Settings settings = mode();
    settings.threshold = threshold;
    Played played(settings);
    for (const mc::Version version : {mc::v1_8, mc::v1_12_2, mc::v1_16, mc::v1_19, mc::v1_20_2,
                                      mc::v1_21_4, mc::newest_known}) {
      Seated player = played.seat_in_play("Steve", version);
      EXPECT_EQ(player.client.threshold.bytes, threshold);
      for (const std::size_t size : {2U, 63U, 64U, 255U, 256U, 9'000U}) {
        ASSERT_TRUE(player.backend.write_body(some_packet(size)));
        const auto down = player.client.read();
        ASSERT_TRUE(down.has_value());
        EXPECT_EQ(down->body, some_packet(size));
        EXPECT_EQ(down->was_compressed, mc::Threshold{threshold}.compresses(size));
        ASSERT_TRUE(player.client.write_body(some_packet(size)));
        const auto up = player.backend.read();
        ASSERT_TRUE(up.has_value());
        EXPECT_EQ(up->body, some_packet(size));
      }
    }
  }
}

// The backend goes back to configuration by itself, as often as it likes, and a kick in between is
// in the form of the phase.
TEST_P(SessionFaults, peers_fault_9_the_backend_may_configure_again_whenever_it_likes) {
  Played played(mode());
  for (const mc::Version version : {mc::v1_20_2, mc::v1_20_5, mc::v1_21_4, mc::newest_known}) {
    Seated player = played.seat_in_play("Steve", version);
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(player.backend.write(mc::StartConfiguration{}));
      ASSERT_TRUE(player.client.expect<mc::StartConfiguration>());
      // The client's last word of play comes before its acknowledgement.
      ASSERT_TRUE(player.client.write(mc::KeepAlive{5}));
      ASSERT_TRUE(player.client.write(mc::ConfigurationAcknowledged{}));
      ASSERT_TRUE(player.backend.expect<mc::KeepAlive>());
      ASSERT_TRUE(player.backend.expect<mc::ConfigurationAcknowledged>());
      player.client.state = player.backend.state = mc::State::configuration;
      ASSERT_TRUE(player.backend.write(mc::KeepAlive{7}));
      ASSERT_TRUE(player.client.expect<mc::KeepAlive>());
      ASSERT_TRUE(player.begin_play());
    }
    ASSERT_TRUE(player.backend.write(mc::StartConfiguration{}));
    ASSERT_TRUE(player.client.expect<mc::StartConfiguration>());
    player.client.state = mc::State::configuration;
    player.backend.wire.close();
    EXPECT_NE(kick_words(player.client), "");
  }
}

// Every chat session was dropped. It must be only where the backend knows another UUID than the one
// that the session is signed for.
TEST_P(SessionFaults, peers_fault_9_chat_sessions_reach_a_backend_that_knows_the_account) {
  for (const bool forwards : {false, true}) {
    Played::Settings settings = mode();
    settings.forwards = forwards;
    Played played(settings);
    Seated player = played.seat_in_play();
    const auto id = mc::id_map(player.client.version, mc::State::play, mc::Bound::server)
                        .id(mc::Kind::chat_session_update);
    ASSERT_TRUE(id.has_value());
    ByteBuffer update(800, 'k');
    update[0] = static_cast<Byte>(*id);
    ASSERT_TRUE(player.client.write_body(update));
    ASSERT_TRUE(player.client.write_body(some_packet(20)));
    const auto next = player.backend.read();
    ASSERT_TRUE(next.has_value());
    const bool knows_account = forwards && settings.mode == "client_only";
    EXPECT_EQ(next->body, knows_account ? update : some_packet(20));
  }
}

// One task awaited writes to both sides: a slow client stalled its keep-alives, everybody's
// commands and the shutdown.
TEST_P(SessionFaults,
       peers_fault_14_a_client_that_does_not_read_stalls_nothing_but_its_own_screen) {
  Played::Settings settings = mode();
  settings.global = "[shutdown]\ndrain = \"0s\"\n";
  Played played(settings);
  Seated slow = played.seat_in_play("Slow");
  Seated other = played.seat_in_play("Other");
  ByteBuffer frames;
  {
    mc::Deflater deflater;
    for (int i = 0; i < 4'000; ++i) {
      ByteBuffer packet = pattern(3'000, static_cast<unsigned>(i));
      packet[0] = 0x7F;
      ASSERT_TRUE(
          mc::append_packet(frames, packet, slow.backend.threshold, deflater, Fault::proxy));
    }
  }
  std::thread server([&] { slow.backend.wire.send(frames); });
  // Its own words arrive while its screen stands still ...
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(slow.client.write(mc::KeepAlive{i}));
    const auto answer = slow.backend.expect<mc::KeepAlive>();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->id, i);
  }
  // ... another player notices nothing ...
  ASSERT_TRUE(other.backend.write_body(some_packet(500)));
  EXPECT_TRUE(other.client.read().has_value());
  // ... and neither does the shutdown.
  played.door.rig.daemon().stop(Duration::zero());
  EXPECT_NE(kick_words(other.client), "");
  EXPECT_TRUE(played.left("Slow"));
  server.join();
}

// Who was sent back to configuration and never said that it is there was waited for without end.
TEST_P(SessionFaults, peers_fault_13_who_never_acknowledges_a_configuration_is_not_waited_for) {
  Played::Settings settings = mode();
  settings.server = "[timeouts]\nread = \"1s\"\n";
  settings.global = "[kick_messages]\nlogin_timed_out = \"asleep?\"\n";
  Played played(settings);
  for (const mc::Version version : {mc::v1_20_2, mc::v1_21_4}) {
    Seated player = played.seat_in_play("Steve", version);
    ASSERT_TRUE(player.backend.write(mc::StartConfiguration{}));
    ASSERT_TRUE(player.client.expect<mc::StartConfiguration>());
    player.client.state = mc::State::configuration;
    EXPECT_EQ(kick_words(player.client), "asleep?");
    EXPECT_TRUE(player.backend.wire.ends());
  }
  EXPECT_TRUE(played.left("silent in configuration"));
}

// Registries were kept by version: whoever logged in at the same time at another server got those.
TEST_P(SessionFaults, peers_fault_15_everybody_gets_the_registries_of_the_own_server) {
  Played played(mode());
  FakeServer arena;
  played.door.rig.write_server("arena",
                               server_file("arena.example", arena.address(),
                                           std::string("proxy_mode = \"") + GetParam() + "\"\n"));
  for (const mc::Version version : {mc::v1_20_2, mc::v1_21_4}) {
    Seated at_lobby = played.seat_at("play.example", played.door.backend, "Alice", version);
    Seated at_arena = played.seat_at("arena.example", arena, "Bob", version);
    const auto registry_data =
        static_cast<Byte>(mc::id_map(version, mc::State::configuration, mc::Bound::client)
                              .id(mc::Kind::registry_data)
                              .value());
    // Turn by turn, as at two servers of one version.
    for (int i = 0; i < 20; ++i) {
      const auto registries = [&](Byte server) {
        ByteBuffer body(500, server);
        body[0] = registry_data;
        body[1] = static_cast<Byte>(i);
        return body;
      };
      ASSERT_TRUE(at_lobby.backend.write_body(registries('l')));
      ASSERT_TRUE(at_arena.backend.write_body(registries('a')));
      const auto lobby = at_lobby.client.read();
      const auto arenas = at_arena.client.read();
      ASSERT_TRUE(lobby && arenas);
      EXPECT_EQ(lobby->body, registries('l'));
      EXPECT_EQ(arenas->body, registries('a'));
    }
  }
}

}  // namespace
}  // namespace drawbridge::kit
