// Pipes for splicing, shared by the process: at most 192 of 256 KiB, because an unprivileged user
// has 64 MiB of pipe pages in all (pipe-user-pages-soft, 16,384) and gets pipes of one or two pages
// beyond. Pipes follow busy flows, not connections: HAProxy and KJ do the same, and a pair a
// connection reaches that limit at 512 players.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "net/fd.hpp"

namespace drawbridge::net {

struct Pipe {
  Fd read;  // both non-blocking and close-on-exec
  Fd write;
  std::size_t capacity = 0;  // bytes
};

// Thread-safe.
class PipePool {
 public:
  struct Limits {
    std::size_t pipes = 192;
    std::size_t bytes = std::size_t{256} << 10;  // asked for; at least a quarter must be granted
  };
  PipePool() : PipePool(Limits{}) {}
  explicit PipePool(Limits limits) : limits_(limits) {}

  // An empty pipe, or null when the limit, the descriptors or the pipe pages are used up: callers
  // do without.
  std::unique_ptr<Pipe> borrow();
  void give_back(std::unique_ptr<Pipe> empty);
  // For one that still holds bytes nobody wants: it is closed.
  void discard(std::unique_ptr<Pipe> used);
  // Closes pipes that lay idle since the last call.
  void trim();
  // Open now, borrowed or idle.
  [[nodiscard]] std::size_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::unique_ptr<Pipe> make() const;

  const Limits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Pipe>> idle_;
  std::size_t least_idle_ = 0;  // since the last trim
  std::atomic<std::size_t> open_{0};
};

}  // namespace drawbridge::net
