// SipHash-1-3: a keyed hash, so that strangers who choose host names or addresses cannot aim at one
// bucket.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/ip.hpp"

namespace drawbridge {

using SipKey = std::array<std::uint64_t, 2>;

std::uint64_t siphash(const SipKey& key, ByteView bytes);

// For tables whose keys are addresses of strangers. The length is part of the hash, so an IPv4
// address and the IPv6 one that begins with the same bytes differ.
struct IpHash {
  std::size_t operator()(const IpAddress& address) const;
};

// A key from the system's generator, one a process.
const SipKey& process_sip_key();

}  // namespace drawbridge
