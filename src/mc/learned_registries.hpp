// The registries of a version for which there are no tables (registries.hpp), as a server told them
// to a player of its own: enough to show other players of that version a world of ours.
//
// A server leaves out the values of what stands in a pack that the client has, too. Then they serve
// only clients that have the same packs, which all unmodified clients of one release do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "mc/packet_ids.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/registries.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

struct LearnedRegistries {
  // Packets (id and fields) of configuration, as they came and checked to their last byte.
  ByteBuffer features;  // empty: it sent none
  std::vector<ByteBuffer> registries;
  ByteBuffer tags;  // the same
  // Whoever has all of these understands them. Empty: everybody does.
  std::vector<SelectKnownPacks::Pack> packs;
  // Of what a world of ours is made; places in their registries.
  std::int32_t dimension = 0;
  std::int32_t biome = 0;
  std::int32_t sections = 24;  // the dimension's height / 16

  [[nodiscard]] std::size_t bytes() const;
  bool operator==(const LearnedRegistries&) const = default;
};

// Listens to one player's configuration. One thread.
class RegistryListener {
 public:
  static constexpr std::size_t most_bytes = std::size_t{2} << 20;  // of what it keeps

  // What can be learned at all: nothing is known of the version, and it has a configuration phase.
  static constexpr bool can_learn(Version version) { return version > newest_written_down; }
  // What it wants to hear. Of any other packet it makes nothing.
  static bool listens_to(Kind kind);

  explicit RegistryListener(Version version) : version_(version) {}

  // A packet of configuration on its way to `to`.
  void hear(Bound to, Kind kind, ByteView fields);
  // What was heard until the client said that it is done. Nothing: it was incomplete, not readable,
  // or too much.
  std::optional<LearnedRegistries> learned();

 private:
  void hear_registry(ByteView fields);
  bool keep(ByteBuffer& to, Kind kind, ByteView fields);

  Version version_;
  LearnedRegistries heard_;
  std::vector<SelectKnownPacks::Pack> offered_;
  bool has_dimension_ = false;
  bool has_biome_ = false;
  bool left_values_out_ = false;
  bool is_useless_ = false;
};

}  // namespace drawbridge::mc
