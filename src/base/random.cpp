#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace drawbridge {

void random_bytes(ByteSpan out) {
  while (!out.empty()) {
    const ssize_t n = getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) std::abort();
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  random_bytes({reinterpret_cast<Byte*>(&value), sizeof value});
  return value;
}

Uuid random_uuid() {
  Uuid out;
  random_bytes(out.bytes);
  out.bytes[6] = static_cast<Byte>((out.bytes[6] & 0x0F) | 0x40);
  out.bytes[8] = static_cast<Byte>((out.bytes[8] & 0x3F) | 0x80);
  return out;
}

}  // namespace drawbridge
