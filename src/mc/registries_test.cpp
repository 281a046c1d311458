#include "mc/registries.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "mc/nbt.hpp"

namespace drawbridge::mc {
namespace {

class RegistriesTest : public testing::Test {
 protected:
  RegistryTables tables_;

  [[nodiscard]] std::size_t entries(Version version, std::string_view registry) const {
    const RegistrySet* set = tables_.find(version);
    const RegistrySet::Registry* found = set ? set->find(registry) : nullptr;
    return found ? found->entries.size() : 0;
  }
};

// 26.3 is newer than what is known of registries.
TEST_F(RegistriesTest, AreThereForEveryReleaseThatNeedsThem) {
  for (const Release& release : releases())
    EXPECT_EQ(tables_.find(release.version) != nullptr,
              release.version >= v1_16 && release.version < v26_3)
        << release.name;
  EXPECT_EQ(tables_.find(Version{0x40000000}), nullptr);
}

TEST_F(RegistriesTest, NumbersAndKeysAreEachOnlyOnce) {
  for (const Version version : tables_.versions()) {
    SCOPED_TRACE(release_name(version));
    for (const RegistrySet::Registry& registry : tables_.find(version)->registries) {
      std::set<std::string_view> keys;
      std::set<std::int32_t> numbers;
      std::int32_t expected = 0;
      for (const RegistrySet::Entry& entry : registry.entries) {
        EXPECT_TRUE(keys.insert(entry.key).second) << entry.key;
        EXPECT_TRUE(numbers.insert(entry.number).second) << entry.key;
        // From 1.20.5 on the order says the number.
        if (version >= v1_20_5) EXPECT_EQ(entry.number, expected++);
      }
    }
  }
}

TEST_F(RegistriesTest, ValuesAreNbt) {
  for (const Version version : tables_.versions())
    for (const RegistrySet::Registry& registry : tables_.find(version)->registries)
      for (const RegistrySet::Entry& entry : registry.entries)
        EXPECT_TRUE(parse_nbt(entry.value, v1_20_2, Fault::proxy))
            << registry.name << ' ' << entry.key;
}

// A client of these versions does not start a world without each of them.
TEST_F(RegistriesTest, WhatMayNotBeEmptyIsNot) {
  for (const Version version : tables_.versions()) {
    SCOPED_TRACE(release_name(version));
    if (version < v1_16_2) continue;
    const auto needed = [&](Version since, std::string_view registry) {
      if (version >= since) EXPECT_GT(entries(version, registry), 0U) << registry;
    };
    needed(v1_16_2, "minecraft:dimension_type");
    needed(v1_16_2, "minecraft:worldgen/biome");
    needed(v1_19_4, "minecraft:damage_type");
    needed(v1_20_5, "minecraft:wolf_variant");
    needed(v1_21, "minecraft:painting_variant");
    for (const std::string_view animal : {"cat", "chicken", "cow", "frog", "pig"})
      needed(v1_21_5, "minecraft:" + std::string(animal) + "_variant");
    needed(v1_21_5, "minecraft:wolf_sound_variant");
    needed(v1_21_11, "minecraft:zombie_nautilus_variant");
    for (const std::string_view animal : {"cat", "chicken", "cow", "pig"})
      needed(v26_1, "minecraft:" + std::string(animal) + "_sound_variant");
  }
}

TEST_F(RegistriesTest, ReleasesOfOneNumberAreNamedEach) {
  using testing::Test;
  const auto releases_of = [&](Version version) { return tables_.find(version)->releases; };
  using List = std::vector<std::string_view>;
  EXPECT_EQ(releases_of(v1_21), (List{"1.21", "1.21.1"}));
  EXPECT_EQ(releases_of(v1_21_7), (List{"1.21.7", "1.21.8"}));
  EXPECT_EQ(releases_of(v26_1), (List{"26.1", "26.1.1", "26.1.2"}));
  EXPECT_TRUE(releases_of(v1_20_3).empty());
}

// 1.21.7 added a painting and a music disc: a client of 1.21.6 that is sent their names and has
// not their values ends the connection.
TEST_F(RegistriesTest, OlderReleaseOfOneSourceHasNothingNewer) {
  EXPECT_EQ(entries(v1_21_6, "minecraft:jukebox_song") + 1,
            entries(v1_21_7, "minecraft:jukebox_song"));
  EXPECT_EQ(entries(v1_21_6, "minecraft:painting_variant") + 1,
            entries(v1_21_7, "minecraft:painting_variant"));
}

TEST_F(RegistriesTest, TagsNameNumbersThatThereAre) {
  for (const Version version : tables_.versions()) {
    SCOPED_TRACE(release_name(version));
    const RegistrySet& set = *tables_.find(version);
    EXPECT_EQ(set.tags.empty(), version < v1_20_3);
    for (const RegistrySet::Tags& of : set.tags) {
      const RegistrySet::Registry* registry = set.find(of.registry);
      if (registry == nullptr) continue;
      for (const RegistrySet::Tag& tag : of.tags)
        for (const std::int32_t number : tag.numbers)
          EXPECT_LT(number, static_cast<std::int32_t>(registry->entries.size())) << tag.key;
    }
  }
}

}  // namespace
}  // namespace drawbridge::mc
