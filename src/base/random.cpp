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

std::uint64_t quick_random() {
  // splitmix64 over a per-thread counter with a random start.
  thread_local std::uint64_t state = random_u64();
  std::uint64_t z = state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

std::uint32_t quick_random_below(std::uint32_t bound) {
  return static_cast<std::uint32_t>((quick_random() >> 32) * bound >> 32);
}

}  // namespace drawbridge
