// Buffers of a worker's sessions. A session holds one only while it has bytes that cannot move on
// (output that waits, a frame that has come in part), so a worker needs few; they are of sizes that
// double, and what lay idle for a second goes back to the system.
//
// One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"

namespace drawbridge::core {

struct Buffer {
  std::unique_ptr<Byte[]> bytes;
  std::uint32_t capacity = 0;
};

class BufferPool {
 public:
  static constexpr std::uint32_t smallest = 2048;

  // At least `size` bytes (at most 2 GiB); not initialised.
  Buffer take(std::size_t size);
  // An empty buffer is welcome, too.
  void give_back(Buffer buffer);
  // Once a second.
  void trim();
  // Bytes of buffers that nobody uses.
  [[nodiscard]] std::size_t spare() const { return spare_; }

 private:
  struct Shelf {
    std::vector<Buffer> buffers;
    std::size_t least = 0;  // since the last trim
  };
  static constexpr std::size_t most_spare = std::size_t{4} << 20;
  static std::size_t shelf_of(std::uint32_t capacity);

  std::array<Shelf, 21> shelves_;
  std::size_t spare_ = 0;
};

}  // namespace drawbridge::core
