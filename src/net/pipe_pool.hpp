// Pipes for splicing, shared by the process: 16 of 1 MiB and 176 of 256 KiB, together 60 MiB,
// because an unprivileged user has 64 MiB of pipe pages in all (pipe-user-pages-soft, 16,384) and
// gets pipes of one or two pages beyond. A large pipe moves 1.2 times the bytes of a small one for
// the same CPU (bench suite bulk), and few flows are in bulk at once. Pipes follow busy flows, not
// connections: a pair a connection would reach that limit at 512 players.
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
  bool large = false;        // counts as one of Limits::large
};

// Thread-safe.
class PipePool {
 public:
  struct Limits {
    std::size_t pipes = 192;  // large ones included
    std::size_t large = 16;   // the first so many; idle ones of them are lent first
    std::size_t large_bytes = std::size_t{1} << 20;
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
  [[nodiscard]] std::unique_ptr<Pipe> make(bool large) const;

  const Limits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Pipe>> idle_;
  std::size_t least_idle_ = 0;  // since the last trim
  std::size_t large_open_ = 0;
  std::atomic<std::size_t> open_{0};
};

}  // namespace drawbridge::net
