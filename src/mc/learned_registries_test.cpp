#include "mc/learned_registries.hpp"

#include <gtest/gtest.h>

#include "mc/frame.hpp"
#include "mc/limbo_join.hpp"

namespace drawbridge::mc {
namespace {

using Pack = SelectKnownPacks::Pack;

// What a server of 26.1 says, told to a listener as if it were of a version that nobody knows.
class LearnedRegistriesTest : public testing::Test {
 protected:
  static constexpr Version unknown = v26_3;

  static ByteView fields_of(const ByteBuffer& body) {
    return split_packet(body, Fault::proxy)->fields;
  }
  static Kind kind_of(const ByteBuffer& body, Version version) {
    const auto id = split_packet(body, Fault::proxy)->id;
    return id_map(version, State::configuration, Bound::client).kind(id);
  }
  template <typename P>
  static ByteBuffer fields_of(const P& packet) {
    ByteBuffer out;
    Writer writer(out, unknown);
    P::fields(writer, packet);
    EXPECT_TRUE(writer.ok());
    return out;
  }
  void tell(const LimboJoin::Packets& packets) {
    for (const ByteBuffer& body : packets)
      listener.hear(Bound::client, kind_of(body, v26_1), fields_of(body));
  }
  void answer(std::vector<Pack> packs) {
    SelectKnownPacks has;
    has.packs = std::move(packs);
    listener.hear(Bound::server, Kind::select_known_packs, fields_of(has));
  }
  void tell_registry(const std::string& name, std::vector<RegistryData::Entry> entries) {
    RegistryData data;
    data.registry = name;
    data.entries = std::move(entries);
    listener.hear(Bound::client, Kind::registry_data, fields_of(data));
  }
  // A dimension so high, as a tree without a name.
  static RawNbt dimension(std::int32_t height) {
    Nbt::Compound type;
    type.set("height", {height});
    Nbt tree;
    tree.value = std::move(type);
    RawNbt raw;
    Writer out(raw.bytes, unknown);
    write_nbt(out, tree);
    return raw;
  }
  void tell_small_world(std::optional<RawNbt> value = dimension(256)) {
    tell_registry("minecraft:dimension_type",
                  {{"own:cave", dimension(64)}, {"minecraft:overworld", std::move(value)}});
    tell_registry("minecraft:worldgen/biome",
                  {{"own:sand", dimension(1)}, {"minecraft:plains", dimension(1)}});
  }

  const LimboJoin known = *limbo_join(v26_1, RegistryTables());
  RegistryListener listener{unknown};
};

TEST_F(LearnedRegistriesTest, AreTheSameThatTheServerSent) {
  tell(known.greeting);
  answer({{"minecraft", "core", "26.1.2"}});
  tell(known.names_only);
  const auto learned = listener.learned();
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->packs, (std::vector<Pack>{{"minecraft", "core", "26.1.2"}}));

  const LimboJoin join = limbo_join(unknown, *learned);
  ASSERT_EQ(join.enough_packs.size(), 1U);
  EXPECT_EQ(join.enough_packs.front(), learned->packs);
  EXPECT_TRUE(join.with_values.empty());
  ASSERT_EQ(join.names_only.size(), known.names_only.size());
  for (std::size_t i = 0; i < join.names_only.size(); ++i) {
    EXPECT_EQ(kind_of(join.names_only[i], unknown), kind_of(known.names_only[i], v26_1));
    EXPECT_TRUE(std::ranges::equal(fields_of(join.names_only[i]), fields_of(known.names_only[i])));
  }
  // The world has its dimension and its biome by their places in them.
  ASSERT_EQ(join.world.size(), known.world.size());
  for (std::size_t i = 1; i < join.world.size(); ++i)
    EXPECT_TRUE(std::ranges::equal(fields_of(join.world[i]), fields_of(known.world[i]))) << i;
}

TEST_F(LearnedRegistriesTest, AreForEverybodyWhereTheServerSentAllValues) {
  tell(known.greeting);
  answer({});
  tell(known.with_values);
  const auto learned = listener.learned();
  ASSERT_TRUE(learned);
  const LimboJoin join = limbo_join(unknown, *learned);
  EXPECT_TRUE(join.enough_packs.empty());
  EXPECT_TRUE(join.names_only.empty());
  EXPECT_EQ(join.with_values.size(), known.with_values.size());
  for (const ByteBuffer& body : join.greeting)
    EXPECT_NE(kind_of(body, unknown), Kind::select_known_packs);
}

TEST_F(LearnedRegistriesTest, PlacesAndHeightAreThoseOfTheServer) {
  tell_small_world();
  const auto learned = listener.learned();
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->dimension, 1);
  EXPECT_EQ(learned->biome, 1);
  EXPECT_EQ(learned->sections, 16);
}

