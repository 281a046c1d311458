// For the tests of this folder: connected sockets, a worker on a thread of its own that can be
// frozen, and blocking reads and writes that give up after ten seconds instead of hanging.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "base/bytes.hpp"
#include "base/ip.hpp"
#include "net/fd.hpp"
#include "net/pump.hpp"
#include "net/worker.hpp"

namespace drawbridge::net::testing {

struct Pair {
  Fd near;  // the test's end: blocking, with a ten second limit
  Fd far;   // the end that the worker gets: non-blocking
};

inline void set_patience(int fd, int seconds = 10) {
  const timeval limit{.tv_sec = seconds, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

struct Buffers {
  int near_receive = 0;  // SO_RCVBUF of the test's end, before connect; 0: the system's
  int far_send = 0;      // SO_SNDBUF of the worker's end
  int far_receive = 0;   // SO_RCVBUF of the worker's end
};

// A TCP connection over loopback.
inline Pair tcp_pair(Buffers buffers = {}) {
  const Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  EXPECT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  Fd near(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (buffers.near_receive > 0) {
    setsockopt(near.get(), SOL_SOCKET, SO_RCVBUF, &buffers.near_receive, sizeof(int));
  }
  EXPECT_EQ(connect(near.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  Fd far(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_TRUE(far.valid());
  if (buffers.far_send > 0) {
    setsockopt(far.get(), SOL_SOCKET, SO_SNDBUF, &buffers.far_send, sizeof(int));
  }
  if (buffers.far_receive > 0) {
    setsockopt(far.get(), SOL_SOCKET, SO_RCVBUF, &buffers.far_receive, sizeof(int));
  }
  set_patience(near.get());
  return {std::move(near), std::move(far)};
}

inline Pair unix_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  fcntl(ends[1], F_SETFL, fcntl(ends[1], F_GETFL) | O_NONBLOCK);
  set_patience(ends[0]);
  return {Fd(ends[0]), Fd(ends[1])};
}

inline bool send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}
inline bool send_all(int fd, std::string_view text) {
  return send_all(fd, as_bytes(text));
}

// Exactly `n` bytes, fewer only at the end of the stream or on an error.
inline std::string receive(int fd, std::size_t n) {
  std::string out(n, '\0');
  std::size_t got = 0;
  while (got < n) {
    const ssize_t k = recv(fd, out.data() + got, n - got, 0);
    if (k <= 0) break;
    got += static_cast<std::size_t>(k);
  }
  out.resize(got);
  return out;
}

// What a reader finds next: 'e' the end of the stream, 'r' a reset, 'd' data, '?' nothing within
// the patience.
inline char next_of(int fd) {
  char byte = 0;
  const ssize_t n = recv(fd, &byte, 1, MSG_PEEK);
  if (n > 0) return 'd';
  if (n == 0) return 'e';
  return errno == ECONNRESET || errno == EPIPE ? 'r' : '?';
}

// Closes with a reset, whatever is in flight.
inline void abort_connection(Fd fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

// Bytes that tell their position, so that a hole or a swap is seen.
inline ByteBuffer pattern(std::size_t n, std::uint64_t seed = 1) {
  ByteBuffer out(n);
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = static_cast<Byte>(((i + seed * 7919) * 0x9E3779B97F4A7C15U) >> 56);
  }
  return out;
}

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* dir = opendir("/proc/self/fd");
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count - 3;  // ".", "..", and the directory itself
}

// A worker on its own thread, from construction to destruction.
class RunningWorker {
 public:
  explicit RunningWorker(Worker::Options options = {.index = 0, .coalesce = {Coalesce::Mode::off}})
      : worker_(std::move(options)), thread_([this] { worker_.run(); }) {}
  ~RunningWorker() {
    thaw();
    worker_.stop();
    thread_.join();
  }
  RunningWorker(const RunningWorker&) = delete;
  RunningWorker& operator=(const RunningWorker&) = delete;

  Worker& operator*() { return worker_; }
  Worker* operator->() { return &worker_; }

  // Runs `f` on the worker and gives its result.
  template <class F>
  auto call(F f) {
    using R = decltype(f());
    std::promise<R> promise;
    auto result = promise.get_future();
    worker_.post([&promise, &f] {
      if constexpr (std::is_void_v<R>) {
        f();
        promise.set_value();
      } else {
        promise.set_value(f());
      }
    });
    return result.get();
  }
  // Until every event so far has been handled, and what it put on the ready list.
  void settle() {
    call([] {});
    call([] {});
  }

  // The worker does nothing until thaw(): what SIGSTOP does to the whole process.
  void freeze() {
    std::promise<void> frozen;
    auto reached = frozen.get_future();
    thaw_ = std::promise<void>();
    worker_.post([this, &frozen] {
      auto wait = thaw_.get_future();
      frozen.set_value();
      wait.wait();
    });
    reached.wait();
    frozen_ = true;
  }
  void thaw() {
    if (std::exchange(frozen_, false)) thaw_.set_value();
  }

 private:
  Worker worker_;
  std::promise<void> thaw_;
  bool frozen_ = false;
  std::thread thread_;
};

// Collects how relays end.
class Ends final : public RelayOwner {
 public:
  void on_relay_end(const RelayEnd& end) override { promise_.set_value(end); }
  RelayEnd wait() {
    auto end = promise_.get_future();
    if (end.wait_for(seconds(20)) != std::future_status::ready) {
      ADD_FAILURE() << "the relay did not end";
      return {};
    }
    return end.get();
  }

 private:
  std::promise<RelayEnd> promise_;
};

}  // namespace drawbridge::net::testing
