#include "net/wait.hpp"

#include <utility>

#include "net/worker.hpp"

namespace drawbridge::net {

Wait::~Wait() {
  settle();
}

bool Wait::suspend(std::coroutine_handle<> who, TaskControl* control, TimePoint deadline) {
  if (control != nullptr && control->cancelled_) {
    outcome_ = Outcome::cancelled;
    return false;
  }
  who_ = who;
  control_ = control;
  if (control_ != nullptr) control_->waiting_ = this;
  worker_.arm(*this, deadline);
  return true;
}

void Wait::finish(Outcome outcome) {
  outcome_ = outcome;
  settle();
  std::exchange(who_, nullptr).resume();
}

void Wait::finish_soon(Outcome outcome) {
  if (!waiting()) return;
  outcome_ = outcome;
  settle();
  worker_.next_turn(*this);
}

void Wait::on_turn() {
  std::exchange(who_, nullptr).resume();
}

void Wait::on_deadline() {
  if (waiting()) finish(Outcome::timed_out);
}

// Leaves the heap, the queue and the chain's control; the outcome stands.
void Wait::settle() {
  unqueue();
  worker_.disarm(*this);
  if (control_ != nullptr && control_->waiting_ == this) control_->waiting_ = nullptr;
}

void TaskControl::cancel() {
  cancelled_ = true;
  interrupt();
}

void TaskControl::interrupt() {
  if (waiting_ != nullptr) waiting_->cancel_wait();
}

}  // namespace drawbridge::net
