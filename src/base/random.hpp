// Randomness: from the system for secrets and keys, a fast generator per thread for choices that
// need no secrecy.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace drawbridge {

// From getrandom(2): secrets, keys, tokens. Ends the process if the system has no randomness to
// give.
void random_bytes(ByteSpan out);
std::uint64_t random_u64();

// Jitter, load balancing, sampling: fast, per thread, predictable by nobody who matters.
std::uint64_t quick_random();
// Uniform in [0, bound); bound must not be 0.
std::uint32_t quick_random_below(std::uint32_t bound);

}  // namespace drawbridge
