// What every player of one version is sent on the way into the limbo, ready for the wire: framed
// and compressed once, shared by all.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/limbo_join.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

// Immutable. The parts are those of mc::LimboJoin.
struct LimboFrames {
  mc::Threshold threshold;
  std::vector<std::string> releases;
  ByteBuffer greeting;
  ByteBuffer names_only;
  ByteBuffer with_values;
  ByteBuffer world;
  ByteBuffer world_again;  // before 1.20.2, for a client that comes out of another world

  [[nodiscard]] bool configures() const { return !with_values.empty(); }
  [[nodiscard]] bool asks_for_packs() const { return !names_only.empty(); }
};
using LimboFramesPtr = std::shared_ptr<const LimboFrames>;

// The compression of a link to a client that was led to the limbo first: what vanilla servers have,
// so that a backend later most likely agrees. 1.7 has none.
mc::Threshold limbo_threshold(mc::Version version);

// Any thread. Versions are made when first asked for (some milliseconds) and kept; how many there
// can be is bounded by the releases that are known.
class LimboBook {
 public:
  // Null: this version's registries are not known (mc::limbo_join).
  LimboFramesPtr of(mc::Version version, mc::Threshold threshold);

 private:
  static LimboFramesPtr make(mc::Version version, mc::Threshold threshold);
  // Numbers between the old releases share what the one below has.
  static mc::Version key_of(mc::Version version);

  std::mutex mutex_;
  std::map<mc::Version, LimboFramesPtr> made_;  // with the version's own threshold
};

}  // namespace drawbridge::core
