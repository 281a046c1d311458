// The part of a Stream that epoll knows: at a fixed address, in set-up memory, outliving the Stream
// only while a polite end is under way. Internal to net/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.hpp"
#include "net/fd.hpp"
#include "net/io_error.hpp"
#include "net/slab.hpp"
#include "net/turn.hpp"

namespace drawbridge::net {

class ConnectWait;
class EitherReadable;
class ReadWait;
class Worker;
class WriteWait;

class StreamSocket final : public Pollable, private Timer {
 public:
  StreamSocket(Worker& worker, Fd fd, Fault end) : worker_(worker), fd_(std::move(fd)), end_(end) {}
  ~StreamSocket();

  static void* operator new(std::size_t bytes) { return setup_allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) { setup_release(p, bytes); }

  [[nodiscard]] Worker& worker() const { return worker_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] Fault end() const { return end_; }
  [[nodiscard]] bool cancelled() const { return cancelled_; }

  // Registers with epoll unless that is done. The first event tells what was ready before.
  IoResult<> watch();
  void cancel();
  Fd release();
  // Owns itself from here on.
  void finish();
  void close();  // ends a polite end at once

 private:
  friend class ConnectWait;
  friend class EitherReadable;
  friend class ReadWait;
  friend class WriteWait;
  void on_events(unsigned slot, std::uint32_t events) override;
  void on_deadline() override { close(); }
  // False: over, the socket is closed and gone.
  bool discard_input();
  void drop_waits();

  Worker& worker_;
  Fd fd_;
  Fault end_;
  bool watched_ = false;
  bool cancelled_ = false;
  bool finishing_ = false;
  // At most one of them is set.
  ReadWait* reading_ = nullptr;
  WriteWait* writing_ = nullptr;
  ConnectWait* connecting_ = nullptr;
  EitherReadable* either_ = nullptr;
  // In the worker's list of polite ends.
  StreamSocket* prev_ = nullptr;
  StreamSocket* next_ = nullptr;
  std::size_t discarded_ = 0;
};

}  // namespace drawbridge::net
