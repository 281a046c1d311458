#include "net/mailbox.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

namespace drawbridge::net {

Mailbox::Mailbox() : eventfd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!eventfd_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

bool Mailbox::post(UniqueFunction<void()> f) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    queue_.push_back(std::move(f));
    // Pairs with prepare_to_sleep: either the worker sees the mail, or we see it asleep (both
    // sequentially consistent).
    mail_.store(true);
  }
  if (asleep_.exchange(false)) wake();
  return true;
}

void Mailbox::wake() {
  // The descriptor lives as long as this mailbox, worker or not. EAGAIN would mean a wake-up is on
  // its way already.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(eventfd_.get(), &one, sizeof one);
}

void Mailbox::take(std::vector<UniqueFunction<void()>>& out) {
  const std::lock_guard lock(mutex_);
  mail_.store(false, std::memory_order_relaxed);
  out.swap(queue_);
}

void Mailbox::drain_fd() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(eventfd_.get(), &count, sizeof count);
}

void Mailbox::close() {
  std::vector<UniqueFunction<void()>> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(queue_);
  }
}

}  // namespace drawbridge::net
