// How much a client may cause: packets, and bytes that somebody has to inflate for it. Both are
// buckets that hold what is allowed in seven seconds and fill once a second, so that a burst of
// clicks or a chunk of a modpack's answers is no offence and a flood is one at once. No clock is
// read: the worker counts its seconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace drawbridge::core {

class ClientBudget {
 public:
  static constexpr std::int64_t window = 7;  // seconds

  // 0: no limit. `second`: the worker's count of seconds now.
  ClientBudget(std::uint32_t packets, std::uint64_t inflated, std::uint32_t second)
      : packets_(packets), inflated_(inflated), second_(second) {}

  // False: one of the two is used up.
  bool charge(std::uint64_t packets, std::uint64_t inflated, std::uint32_t second) {
    if (second != second_) refill(second);
    return packets_.take(packets) && inflated_.take(inflated);
  }

 private:
  struct Bucket {
    explicit Bucket(std::uint64_t per_second)
        : rate(static_cast<std::int64_t>(per_second)), left(rate * window) {}
    bool take(std::uint64_t count) {
      left -= static_cast<std::int64_t>(count);
      return rate == 0 || left >= 0;
    }
    void refill(std::int64_t seconds) {
      left = std::min(std::max<std::int64_t>(left, 0) + rate * seconds, rate * window);
    }
    std::int64_t rate;
    std::int64_t left;
  };

  void refill(std::uint32_t second) {
    const std::int64_t passed = std::min<std::int64_t>(second - second_, window);
    second_ = second;
    packets_.refill(passed);
    inflated_.refill(passed);
  }

  Bucket packets_;
  Bucket inflated_;
  std::uint32_t second_;
};

}  // namespace drawbridge::core
