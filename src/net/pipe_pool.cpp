#include "net/pipe_pool.hpp"

#include <fcntl.h>

#include <algorithm>

namespace drawbridge::net {

std::unique_ptr<Pipe> PipePool::borrow() {
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
  }
  auto pipe = make();
  if (!pipe) open_.fetch_sub(1, std::memory_order_relaxed);
  return pipe;
}

std::unique_ptr<Pipe> PipePool::make() const {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto pipe = std::make_unique<Pipe>(Pipe{Fd(ends[0]), Fd(ends[1]), 0});
  int bytes = fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(limits_.bytes));
  if (bytes < 0) bytes = fcntl(ends[1], F_GETPIPE_SZ);
  if (bytes < 0 || static_cast<std::size_t>(bytes) < limits_.bytes / 4) return nullptr;
  pipe->capacity = static_cast<std::size_t>(bytes);
  return pipe;
}

void PipePool::give_back(std::unique_ptr<Pipe> empty) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(empty));
}

void PipePool::discard(std::unique_ptr<Pipe> used) {
  used.reset();
  open_.fetch_sub(1, std::memory_order_relaxed);
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
    open_.fetch_sub(closing.size(), std::memory_order_relaxed);
  }
}

}  // namespace drawbridge::net
