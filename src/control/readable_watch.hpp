// Tells when somebody's descriptor can be read (a pipe from a process, a pidfd). For parts that
// bring descriptors of their own to the control thread.
#pragma once

#include <functional>
#include <memory>

#include "control/control_thread.hpp"

namespace drawbridge::control {

// Control context. Destroying the handle ends it; the callback is then certain not to run any more.
class ReadableWatch {
 public:
  ReadableWatch() = default;
  // Calls `on_readable` once, when `fd` can be read or has ended; watch anew for the next time. The
  // descriptor stays the caller's and may be closed any time. Without descriptors left it never
  // calls.
  ReadableWatch(ControlThread& control, int fd, std::function<void()> on_readable);
  ReadableWatch(ReadableWatch&&) noexcept = default;
  ReadableWatch& operator=(ReadableWatch&& other) noexcept;
  ~ReadableWatch() { release(); }
  void release();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace drawbridge::control
