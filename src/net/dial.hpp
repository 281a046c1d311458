// Connecting to a backend.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace drawbridge::net {

// The socket has apply_backend_options(). The caller sends at once: until then the backend may not
// see that the connection is made (at most 200 ms). Errors: refused, unreachable, timed_out, reset,
// no_descriptors, cancelled, failed; always Fault::backend except for our own limits. A connection
// that succeeds at once (loopback) never touches epoll. Worker's thread.
Task<IoResult<Stream>> dial(Worker& worker, Endpoint to, TimePoint deadline);

// The same to a Unix socket. A full backlog there is an error at once (failed, EAGAIN): the kernel
// does not wait.
Task<IoResult<Stream>> dial_unix(Worker& worker, std::string path, TimePoint deadline);

}  // namespace drawbridge::net
