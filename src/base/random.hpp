// Randomness from the system, for secrets and keys.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/uuid.hpp"

namespace drawbridge {

// From getrandom(2): secrets, keys, tokens. Ends the process if the system has no randomness to
// give.
void random_bytes(ByteSpan out);
std::uint64_t random_u64();
// Version 4.
Uuid random_uuid();

}  // namespace drawbridge
