// How many connections each source has open, and how many of those are still saying what they want.
// Bounded by the connections themselves: a source without one is not in the table.
//
// Thread-safe: one short lock of 64, at a connection's begin, at the end of its hello, and at its
// end.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/ip.hpp"
#include "base/siphash.hpp"

namespace drawbridge::core {

class SourceCounts;

// One connection's share in the counts of its source. Movable; gives itself back. The table
// outlives it.
class SourceHold {
 public:
  SourceHold() = default;
  SourceHold(SourceHold&& other) noexcept;
  SourceHold& operator=(SourceHold&& other) noexcept;
  ~SourceHold() { release(); }
  explicit operator bool() const { return counts_ != nullptr; }

  // Counts this connection among those that are being read. False: the source has `most` of them (0
  // = no limit).
  bool begin_reading(std::uint32_t most);
  void end_reading();

 private:
  friend class SourceCounts;
  void release();
  SourceCounts* counts_ = nullptr;
  IpAddress source_;
  bool reading_ = false;
};

class SourceCounts {
 public:
  SourceCounts() = default;
  SourceCounts(const SourceCounts&) = delete;
  SourceCounts& operator=(const SourceCounts&) = delete;

  // One more connection of `source` (already cut to its prefix); empty if it has `most` (0 = no
  // limit).
  [[nodiscard]] SourceHold open(const IpAddress& source, std::uint32_t most);

  struct Numbers {
    std::uint32_t open = 0;
    std::uint32_t reading = 0;
  };
  [[nodiscard]] Numbers of(const IpAddress& source) const;
  [[nodiscard]] std::size_t sources() const;

 private:
  friend class SourceHold;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<IpAddress, Numbers, IpHash> numbers;
  };
  static constexpr std::size_t shards = 64;
  Shard& shard_of(const IpAddress& source) { return shards_[IpHash()(source) % shards]; }

  std::array<Shard, shards> shards_;
};

}  // namespace drawbridge::core
