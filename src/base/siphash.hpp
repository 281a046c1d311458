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

// Of an address: an IPv4 one and the IPv6 one with the same bytes differ.
std::uint64_t siphash(const SipKey& key, const IpAddress& address);

// For tables whose keys are addresses of strangers.
struct IpHash {
  std::size_t operator()(const IpAddress& address) const;
};

// A key from the system's generator, one a process.
const SipKey& process_sip_key();

}  // namespace drawbridge
