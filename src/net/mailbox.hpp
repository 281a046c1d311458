// The queue of functions posted to a worker. It outlives the worker in the hands of those who may
// still post, and drops what comes then.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "net/fd.hpp"
#include "net/unique_function.hpp"

namespace drawbridge::net {

class Mailbox {
 public:
  Mailbox();  // throws std::system_error without a descriptor for the eventfd

  // Any thread. False: the worker has ended, the function is dropped.
  bool post(UniqueFunction<void()> f);

  // --- The worker's side ---
  [[nodiscard]] int fd() const { return eventfd_.get(); }
  // Announces that the worker is about to block; false: something is queued, do not.
  bool prepare_to_sleep() {
    asleep_.store(true);
    if (!mail_.load()) [[likely]]
      return true;
    asleep_.store(false);
    return false;
  }
  void awake() { asleep_.store(false, std::memory_order_relaxed); }
  // Takes all that is queued, in order; reuses the memory of `out`, which must be empty.
  void take(std::vector<UniqueFunction<void()>>& out);
  [[nodiscard]] bool has_mail() const { return mail_.load(std::memory_order_acquire); }
  // Clears the eventfd after a wake-up.
  void drain_fd();
  // No more; destroys what is queued.
  void close();

 private:
  void wake();

  Fd eventfd_;
  std::atomic<bool> asleep_{false};
  std::atomic<bool> mail_{false};
  std::mutex mutex_;
  std::vector<UniqueFunction<void()>> queue_;
  bool closed_ = false;
};

}  // namespace drawbridge::net
