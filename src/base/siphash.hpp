// SipHash-1-3: a keyed hash, so that strangers who choose host names or addresses cannot aim at one
// bucket.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace drawbridge {

using SipKey = std::array<std::uint64_t, 2>;

std::uint64_t siphash(const SipKey& key, ByteView bytes);

// A key from the system's generator, one a process.
const SipKey& process_sip_key();

}  // namespace drawbridge
