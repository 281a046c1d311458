// The three things that the worker's loop can call, one virtual function each: an event on a
// descriptor, a piece of work that waits its turn, a deadline. An object inherits those that it
// needs; the loop owns none of them. All of it belongs to one worker's thread.
#pragma once

#include <cstdint>
#include <limits>

namespace drawbridge::net {

// Receives the events of up to eight descriptors, told apart by `slot`. The address must not change
// while watched.
class alignas(8) Pollable {
 public:
  virtual void on_events(unsigned slot, std::uint32_t events) = 0;

 protected:
  Pollable() = default;
  ~Pollable() = default;
  Pollable(const Pollable&) = delete;
  Pollable& operator=(const Pollable&) = delete;
};

// Stands in at most one of the worker's queues: the ready list (next turn) or the end of this turn.
// Leaves the queue by itself when it is destroyed.
class Turn {
 public:
  virtual void on_turn() = 0;
  [[nodiscard]] bool queued() const { return next_ != nullptr; }
  void unqueue() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 protected:
  Turn() = default;
  ~Turn() { unqueue(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  friend class TurnQueue;
  Turn* prev_ = nullptr;
  Turn* next_ = nullptr;
};

class TurnQueue {
 public:
  TurnQueue() = default;
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
  // Nothing happens to one that is queued already, here or elsewhere.
  void push(Turn& turn) {
    if (turn.next_ != nullptr) return;
    turn.prev_ = head_.prev_;
    turn.next_ = &head_;
    head_.prev_->next_ = &turn;
    head_.prev_ = &turn;
  }
  // Takes all of `from`, which must not be this one; this queue must be empty.
  void take(TurnQueue& from) {
    if (from.empty()) return;
    head_.next_ = from.head_.next_;
    head_.prev_ = from.head_.prev_;
    head_.next_->prev_ = &head_;
    head_.prev_->next_ = &head_;
    from.head_.next_ = from.head_.prev_ = &from.head_;
  }
  // Runs those that stand here now; what they push waits for the next call. Any of them may destroy
  // any other.
  void run() {
    TurnQueue now;
    now.take(*this);
    while (!now.empty()) {
      Turn* first = now.head_.next_;
      first->unqueue();
      first->on_turn();
    }
  }

 private:
  struct Head final : Turn {
    Head() { next_ = prev_ = this; }
    ~Head() { next_ = prev_ = nullptr; }
    void on_turn() override {}
    using Turn::next_;
    using Turn::prev_;
  };
  Head head_;
};

// A deadline in the worker's heap. Leaves the heap by Worker::disarm, which every owner calls
// before it goes.
class Timer {
 public:
  virtual void on_deadline() = 0;
  [[nodiscard]] bool armed() const { return index_ != unarmed; }

 protected:
  Timer() = default;
  ~Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  friend class TimerHeap;
  static constexpr std::uint32_t unarmed = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t index_ = unarmed;
};

}  // namespace drawbridge::net
