// What an intercepted session does with frames, through a whole proxy.
#include <gtest/gtest.h>

#include <thread>

#include "kit/pattern.hpp"
#include "kit/played.hpp"

namespace drawbridge::kit {
namespace {

class SessionFrames : public ::testing::TestWithParam<const char*> {
 protected:
  static Played::Settings mode() { return {.mode = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Modes, SessionFrames, ::testing::Values("offline", "client_only"),
                         [](const auto& p) { return std::string(p.param); });

ByteBuffer packet_of(std::size_t size, unsigned seed = 0) {
  ByteBuffer packet = pattern(size, seed);
  packet[0] = 0x7F;
  return packet;
}

TEST_P(SessionFrames, arrive_whole_wherever_they_are_cut) {
  Played played(mode());
  Seated player = played.seat_in_play();
  ByteBuffer frames;
  mc::Deflater deflater;
  for (const std::size_t size : {1U, 30U, 300U, 2U})
    ASSERT_TRUE(mc::append_packet(frames, packet_of(size), player.backend.threshold, deflater,
                                  Fault::proxy));
  for (const Byte byte : frames) {
    ASSERT_TRUE(player.client.write_raw({byte}));
    ASSERT_TRUE(player.backend.write_raw({byte}));
  }
  for (const std::size_t size : {1U, 30U, 300U, 2U}) {
    const auto up = player.backend.read();
    const auto down = player.client.read();
    ASSERT_TRUE(up && down);
    EXPECT_EQ(up->body, packet_of(size));
    EXPECT_EQ(down->body, packet_of(size));
  }
}

TEST_P(SessionFrames, of_any_size_pass_both_ways_at_once) {
  Played played(mode());
  Seated player = played.seat_in_play();
  const std::size_t sizes[] = {1'999'999, 5, 70'000, 300, 500'000, 20'000, 1};
  std::thread up([&] {
    for (const std::size_t size : sizes) EXPECT_TRUE(player.client.write_body(packet_of(size, 1)));
    for (const std::size_t size : sizes) EXPECT_EQ(player.client.read()->body, packet_of(size, 2));
  });
  std::thread down([&] {
    for (const std::size_t size : sizes) EXPECT_TRUE(player.backend.write_body(packet_of(size, 2)));
    for (const std::size_t size : sizes) EXPECT_EQ(player.backend.read()->body, packet_of(size, 1));
  });
  up.join();
  down.join();
}

// Some servers do not keep to their own threshold, and each client of 1.8 to 1.17 refuses a packet
// that is compressed although it is small.
TEST_P(SessionFrames, are_what_the_receivers_threshold_asks_for) {
  Played played(mode());
  Seated player = played.seat_in_play();
  ByteBuffer frames;
  mc::Deflater deflater;
  ASSERT_TRUE(mc::append_packet(frames, packet_of(40), {0}, deflater, Fault::proxy));
  ASSERT_TRUE(mc::append_packet(frames, packet_of(4'000), {1 << 20}, deflater, Fault::proxy));
  ASSERT_TRUE(player.backend.write_raw(frames));
  const auto small = player.client.read();
  const auto large = player.client.read();
  ASSERT_TRUE(small && large);
  EXPECT_EQ(small->body, packet_of(40));
  EXPECT_FALSE(small->was_compressed);
  EXPECT_EQ(large->body, packet_of(4'000));
  EXPECT_TRUE(large->was_compressed);
}

TEST_P(SessionFrames, change_with_set_compression_of_1_8) {
  Played::Settings settings = mode();
  settings.threshold = -1;
  Played played(settings);
  Seated player = played.seat_in_play("Steve", mc::v1_8);
  ASSERT_TRUE(player.backend.write(mc::SetCompression{64}));
  player.backend.threshold = {64};
  ASSERT_TRUE(player.backend.write_body(packet_of(500)));
  const auto down = player.client.read();
  ASSERT_TRUE(down.has_value());
  EXPECT_EQ(down->body, packet_of(500));
  ASSERT_TRUE(player.client.write_body(packet_of(700)));
  const auto up = player.backend.read();
  ASSERT_TRUE(up.has_value());
  EXPECT_EQ(up->body, packet_of(700));
  EXPECT_TRUE(up->was_compressed);
}

TEST_P(SessionFrames, that_are_empty_go_no_further) {
  Played::Settings settings = mode();
  settings.threshold = -1;
  Played played(settings);
  Seated player = played.seat_in_play("Steve", mc::newest_known);
  ASSERT_TRUE(player.backend.write_raw({0x00, 0x02, 0x7F, 0x01, 0x00}));
  ASSERT_TRUE(player.backend.write_body(packet_of(9)));
  const auto first = player.client.read();
  const auto second = player.client.read();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->body, (ByteBuffer{0x7F, 0x01}));
  EXPECT_EQ(second->body, packet_of(9));
}

}  // namespace
}  // namespace drawbridge::kit
