// Waiting for input on two streams at once, for a coroutine that stands between two who may speak
// in any order (a client and the backend that it logs in at):
//
//   auto side = co_await either_readable(client, backend, deadline);   // IoResult<Side>
//
// Input includes the end of a stream and errors: the read that follows tells. Nothing is read here.
#pragma once

#include <cstdint>

#include "net/stream.hpp"

namespace drawbridge::net {

enum class Side : std::uint8_t { first, second };

class EitherReadable final : public Wait {
 public:
  EitherReadable(StreamSocket& first, StreamSocket& second, TimePoint deadline);
  ~EitherReadable();
  bool await_ready();
  template <class P>
  bool await_suspend(std::coroutine_handle<P> who) {
    return begin() && suspend(who, who.promise().control, deadline_);
  }
  IoResult<Side> await_resume();

 private:
  friend class StreamSocket;
  bool begin();
  bool has_input(StreamSocket& socket, Side side);
  void ready(const StreamSocket& socket, std::uint32_t events);
  // One of the two goes before the wait does.
  void lost(const StreamSocket& socket);
  void leave();

  StreamSocket* first_;
  StreamSocket* second_;
  TimePoint deadline_;
  IoResult<Side> result_ = Side::first;
};

// Both streams must be of one worker, and nobody else may be reading them. When both have input,
// the first is named. Errors: timed_out, cancelled.
[[nodiscard]] EitherReadable either_readable(Stream& first, Stream& second, TimePoint deadline);

}  // namespace drawbridge::net
