// One value that another thread delivers to a coroutine (the control thread: an address, a verdict,
// a new server):
//
//   net::Later<Address> later(worker);
//   control.resolve(name, [give = later.resolver()](Address a) { give(a); });
//   auto address = co_await later.get(deadline);       // IoResult<Address>
//
// The resolver is copyable and callable from any thread; the first call counts, the others do
// nothing, and so does a call when nobody waits any more or the worker has ended. When the last
// copy goes without a call, the waiter gets `abandoned`: nobody waits for an answer that cannot
// come.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "net/mailbox.hpp"
#include "net/wait.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace detail {

// Worker's side and resolvers' side meet here. `answer` passes under the mutex, everything else is
// the worker's.
template <class T>
struct LaterState {
  std::mutex mutex;
  std::optional<IoResult<T>> answer;
  void (*wake)(void*) = nullptr;  // worker's thread: the coroutine that waits
  void* waiter = nullptr;
};

}  // namespace detail

template <class T>
class Resolver {
 public:
  void operator()(T value) const { ticket_->give(IoResult<T>(std::move(value))); }

 private:
  template <class>
  friend class Later;
  using State = detail::LaterState<T>;
  struct Ticket {
    Ticket(std::shared_ptr<State> s, std::shared_ptr<Mailbox> m)
        : state(std::move(s)), mailbox(std::move(m)) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() { give(std::unexpected(IoError{IoError::Kind::abandoned, Fault::proxy, 0})); }
    void give(IoResult<T> answer) {
      {
        const std::lock_guard lock(state->mutex);
        if (state->answer) return;
        state->answer.emplace(std::move(answer));
      }
      mailbox->post([held = state] {
        if (held->wake != nullptr) held->wake(held->waiter);
      });
    }
    std::shared_ptr<State> state;
    std::shared_ptr<Mailbox> mailbox;
  };
  explicit Resolver(std::shared_ptr<Ticket> ticket) : ticket_(std::move(ticket)) {}
  std::shared_ptr<Ticket> ticket_;
};

template <class T>
class Later {
 public:
  explicit Later(Worker& worker)
      : worker_(&worker), state_(std::make_shared<detail::LaterState<T>>()) {}
  Later(Later&&) noexcept = default;
  Later& operator=(Later&&) noexcept = default;

  // Call once and copy the result: each call makes a ticket of its own, and the first that goes
  // unused abandons.
  [[nodiscard]] Resolver<T> resolver() const {
    return Resolver<T>(std::make_shared<typename Resolver<T>::Ticket>(state_, worker_->mailbox()));
  }

  class GetWait final : public Wait {
   public:
    GetWait(Worker& worker, std::shared_ptr<detail::LaterState<T>> state, TimePoint deadline)
        : Wait(worker), state_(std::move(state)), deadline_(deadline) {}
    ~GetWait() {
      state_->wake = nullptr;
      state_->waiter = nullptr;
    }
    bool await_ready() { return answered(); }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> who) {
      // Before the look at the answer: one that comes after it is posted behind us and finds
      // `wake`.
      state_->waiter = this;
      state_->wake = [](void* self) { static_cast<GetWait*>(self)->arrived(); };
      if (answered()) return false;
      return suspend(who, who.promise().control, deadline_);
    }
    IoResult<T> await_resume() {
      {
        const std::lock_guard lock(state_->mutex);
        if (state_->answer) return std::move(*state_->answer);
      }
      const bool late = outcome() == Outcome::timed_out;
      return std::unexpected(
          IoError{late ? IoError::Kind::timed_out : IoError::Kind::cancelled, Fault::proxy, 0});
    }

   private:
    bool answered() {
      const std::lock_guard lock(state_->mutex);
      return state_->answer.has_value();
    }
    void arrived() {
      if (waiting()) finish();
    }
    std::shared_ptr<detail::LaterState<T>> state_;
    TimePoint deadline_;
  };

  // Errors: timed_out, cancelled, abandoned. Await it once.
  [[nodiscard]] GetWait get(TimePoint deadline) { return GetWait(*worker_, state_, deadline); }

 private:
  Worker* worker_;
  std::shared_ptr<detail::LaterState<T>> state_;
};

}  // namespace drawbridge::net
