// A non-blocking stream socket for coroutines that set a connection up. Every operation is tried
// first; the socket is registered with epoll only when it must wait, which a client that has
// already sent its hello never needs. One operation at a time; one worker's thread. The awaitables
// allocate nothing.
#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "net/fd.hpp"
#include "net/io_error.hpp"
#include "net/wait.hpp"

namespace drawbridge::net {

class EitherReadable;
class Worker;
class StreamSocket;  // the part that epoll knows, in the worker's set-up slab

class ReadWait final : public Wait {
 public:
  ReadWait(StreamSocket& socket, ByteSpan into, TimePoint deadline);
  ~ReadWait();
  bool await_ready();
  template <class P>
  bool await_suspend(std::coroutine_handle<P> who) {
    return begin() && suspend(who, who.promise().control, deadline_);
  }
  IoResult<std::size_t> await_resume();

 private:
  friend class StreamSocket;
  bool begin();  // registers; false: failed, with the error kept
  bool step();   // true: finished, one way or the other
  void ready() {
    if (waiting() && step()) finish();
  }
  StreamSocket* socket_;  // null when the stream went first
  Fault end_;
  ByteSpan into_;
  TimePoint deadline_;
  IoResult<std::size_t> result_{0};
};

class WriteWait final : public Wait {
 public:
  WriteWait(StreamSocket& socket, ByteView from, TimePoint deadline);
  ~WriteWait();
  bool await_ready();
  template <class P>
  bool await_suspend(std::coroutine_handle<P> who) {
    return begin() && suspend(who, who.promise().control, deadline_);
  }
  IoResult<> await_resume();

 private:
  friend class StreamSocket;
  bool begin();
  bool step();
  void ready() {
    if (waiting() && step()) finish();
  }
  StreamSocket* socket_;
  Fault end_;
  ByteView from_;
  TimePoint deadline_;
  IoResult<> result_;
};

class Stream {
 public:
  Stream() = default;  // holds nothing
  // `end` is whose fault an error on this socket is: Fault::client or Fault::backend.
  Stream(Worker& worker, Fd fd, Fault end);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();  // closes at once; see finish()

  [[nodiscard]] bool valid() const { return socket_ != nullptr; }
  [[nodiscard]] int fd() const;

  // `auto n = co_await stream.read_some(space, deadline);` What is there, at least one byte; 0 is
  // the end of the stream. Errors: timed_out, reset, cancelled, failed. `space` must stay where it
  // is until then.
  [[nodiscard]] ReadWait read_some(ByteSpan space, TimePoint deadline);
  // All of it, or an error; how much was sent before an error is not told.
  [[nodiscard]] WriteWait write_all(ByteView bytes, TimePoint deadline);

  // Wakes whoever awaits here with `cancelled` (in the next turn); later operations fail at once.
  void cancel();
  // Hands the descriptor over (to the pump); nothing of the stream remains registered.
  [[nodiscard]] Fd release();
  // The polite end after a kick or a status: sends FIN, then reads and discards up to 16 KiB or 1
  // s, then closes. A plain close with unread input makes the kernel send RST, and the player sees
  // "connection reset" instead of our words. Runs by itself on the worker; the stream is empty at
  // once.
  void finish();

 private:
  friend class ConnectWait;
  friend EitherReadable either_readable(Stream& first, Stream& second, TimePoint deadline);
  StreamSocket* socket_ = nullptr;
};

// The same end for a descriptor that is no Stream (a relay's client).
void finish_politely(Worker& worker, Fd fd);

}  // namespace drawbridge::net
