// A blocking TCP connection for tests: every wait ends at a deadline and fails the test with what
// was expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "net/fd.hpp"

namespace drawbridge::kit {

// Long enough for a loaded machine under a sanitizer; a test that waits this long has failed.
inline constexpr Duration patience = seconds(20);

// `condition()` becomes true within `patience`; false otherwise.
template <typename Condition>
bool eventually(Condition condition, Duration limit = patience);

class Wire {
 public:
  Wire() = default;
  explicit Wire(net::Fd fd) : fd_(std::move(fd)) {}
  // Connects; `from` binds the client's end first (127.0.0.5 tells sources apart on loopback).
  static Wire connect(const Endpoint& to, std::optional<IpAddress> from = std::nullopt);

  [[nodiscard]] bool open() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] Endpoint local() const;
  [[nodiscard]] Endpoint remote() const;

  // False if the other end is gone.
  bool send(ByteView bytes);
  bool send(std::string_view bytes) { return send(as_bytes(bytes)); }
  // One segment a byte (TCP_NODELAY is on).
  bool send_byte_by_byte(ByteView bytes);
  // Exactly this many bytes, or what came until the end of the stream or the deadline.
  ByteBuffer receive(std::size_t count);
  // Everything until the end of the stream; nothing if it did not end in time.
  std::optional<ByteBuffer> receive_all(Duration limit = patience);
  // The body of the next frame (VarInt length); nothing at the end of the stream, or if it did not
  // come.
  std::optional<ByteBuffer> receive_frame();
  // Whether the stream ends (FIN or RST) before anything else comes.
  bool ends(Duration limit = patience);
  // Whether it ends by a FIN before anything else comes: nothing that was sent got lost.
  bool closes(Duration limit = patience);
  // Whether it ends by a reset.
  bool resets(Duration limit = patience);
  // Nothing comes and it does not end for this long.
  bool stays_quiet(Duration time);
  void half_close();  // FIN, still reading
  void reset();       // RST
  void close() { fd_.reset(); }

 private:
  enum class Wait : std::uint8_t { ready, ended, late };
  Wait wait_readable(TimePoint deadline) const;
  std::optional<std::size_t> read_into(ByteSpan space, TimePoint deadline);

  net::Fd fd_;
  ByteBuffer pushed_back_;  // received but not used yet
};

// A listening socket on loopback, port chosen by the system. Accepts only when the test asks: no
// thread.
class Harbour {
 public:
  explicit Harbour(const std::string& address = "127.0.0.1", int backlog = 128,
                   std::uint16_t port = 0);
  [[nodiscard]] Endpoint endpoint() const { return endpoint_; }
  [[nodiscard]] std::string address() const { return endpoint_.text(); }
  // The next connection; an unopened Wire if none came in time.
  Wire accept(Duration limit = patience);
  void close() { fd_.reset(); }

 private:
  net::Fd fd_;
  Endpoint endpoint_;
};

}  // namespace drawbridge::kit

#include <thread>

namespace drawbridge::kit {

template <typename Condition>
bool eventually(Condition condition, Duration limit) {
  const TimePoint end = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() >= end) return false;
    std::this_thread::yield();
    std::this_thread::sleep_for(milliseconds(2));  // a poll's pace, not a guess about time
  }
  return true;
}

}  // namespace drawbridge::kit
