// Connecting to a backend.
#pragma once

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "net/socket_options.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace drawbridge::net {

struct DialOptions {
  SocketOptions socket = {};
};

// Errors: refused, unreachable, timed_out, reset, no_descriptors, cancelled, failed; always
// Fault::backend except for our own limits. A connection that succeeds at once (loopback) never
// touches epoll. Worker's thread.
Task<IoResult<Stream>> dial(Worker& worker, Endpoint to, DialOptions options, TimePoint deadline);

}  // namespace drawbridge::net
