#include "mc/rejoin.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mc/frame.hpp"
#include "mc/packets/world.hpp"

namespace drawbridge::mc {
namespace {

ByteBuffer login_of(Version version, std::int32_t dimension) {
  JoinWorld world;
  world.entity = 42;
  world.dimension = dimension;
  world.codec = world.dimension_value = {.bytes = {0x0A, 0, 0, 0}};
  const auto body = encode_body(world, version, State::play, Bound::client);
  const auto packet = split_packet(*body, Fault::proxy);
  return {packet->fields.begin(), packet->fields.end()};
}

Kind kind_of(const ByteBuffer& body, Version version) {
  return id_map(version, State::play, Bound::client).kind(split_packet(body, Fault::proxy)->id);
}

std::int32_t first_number(const ByteBuffer& body, std::size_t at) {
  Reader in(split_packet(body, Fault::proxy)->fields.subspan(at));
  std::int32_t out = 0;
  in.i32(out);
  return out;
}

class Rejoin : public ::testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Versions, Rejoin,
                         ::testing::Values(v1_7_2, v1_8, v1_9, v1_12_2, v1_13, v1_14, v1_15, v1_16,
                                           v1_16_2, v1_17, v1_18, v1_19, v1_19_3, v1_20));

TEST_P(Rejoin, is_a_login_and_a_respawn) {
  const Version version = GetParam();
  const auto packets = rejoin_packets(login_of(version, 0), version);
  ASSERT_TRUE(packets) << packets.error().what;
  ASSERT_EQ(packets->size(), 2U);
  EXPECT_EQ(kind_of(packets->front(), version), Kind::login);
  EXPECT_EQ(kind_of(packets->back(), version), Kind::respawn);
  EXPECT_EQ(first_number(packets->front(), 0), 42);
}

TEST_P(Rejoin, is_refused_where_the_login_breaks_off) {
  const Version version = GetParam();
  EXPECT_FALSE(rejoin_packets(ByteView(login_of(version, 0)).first(5), version));
}

// A respawn into the dimension that the client is in builds no new world.
TEST(RejoinPackets, lead_through_another_dimension_before_1_16) {
  for (const std::int32_t dimension : {0, -1, 1}) {
    const auto packets = rejoin_packets(login_of(v1_12_2, dimension), v1_12_2);
    ASSERT_TRUE(packets);
    EXPECT_NE(first_number(packets->front(), 5), dimension);
    EXPECT_EQ(first_number(packets->back(), 0), dimension);
  }
}

// `login` says it in the mode, and `respawn` has no room for it.
TEST(RejoinPackets, keep_hardcore_out_of_the_respawns_mode_before_1_16_2) {
  ByteBuffer login = login_of(v1_12_2, 0);
  constexpr std::size_t mode = 4;  // behind the entity
  login[mode] = 8 | 3;             // a spectator, hardcore
  const auto packets = rejoin_packets(login, v1_12_2);
  ASSERT_TRUE(packets);
  constexpr std::size_t respawn_mode = 5;  // behind dimension and difficulty
  EXPECT_EQ(split_packet(packets->back(), Fault::proxy)->fields[respawn_mode], 3);
}

TEST(RejoinPackets, leave_forge_its_login) {
  const ByteBuffer login = login_of(v1_12_2, 0);
  const auto packets = rejoin_packets(login, v1_12_2, true);
  ASSERT_TRUE(packets);
  ASSERT_EQ(packets->size(), 3U);
  const ByteView fields = split_packet(packets->front(), Fault::proxy)->fields;
  EXPECT_TRUE(std::ranges::equal(fields, login));
  EXPECT_EQ(first_number((*packets)[1], 0), -1);
  EXPECT_EQ(first_number((*packets)[2], 0), 0);
}

// From 1.19 on the place of the last death, from 1.20 on the portal's time: as the login has them.
TEST(RejoinPackets, repeat_the_end_of_the_login_in_the_respawn) {
  const auto packets = rejoin_packets(login_of(v1_20, 0), v1_20);
  ASSERT_TRUE(packets);
  const ByteView respawn = split_packet(packets->back(), Fault::proxy)->fields;
  Reader in(respawn, v1_20);
  std::string_view text;
  std::int64_t seed = 0;
  std::uint8_t mode = 0, kept = 1;
  std::int8_t before = 0;
  bool flag = false;
  std::int32_t portal = 1;
  in.string(text);
  EXPECT_EQ(text, "minecraft:overworld");
  in.string(text);
  in.i64(seed);
  in.u8(mode);
  in.i8(before);
  in.boolean(flag);
  in.boolean(flag);
  EXPECT_TRUE(flag);
  in.u8(kept);
  EXPECT_EQ(kept, 0);
  in.boolean(flag);
  EXPECT_FALSE(flag);
  in.varint(portal);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.left(), 0U);
}

}  // namespace
}  // namespace drawbridge::mc
