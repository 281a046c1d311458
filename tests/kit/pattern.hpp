// Bytes that tell their position, so that a hole, a swap or a repeat is seen wherever it is.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace drawbridge::kit {

inline Byte pattern_at(std::uint64_t seed, std::uint64_t position) {
  return static_cast<Byte>(((position + 1) * (seed | 1) * 0x9E3779B97F4A7C15U) >> 56);
}

inline ByteBuffer pattern(std::size_t size, std::uint64_t seed = 1, std::uint64_t from = 0) {
  ByteBuffer out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = pattern_at(seed, from + i);
  return out;
}

}  // namespace drawbridge::kit
