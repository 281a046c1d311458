// What a suspended coroutine waits for: one object in its frame that ends by success, by a deadline
// or by a cancel, whichever comes first, and that leaves nothing behind when the frame is
// destroyed.
#pragma once

#include <coroutine>

#include "base/clock.hpp"
#include "net/io_error.hpp"
#include "net/task.hpp"
#include "net/turn.hpp"

namespace drawbridge::net {

class Worker;

class Wait : private Turn, private Timer {
 public:
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  // Resumes the coroutine with `cancelled`, in the next turn.
  void cancel_wait() { finish_soon(Outcome::cancelled); }

 protected:
  enum class Outcome : std::uint8_t { pending, done, timed_out, cancelled };

  explicit Wait(Worker& worker) : worker_(worker) {}
  ~Wait();

  // Call from await_suspend and return its result: false means "do not suspend", the chain is
  // cancelled already. `deadline` is absolute; no_deadline waits for ever.
  bool suspend(std::coroutine_handle<> who, TaskControl* control, TimePoint deadline);
  [[nodiscard]] bool waiting() const { return who_ != nullptr && outcome_ == Outcome::pending; }
  [[nodiscard]] Outcome outcome() const { return outcome_; }
  // Resumes now. `this` may be gone when it returns.
  void finish(Outcome outcome = Outcome::done);
  // Resumes in the next turn, for callers that must not be re-entered.
  void finish_soon(Outcome outcome);
  [[nodiscard]] Worker& worker() const { return worker_; }

 private:
  void on_turn() final;
  void on_deadline() final;
  void settle();

  Worker& worker_;
  std::coroutine_handle<> who_;
  TaskControl* control_ = nullptr;
  Outcome outcome_ = Outcome::pending;
};

}  // namespace drawbridge::net
