// Waiting for a connection to be made; used by dial() only.
#pragma once

#include <sys/socket.h>

#include "net/stream.hpp"

namespace drawbridge::net {

// Where to connect to, as the kernel has it.
struct SocketAddress {
  sockaddr_storage raw{};
  socklen_t size = 0;
};

class ConnectWait final : public Wait {
 public:
  ConnectWait(Stream& stream, const SocketAddress& to, TimePoint deadline);
  ~ConnectWait();
  bool await_ready();
  template <class P>
  bool await_suspend(std::coroutine_handle<P> who) {
    return begin() && suspend(who, who.promise().control, deadline_);
  }
  IoResult<> await_resume();

 private:
  friend class StreamSocket;
  bool begin();
  bool step(std::uint32_t events);
  void ready(std::uint32_t events) {
    if (waiting() && step(events)) finish();
  }
  StreamSocket* socket_;
  SocketAddress to_;
  TimePoint deadline_;
  IoResult<> result_;
};

}  // namespace drawbridge::net
