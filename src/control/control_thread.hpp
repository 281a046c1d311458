// The control thread: one thread with one loop for everything that is not a player's bytes:
// configuration, files, DNS, HTTP, keepers, signals. Workers hand it functions and never wait for
// it; what it makes for them it posts back.
//
// "Control context" in the headers of this folder means: on the control thread, or on any one
// thread while the control thread does not run (before start(), after join()). So main() can build
// everything first and start the thread last.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>

#include "base/clock.hpp"
#include "control/job.hpp"

namespace drawbridge::control {

struct PendingTimer;
struct Loop;  // Boost.Asio's io_context; seen by the .cpp files of this layer only (loop.hpp)

// A function that waits for its time. Destroying or assigning over the handle cancels it; once
// cancelled in control context it is certain not to run. Control context only. May outlive its
// ControlThread.
class Timer {
 public:
  Timer() = default;
  Timer(Timer&& other) noexcept = default;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer() { cancel(); }

  void cancel();
  // Lets it run without anybody holding the handle; it then ends with its run or with the thread.
  void detach() { state_.reset(); }
  [[nodiscard]] bool pending() const;

 private:
  friend class ControlThread;
  explicit Timer(std::weak_ptr<PendingTimer> state) : state_(std::move(state)) {}
  std::weak_ptr<PendingTimer> state_;
};

class ControlThread {
 public:
  ControlThread();
  // Stops and joins. Objects that were built on this thread (Resolver, FileWatch, ...) must be gone
  // before; destroy them in control context.
  ~ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  void start();

  // Runs `job` on the control thread, in the order of posting. Any thread, also before start().
  // After stop() jobs are destroyed without being run.
  void post(Job job);

  // Runs `job` on the control thread and returns when it has run; at once when called on it, and
  // false, without having run it, when the thread has stopped. Not for workers, which must not
  // wait.
  bool run_and_wait(const std::function<void()>& job);

  // Calls `job` once after `delay` (never early). Control context.
  [[nodiscard]] Timer after(Duration delay, Job job);

  // Calls `handler(signal)` on the control thread for each of these signals (SIGTERM, SIGINT,
  // SIGHUP, SIGUSR2, ...) instead of their default action. One call a process at a time; the
  // default actions return with the thread's end. Children do not inherit anything. Control
  // context.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> handler);

  // Ends the loop after the job that runs now; timers and what is posted are dropped. Any thread;
  // idempotent.
  void stop();
  // Waits for the thread's end. Not on the control thread.
  void join();

  [[nodiscard]] bool is_current() const;

  [[nodiscard]] Loop& loop() { return *loop_; }

 private:
  std::unique_ptr<Loop> loop_;
};

}  // namespace drawbridge::control