TEST_F(LearnedRegistriesTest, HeightOfAKnownPackIsTheGamesOwn) {
  SelectKnownPacks offer;
  offer.packs = {{"minecraft", "core", "26.3"}};
  listener.hear(Bound::client, Kind::select_known_packs, fields_of(offer));
  answer(offer.packs);
  tell_small_world(std::nullopt);
  const auto learned = listener.learned();
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->sections, 24);
}

// A client may say what it likes; a server takes notice of what it has offered.
TEST_F(LearnedRegistriesTest, PacksThatWereNotOfferedAreNobodys) {
  SelectKnownPacks offer;
  offer.packs = {{"minecraft", "core", "26.3"}};
  listener.hear(Bound::client, Kind::select_known_packs, fields_of(offer));
  answer({{"own", "pack", "1"}, {"minecraft", "core", "26.3"}});
  tell_small_world();
  const auto learned = listener.learned();
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->packs, offer.packs);
}

TEST_F(LearnedRegistriesTest, IncompleteOnesAreNotKept) {
  EXPECT_FALSE(listener.learned());
  tell_registry("minecraft:worldgen/biome", {{"minecraft:plains", dimension(1)}});
  EXPECT_FALSE(listener.learned());
  tell_registry("minecraft:dimension_type", {});
  EXPECT_FALSE(listener.learned()) << "no dimension to stand in";
}

TEST_F(LearnedRegistriesTest, ValuesThatNobodySentAreNotKept) {
  tell_small_world(std::nullopt);
  EXPECT_FALSE(listener.learned());
}

TEST_F(LearnedRegistriesTest, AHeightThatCannotBeIsNotKept) {
  for (const std::int32_t height : {-16, 0, 8, 5'000}) {
    listener = RegistryListener(unknown);
    tell_small_world(dimension(height));
    EXPECT_FALSE(listener.learned()) << height;
  }
}

TEST_F(LearnedRegistriesTest, WhatCannotBeReadIsNotKept) {
  tell_small_world();
  const ByteBuffer cut = {3, 'a'};
  listener.hear(Bound::client, Kind::tags, cut);
  EXPECT_FALSE(listener.learned());
  listener = RegistryListener(unknown);
  listener.hear(Bound::client, Kind::registry_data, {});
  tell_small_world();
  EXPECT_FALSE(listener.learned());
}

TEST_F(LearnedRegistriesTest, TooMuchIsNotKept) {
  tell_small_world();
  std::vector<RegistryData::Entry> many(40'000, {std::string(30, 'a'), dimension(1)});
  tell_registry("own:many", many);
  tell_registry("own:more", many);
  EXPECT_FALSE(listener.learned());
}

TEST_F(LearnedRegistriesTest, OnlyVersionsWithoutTablesAreLearned) {
  EXPECT_EQ(RegistryTables().versions().back(), newest_written_down);
  EXPECT_FALSE(RegistryListener::can_learn(v26_2));
  EXPECT_TRUE(RegistryListener::can_learn(v26_3));
}

}  // namespace
}  // namespace drawbridge::mc
