#include "mc/packet_ids.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace drawbridge::mc {
namespace {

TEST(PacketIds, FollowTheChangesOfOnePacket) {
  const auto id = [](Version version) {
    return id_map(version, State::play, Bound::client).id(Kind::keep_alive);
  };
  EXPECT_EQ(id(v1_7_2), 0x00);
  EXPECT_EQ(id(v1_8), 0x00);
  EXPECT_EQ(id(v1_9), 0x1F);
  EXPECT_EQ(id(v1_12_2), 0x1F);
  EXPECT_EQ(id(v26_2), 0x2C);
  EXPECT_EQ(id(v26_3), 0x2D);
}

TEST(PacketIds, TakeTheFloorForNumbersThatNobodyKnows) {
  const auto& newest = id_map(newest_known, State::play, Bound::client);
  EXPECT_EQ(&id_map(Version{100'000}, State::play, Bound::client), &newest);
  EXPECT_EQ(&id_map(Version{0x40000000 + 400}, State::play, Bound::client), &newest);
  // 1.13 pre-releases between two releases have those of the older one.
  EXPECT_EQ(&id_map(Version{402}, State::play, Bound::server),
            &id_map(v1_13_1, State::play, Bound::server));
}

TEST(PacketIds, AreNoneBelowTheOldestRelease) {
  for (const int number : {3, 0, -1}) {
    const IdMap& map = id_map(Version{number}, State::play, Bound::client);
    for (int id = 0; id < 256; ++id) EXPECT_EQ(map.kind(id), Kind::none);
  }
}

TEST(PacketIds, AreNoneForNumbersThatNoPacketHas) {
  const IdMap& map = id_map(v1_8, State::login, Bound::client);
  EXPECT_EQ(map.kind(0x03), Kind::compress);
  EXPECT_EQ(map.kind(0x04), Kind::none);
  EXPECT_EQ(map.kind(0x103), Kind::none);
  EXPECT_EQ(map.kind(-1), Kind::none);
  EXPECT_EQ(map.kind(INT32_MIN), Kind::none);
  EXPECT_EQ(map.kind(INT32_MAX), Kind::none);
}

TEST(PacketIds, EndWhereAPacketIsTakenOut) {
  EXPECT_EQ(id_map(v1_8, State::play, Bound::client).id(Kind::set_compression), 0x46);
  EXPECT_FALSE(id_map(v1_7_6, State::play, Bound::client).has(Kind::set_compression));
  EXPECT_FALSE(id_map(v1_9, State::play, Bound::client).has(Kind::set_compression));
  EXPECT_TRUE(id_map(v1_18_2, State::play, Bound::client).has(Kind::chat));
  EXPECT_FALSE(id_map(v1_19, State::play, Bound::client).has(Kind::chat));
}

TEST(PacketIds, KnowConfigurationSince1_20_2Only) {
  EXPECT_FALSE(id_map(v1_20, State::configuration, Bound::client).has(Kind::finish_configuration));
  EXPECT_EQ(id_map(v1_20_2, State::configuration, Bound::client).id(Kind::finish_configuration), 2);
  EXPECT_FALSE(id_map(v1_20, State::login, Bound::server).has(Kind::login_acknowledged));
}

TEST(PacketIds, GoBothWays) {
  for (const Release& release : releases()) {
    for (const State state :
         {State::handshake, State::status, State::login, State::configuration, State::play}) {
      for (const Bound bound : {Bound::client, Bound::server}) {
        const IdMap& map = id_map(release.version, state, bound);
        std::set<Kind> met;
        for (int id = 0; id < 256; ++id) {
          const Kind kind = map.kind(id);
          if (kind == Kind::none) continue;
          EXPECT_EQ(map.id(kind), id);
          EXPECT_TRUE(met.insert(kind).second) << name(kind);
        }
        for (std::size_t i = 1; i < kinds; ++i) {
          EXPECT_EQ(map.has(Kind{static_cast<std::uint8_t>(i)}),
                    met.contains(Kind{static_cast<std::uint8_t>(i)}));
        }
      }
    }
  }
}

TEST(PacketIds, HaveNames) {
  EXPECT_EQ(name(Kind::none), "none");
  EXPECT_EQ(name(Kind::keep_alive), "keep_alive");
  EXPECT_EQ(name(Kind::player_loaded), "player_loaded");
  EXPECT_EQ(name(State::configuration), "configuration");
}

}  // namespace
}  // namespace drawbridge::mc
