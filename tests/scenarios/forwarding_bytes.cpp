// What a relayed connection carries, in each mode of the forwarding family: every byte both ways,
// half-closes and resets of both sides, and the last words of a backend.
#include <gtest/gtest.h>

#include <thread>

#include "kit/door.hpp"
#include "kit/pattern.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

class ForwardingBytes : public ::testing::TestWithParam<const char*> {
 protected:
  Door door{"play.example",
            {.server = fmt::format("proxy_mode = \"{}\"", GetParam()), .global = {}}};
  Player player{door.rig.endpoint(), door.backend};
};
INSTANTIATE_TEST_SUITE_P(Modes, ForwardingBytes,
                         ::testing::Values("passthrough", "zero_copy", "server_only"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(ForwardingBytes, the_backend_gets_the_hello_as_the_client_sent_it) {
  EXPECT_EQ(player.hello.bytes, login_bytes("play.example", "Steve"));
}

TEST_P(ForwardingBytes, large_amounts_go_both_ways_at_once) {
  const ByteBuffer up = pattern(1'500'000, 7);
  const ByteBuffer down = pattern(4'000'000, 8);
  const std::jthread uploads([&] { player.client.wire.send(up); });
  const std::jthread downloads([&] { player.server.send(down); });
  ByteBuffer arrived_up;
  std::jthread reads([&] { arrived_up = player.server.receive(up.size()); });
  EXPECT_TRUE(player.client.wire.receive(down.size()) == down);
  reads.join();
  EXPECT_TRUE(arrived_up == up);
  EXPECT_TRUE(player.plays());
}

TEST_P(ForwardingBytes, single_bytes_arrive_without_more_to_push_them) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(player.client.wire.send(ByteBuffer{static_cast<Byte>(i)}));
    ASSERT_EQ(player.server.receive(1), ByteBuffer{static_cast<Byte>(i)});
    ASSERT_TRUE(player.server.send(ByteBuffer{static_cast<Byte>(i + 100)}));
    ASSERT_EQ(player.client.wire.receive(1), ByteBuffer{static_cast<Byte>(i + 100)});
  }
}

TEST_P(ForwardingBytes, the_clients_half_close_leaves_the_other_direction_open) {
  player.client.wire.send("last question");
  player.client.wire.half_close();
  const auto question = player.server.receive_all();
  ASSERT_TRUE(question.has_value());
  EXPECT_EQ(as_text(*question), "last question");
  const ByteBuffer answer = pattern(700'000);
  const std::jthread answers([&] {
    player.server.send(answer);
    player.server.close();
  });
  EXPECT_TRUE(player.client.wire.receive_all() == answer);
  EXPECT_TRUE(door.rig.logged({"left", "player=Steve"}));
}

TEST_P(ForwardingBytes, the_backends_half_close_leaves_the_other_direction_open) {
  player.server.send("no more from me");
  player.server.half_close();
  const auto words = player.client.wire.receive_all();
  ASSERT_TRUE(words.has_value());
  EXPECT_EQ(as_text(*words), "no more from me");
  const ByteBuffer rest = pattern(700'000);
  const std::jthread sends([&] {
    player.client.wire.send(rest);
    player.client.wire.close();
  });
  EXPECT_TRUE(player.server.receive_all() == rest);
}

TEST_P(ForwardingBytes, the_clients_reset_resets_the_backend) {
  ASSERT_TRUE(player.plays());
  player.client.wire.reset();
  EXPECT_TRUE(player.server.resets());
}

TEST_P(ForwardingBytes, the_backends_reset_ends_the_client_after_the_last_words) {
  ASSERT_TRUE(player.plays());
  player.server.send("you are banned");
  player.server.reset();
  EXPECT_EQ(as_text(player.client.wire.receive(14)), "you are banned");
  EXPECT_FALSE(player.client.wire.resets());
  EXPECT_TRUE(player.client.wire.ends());
}

// A server that kicks writes and closes at once. The client reads later, and reads all of it.
TEST_P(ForwardingBytes, last_words_arrive_though_the_backend_is_gone) {
  const ByteBuffer words = pattern(120'000);
  ASSERT_TRUE(player.server.send(words));
  player.server.close();
  EXPECT_TRUE(player.client.wire.receive_all() == words);
}

}  // namespace
}  // namespace drawbridge::kit
