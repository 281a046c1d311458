// Deadlines of one worker: a binary heap of (time, timer) pairs; a timer knows its place, so that
// it can be moved or taken out. Past set-up nothing has a deadline of its own, so the heap is as
// small as the number of log-ins.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.hpp"
#include "net/turn.hpp"

namespace drawbridge::net {

class TimerHeap {
 public:
  // Arms, or moves; no_deadline disarms.
  void arm(Timer& timer, TimePoint when);
  void disarm(Timer& timer);
  // When the next one is due; no_deadline when there is none.
  [[nodiscard]] TimePoint next() const { return heap_.empty() ? no_deadline : heap_.front().when; }
  // Takes out and calls whatever is due. A timer armed meanwhile for a time not after `now` waits
  // for the next call.
  void run(TimePoint now);
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    TimePoint when;
    Timer* timer;
  };
  void place(std::size_t index, Entry entry);
  void up(std::size_t index, Entry entry);
  void down(std::size_t index, Entry entry);
  void remove(std::size_t index);

  std::vector<Entry> heap_;
};

}  // namespace drawbridge::net
