#include "base/siphash.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "base/random.hpp"

namespace drawbridge {
namespace {

// CPython hashes bytes with SipHash-1-3 too: these are hash(bytes(range(n))) of Python 3.11 with
// PYTHONHASHSEED=0, which makes the key zero.
TEST(SipHash, EqualsAnIndependentImplementation) {
  constexpr std::pair<std::size_t, std::uint64_t> vectors[] = {
      {1, 0x68a914128e01e473},  {7, 0x2f098ab0c751325a},  {8, 0xead411e67ebe2eea},
      {9, 0x75927f9d95124362},  {15, 0xf30eb725bb91c9ea}, {16, 0x8972188433a5c5b7},
      {63, 0x385d3e39e5f37359},
  };
  ByteBuffer bytes(64);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<Byte>(i);
  for (const auto& [length, hash] : vectors)
    EXPECT_EQ(siphash({0, 0}, ByteView(bytes).first(length)), hash) << length;
  EXPECT_EQ(siphash({0, 0}, as_bytes("mc.example.net")), 0x1239ce8b42942412);
}

TEST(SipHash, EachHalfOfTheKeyMatters) {
  const ByteView text = as_bytes("mc.example.net");
  EXPECT_NE(siphash({1, 0}, text), siphash({0, 0}, text));
  EXPECT_NE(siphash({0, 1}, text), siphash({0, 0}, text));
}

TEST(SipHash, AddressesOfBothFamiliesDiffer) {
  const IpAddress four = *IpAddress::parse("1.2.3.4");
  EXPECT_EQ(IpHash()(four), IpHash()(*IpAddress::parse("::ffff:1.2.3.4")));
  EXPECT_NE(IpHash()(four), IpHash()(*IpAddress::parse("102:304::")));
  EXPECT_NE(IpHash()(four), IpHash()(*IpAddress::parse("1.2.3.5")));
}

TEST(SipHash, TheProcessHasOneKey) {
  EXPECT_EQ(process_sip_key(), process_sip_key());
  EXPECT_NE(process_sip_key(), SipKey{});
}

TEST(Random, SystemBytesFillTheWholeSpan) {
  // Sixteen draws: that one position is zero in all of them by chance has probability 2^-128.
  ByteBuffer seen(33);
  for (int i = 0; i < 16; ++i) {
    ByteBuffer drawn(33);
    random_bytes(drawn);
    for (std::size_t j = 0; j < drawn.size(); ++j) seen[j] |= drawn[j];
  }
  for (std::size_t j = 0; j < seen.size(); ++j) EXPECT_NE(seen[j], 0) << j;
}

}  // namespace
}  // namespace drawbridge
