// Coroutines for setting connections up: lazy, owned, no exceptions. `co_await task` runs the
// callee at once and transfers back symmetrically, so that a chain of any depth needs no stack.
// Frames come from the thread's set-up slab.
//
// Rules (docs/coroutines.md has the reasons): plain named functions, arguments by value, and
// nothing but `auto x = co_await f(a);` - never inside a condition, never with temporaries beside
// it.
//
// A chain of awaits has one TaskControl, made by Worker::spawn and inherited by everything that the
// first coroutine awaits. Cancelling it wakes the innermost wait with IoError::cancelled, and fails
// every later one at once; the chain unwinds by ordinary returns. All of it on one worker's thread.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "net/slab.hpp"

namespace drawbridge::net {

class Wait;
class Worker;
template <class T>
class Task;

// Where a chain of coroutines is, and the way to end it from outside. Lives until its first
// coroutine has ended.
class TaskControl {
 public:
  // Wakes what the chain waits for, in the worker's next turn. Callable more than once.
  void cancel();
  // Wakes what the chain waits for with `cancelled`, in the worker's next turn, and nothing else:
  // for a chain that knows why, and goes on. It must be waiting for something that may end so.
  void interrupt();
  [[nodiscard]] bool cancelled() const { return cancelled_; }

 private:
  friend class Wait;
  friend class Worker;
  TaskControl() = default;
  TaskControl(const TaskControl&) = delete;
  TaskControl& operator=(const TaskControl&) = delete;
  Wait* waiting_ = nullptr;
  bool cancelled_ = false;
};

namespace detail {

struct PromiseCommon {
  std::coroutine_handle<> continuation;
  TaskControl* control = nullptr;
  void (*on_end)(TaskControl*) = nullptr;  // set for the first coroutine of a chain only

  static void* operator new(std::size_t bytes) { return setup_allocate(bytes); }
  static void operator delete(void* frame, std::size_t bytes) { setup_release(frame, bytes); }

  struct End {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> ended) noexcept {
      PromiseCommon& promise = ended.promise();
      if (promise.continuation) return promise.continuation;
      // The frame is not destroyed here, inside its own suspension: on_end puts it on a list.
      if (promise.on_end != nullptr) promise.on_end(promise.control);
      return std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  End final_suspend() noexcept { return {}; }
  // An exception here is a bug or a machine without memory; both end the process where they happen.
  void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseCommon {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseCommon {
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_.destroy();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  auto operator co_await() && noexcept { return Awaiter{frame_}; }

 private:
  struct Awaiter {
    std::coroutine_handle<promise_type> callee;
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> caller) noexcept {
      callee.promise().continuation = caller;
      callee.promise().control = caller.promise().control;
      return callee;
    }
    T await_resume() { return callee.promise().take(); }
  };

  friend promise_type;
  friend class Worker;
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

namespace detail {
struct ThisTask {
  TaskControl* control = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> caller) noexcept {
    control = caller.promise().control;
    return false;
  }
  TaskControl& await_resume() const noexcept { return *control; }
};
}  // namespace detail

// `TaskControl& me = co_await this_task();` - for whoever shall be able to end this chain.
inline detail::ThisTask this_task() {
  return {};
}

}  // namespace drawbridge::net
