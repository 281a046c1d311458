// What every player of one version is sent on the way into the limbo, ready for the wire: framed
// and compressed once, shared by all.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/learned_registries.hpp"
#include "mc/limbo_join.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

// Immutable. The parts are those of mc::LimboJoin.
struct LimboFrames {
  mc::Threshold threshold;
  std::vector<mc::LimboJoin::Packs> enough_packs;
  ByteBuffer greeting;
  ByteBuffer names_only;
  ByteBuffer with_values;
  ByteBuffer world;
  ByteBuffer world_again;  // before 1.20.2, for a client that comes out of another world

  [[nodiscard]] bool configures() const { return !greeting.empty(); }
  [[nodiscard]] bool asks_for_packs() const { return !names_only.empty(); }
};
using LimboFramesPtr = std::shared_ptr<const LimboFrames>;

// The compression of a link to a client that was led to the limbo first: what vanilla servers have,
// so that a backend later most likely agrees. 1.7 has none.
mc::Threshold limbo_threshold(mc::Version version);

// Any thread. Versions are made when first asked for (some milliseconds) and kept; how many there
// can be is bounded by the releases that are known, and by most_learned.
//
// Of a version that has no tables it knows what servers have told their players (LimboLesson), each
// server's by itself: the first of that version serves for all that have not been heard yet.
class LimboBook {
 public:
  static constexpr std::size_t most_learned = 16;  // versions and servers
  static constexpr std::size_t most_lessons = 4;   // at the same time: each holds registries

  // For a player who comes from, or waits for, the server of this id. Null: this version's
  // registries are not known.
  LimboFramesPtr of(mc::Version version, mc::Threshold threshold, std::string_view server);

  // Whether something can be learned from this server's next player of the version. If so, it is
  // one of most_lessons until end_lesson().
  bool begin_lesson(mc::Version version, std::string_view server);
  void end_lesson();
  // False: it is nothing new.
  bool learn(mc::Version version, std::string_view server, mc::LearnedRegistries registries);

 private:
  struct Learned {
    mc::Version version;
    std::string server;
    mc::LearnedRegistries registries;
    LimboFramesPtr made;  // with the version's own threshold; null: nobody has asked yet
  };
  // Numbers between the old releases share what the one below has.
  static mc::Version key_of(mc::Version version);
  LimboFramesPtr of_learned(mc::Version version, mc::Threshold threshold, std::string_view server);
  Learned* find(mc::Version version, std::string_view server);

  std::mutex mutex_;                            // guards all below
  std::map<mc::Version, LimboFramesPtr> made_;  // with the version's own threshold
  std::vector<Learned> learned_;
  std::size_t lessons_ = 0;
};

}  // namespace drawbridge::core
