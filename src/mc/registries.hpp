// The registries and tags that a client needs before it enters a world. A proxy that shows a world
// of its own has to send them; what a backend sends passes by.
//
// They are in registry_tables.bin, written by tools/gen_registries and embedded into the program:
// 100 KB for all versions, because equal values stand there once.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

// The newest version that there are tables for; of later ones only what a server tells is known
// (learned_registries.hpp).
inline constexpr Version newest_written_down = v26_2;

// What a world of ours is made of.
inline constexpr std::string_view dimension_registry = "minecraft:dimension_type";
inline constexpr std::string_view overworld = "minecraft:overworld";
inline constexpr std::string_view biome_registry = "minecraft:worldgen/biome";
inline constexpr std::string_view plains = "minecraft:plains";

// Views into the RegistryTables that it came from.
struct RegistrySet {
  struct Entry {
    std::string_view key;
    std::int32_t number = 0;  // in play
    ByteView value;           // one NBT value whose root has no name
  };
  struct Registry {
    std::string_view name;
    std::vector<Entry> entries;

    [[nodiscard]] const Entry* find(std::string_view key) const;
  };
  struct Tag {
    std::string_view key;
    std::vector<std::int32_t> numbers;
  };
  struct Tags {
    std::string_view registry;
    std::vector<Tag> tags;
  };

  // Releases that share this protocol number: the versions of `minecraft:core` that a client of it
  // may know. From 1.20.5 on.
  std::vector<std::string_view> releases;
  ByteView codec;  // 1.16 and 1.16.1: in place of registries, which have another form there
  std::vector<Registry> registries;
  std::vector<Tags> tags;

  [[nodiscard]] const Registry* find(std::string_view name) const;
};

// All versions' tables, inflated (600 KiB): for the moment in which packets are made of them.
class RegistryTables {
 public:
  // The embedded ones. Throws std::runtime_error if they are damaged, which a test rules out.
  RegistryTables();

  // Of exactly this version; null where there are none: below 1.16, which needs none, and for
  // versions whose registries nobody has written down.
  [[nodiscard]] const RegistrySet* find(Version version) const;
  // Those that find() finds something for, ascending.
  [[nodiscard]] std::vector<Version> versions() const;

 private:
  struct Versions {
    std::vector<Version> versions;
    RegistrySet set;
  };

  ByteBuffer bytes_;
  std::vector<Versions> sets_;
};

}  // namespace drawbridge::mc
