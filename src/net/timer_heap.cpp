#include "net/timer_heap.hpp"

namespace drawbridge::net {

void TimerHeap::arm(Timer& timer, TimePoint when) {
  if (when == no_deadline) return disarm(timer);
  if (!timer.armed()) {
    heap_.push_back({when, &timer});
    return up(heap_.size() - 1, {when, &timer});
  }
  const std::size_t index = timer.index_;
  if (when < heap_[index].when) {
    up(index, {when, &timer});
  } else {
    down(index, {when, &timer});
  }
}

void TimerHeap::disarm(Timer& timer) {
  if (timer.armed()) remove(timer.index_);
}

void TimerHeap::run(TimePoint now) {
  // Those that arm themselves again for "at once" must not keep us here: only as many as were due
  // at the start.
  std::size_t at_most = heap_.size();
  while (at_most-- > 0 && !heap_.empty() && heap_.front().when <= now) {
    Timer* timer = heap_.front().timer;
    remove(0);
    timer->on_deadline();
  }
}

void TimerHeap::remove(std::size_t index) {
  heap_[index].timer->index_ = Timer::unarmed;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && last.when < heap_[(index - 1) / 2].when) {
    up(index, last);
  } else {
    down(index, last);
  }
}

void TimerHeap::place(std::size_t index, Entry entry) {
  heap_[index] = entry;
  entry.timer->index_ = static_cast<std::uint32_t>(index);
}

void TimerHeap::up(std::size_t index, Entry entry) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent].when <= entry.when) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerHeap::down(std::size_t index, Entry entry) {
  for (;;) {
    std::size_t child = index * 2 + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
    if (entry.when <= heap_[child].when) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

}  // namespace drawbridge::net
