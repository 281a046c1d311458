// What every socket of a connection is told. Half-open and stalled ends are the kernel's work:
// keepalive finds a peer that left without FIN, TCP_USER_TIMEOUT one that no longer takes what we
// send. No timer of ours runs per connection.
//
// Each option is a system call, and keepalive a timer: 14 options were 6 % of a connection. So
// players' sockets inherit what is the same for all from the listening one, and what finds a dead
// end is set when a relay lasts. Before that the deadlines of set-up end what is dead.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace drawbridge::net {

struct SocketOptions {
  // Zero turns keepalive off. Whole seconds, at least one.
  Duration keepalive_time = seconds(30);
  Duration keepalive_interval = seconds(10);
  int keepalive_retries = 3;
  // Longest time that sent bytes stay unacknowledged, or a zero window stays closed; zero: the
  // kernel's own.
  Duration user_timeout = seconds(60);
};

// Sockets that are not TCP are left alone. An option that the kernel refuses is skipped: a
// connection without it is better than none.

// Keepalive and TCP_USER_TIMEOUT. At any time of a connection's life.
void apply_options(int fd, const SocketOptions& options);
// For a listening socket, whose accepted sockets inherit them: TCP_NODELAY and TCP_NOTSENT_LOWAT
// 128 KiB. The send buffer is left to autotuning (a fixed one caps distant players); what is
// limited is how much waits unsent in it (2.6 MB otherwise when a client stops reading).
void apply_listener_options(int fd);
// For sockets to backends, before connect: TCP_NODELAY; SO_RCVBUF 256 KiB, without which 18 MB pile
// up there when a client stalls; and no acknowledgement of its own for the handshake, since the
// first bytes follow at once and carry it.
void apply_backend_options(int fd);
// TCP_CONGESTION; an empty name is the system's default and costs nothing.
void apply_congestion(int fd, const std::string& name);

// Whether the kernel has this congestion control (and lets us use it): to warn once at start
// instead of per socket.
Result<> check_congestion(const std::string& name);

}  // namespace drawbridge::net
