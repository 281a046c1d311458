// What a client is sent to stand in an empty world of ours: registries, then the world itself. The
// packets are the same for every player of a version; only what carries a name is not among them.
//
// The player floats above a flat overworld without a single block, at a height where no version
// waits for terrain: above what can be built. It cannot fall, walk or fly.
//
// Facts: minecraft-data (layouts); what ends "Loading terrain", and in which order packets have to
// come, was read in decompiled clients and in programs that do the same.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "mc/learned_registries.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/registries.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

// Each packet as its id and fields.
struct LimboJoin {
  using Packets = std::vector<ByteBuffer>;

  using Packs = std::vector<SelectKnownPacks::Pack>;

  // From 1.20.2 on, in configuration. From 1.20.5 on the greeting ends with select_known_packs and
  // the client answers with those that it has: all of one of the lists in `enough_packs`, and it
  // needs names only; else all values.
  Packets greeting;
  std::vector<Packs> enough_packs;
  Packets names_only;   // empty: nobody is asked for packs; ends with finish_configuration
  Packets with_values;  // empty: nobody knows them, so a client without the packs cannot be here
  // In play.
  Packets world;
};

// Nothing for a version whose registries are not in `tables`, although it needs some.
std::optional<LimboJoin> limbo_join(Version version, const RegistryTables& tables);

// The same of what a server has told.
LimboJoin limbo_join(Version version, const LearnedRegistries& learned);

// Whether a client of this version needs registries to enter a world.
constexpr bool needs_registries(Version version) {
  return version >= v1_16;
}

}  // namespace drawbridge::mc
