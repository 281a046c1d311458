// Wake coalescing: after a turn with traffic the worker sleeps out a slot, so that packets are
// moved in batches, as a network card moderates its interrupts. Slots of 1 ms halve the CPU per
// packet at 10,000 packets a second and cost half a millisecond on average, against a game tick
// of 50. A post, an accept or a deadline ends a slot at once.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"

namespace drawbridge::net {

struct Coalesce {
  enum class Mode : std::uint8_t { off, automatic, fixed };
  Mode mode = Mode::automatic;
  Duration slot = milliseconds(1);  // fixed: 50 us .. 5 ms
};

// The slot of `automatic`: only under load, at most 1 ms. From 8,000 events a second on it grows by
// 1 ms per 16,000; below 50 us it would not be worth its system call. A worker with less to do has
// the CPU to be prompt.
class LoadMeter {
 public:
  static constexpr Duration longest = milliseconds(1);
  static constexpr Duration shortest = microseconds(50);
  static constexpr double from = 8'000;
  static constexpr double span = 16'000;
  // So many turns are measured at once, so that the clock is read rarely.
  static constexpr std::uint32_t window = 32;

  explicit LoadMeter(TimePoint now) : start_(now) {}

  // One turn's events. True: the window is full, call measure().
  bool note(int events) {
    events_ += static_cast<std::uint32_t>(events);
    return ++turns_ >= window;
  }
  void measure(TimePoint now) {
    const double passed = std::chrono::duration<double>(now - start_).count();
    const double rate = passed > 0 ? events_ / passed : 0;
    slot_ =
        std::chrono::duration_cast<Duration>(longest * std::clamp((rate - from) / span, 0.0, 1.0));
    if (slot_ < shortest) slot_ = Duration::zero();
    start_ = now;
    turns_ = events_ = 0;
  }
  [[nodiscard]] Duration slot() const { return slot_; }

 private:
  TimePoint start_;
  Duration slot_{0};
  std::uint32_t turns_ = 0;
  std::uint32_t events_ = 0;
};

}  // namespace drawbridge::net
