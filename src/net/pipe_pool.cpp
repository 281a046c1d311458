#include "net/pipe_pool.hpp"

#include <fcntl.h>

#include <algorithm>

namespace drawbridge::net {

namespace {

bool is_large(const std::unique_ptr<Pipe>& pipe) {
  return pipe->large;
}

}  // namespace

std::unique_ptr<Pipe> PipePool::borrow() {
  bool large = false;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto pipe = std::move(idle_.back());
      idle_.pop_back();
      least_idle_ = std::min(least_idle_, idle_.size());
      return pipe;
    }
    if (open_.load(std::memory_order_relaxed) >= limits_.pipes) return nullptr;
    open_.fetch_add(1, std::memory_order_relaxed);  // reserved before the system calls below
    large = large_open_ < limits_.large;
    if (large) ++large_open_;
  }
  auto pipe = make(large);
  if (!pipe) {
    const std::lock_guard lock(mutex_);
    open_.fetch_sub(1, std::memory_order_relaxed);
    if (large) --large_open_;
  }
  return pipe;
}

std::unique_ptr<Pipe> PipePool::make(bool large) const {
  const std::size_t wanted = large ? limits_.large_bytes : limits_.bytes;
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto pipe = std::make_unique<Pipe>(Pipe{Fd(ends[0]), Fd(ends[1]), 0, large});
  int bytes = fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(wanted));
  if (bytes < 0) bytes = fcntl(ends[1], F_GETPIPE_SZ);
  if (bytes < 0 || static_cast<std::size_t>(bytes) < limits_.bytes / 4) return nullptr;
  pipe->capacity = static_cast<std::size_t>(bytes);
  return pipe;
}

void PipePool::give_back(std::unique_ptr<Pipe> empty) {
  const std::lock_guard lock(mutex_);
  // Lent from the back: large ones first.
  idle_.insert(empty->large ? idle_.end() : idle_.begin(), std::move(empty));
}

void PipePool::discard(std::unique_ptr<Pipe> used) {
  const std::lock_guard lock(mutex_);
  if (used->large) --large_open_;
  open_.fetch_sub(1, std::memory_order_relaxed);
  used.reset();
}

void PipePool::trim() {
  std::vector<std::unique_ptr<Pipe>> closing;
  {
    const std::lock_guard lock(mutex_);
    // As many as never left the pool since the last trim; they are at the front, since borrowing
    // takes from the back.
    const auto unused = static_cast<std::ptrdiff_t>(std::min(least_idle_, idle_.size()));
    closing.assign(std::make_move_iterator(idle_.begin()),
                   std::make_move_iterator(idle_.begin() + unused));
    idle_.erase(idle_.begin(), idle_.begin() + unused);
    least_idle_ = idle_.size();
    large_open_ -= static_cast<std::size_t>(std::ranges::count_if(closing, &is_large));
    open_.fetch_sub(closing.size(), std::memory_order_relaxed);
  }
}

}  // namespace drawbridge::net
