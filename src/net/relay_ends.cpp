// How a relay ends, and what it holds on the way there: ends that are carried over, sockets that
// fail, bytes that a full sink leaves behind, and the sweep that looks after all of these once a
// second. Nothing here runs for a packet that goes through at once; that is relay.cpp.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/relay.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace {

constexpr std::uint8_t half_open_seconds = 60;
constexpr std::uint8_t failed_seconds = 10;

}  // namespace

// --- Ends ---

void Relay::source_ended(Side from, int error) {
  Flow& flow = flows_[from];
  flow.readable = false;
  flow.ended = true;
  calm_ = false;
  if (error != 0) {
    side_failed(from, error);
  } else {
    note(from == client ? RelayEndReason::client_closed : RelayEndReason::backend_closed);
  }
}

// Not for a source that failed: its FIN would be a lie. end() resets the backend, or ends the
// client politely.
void Relay::carry_end_over(Side from) {
  Flow& flow = flows_[from];
  if (flow.shut) return;
  flow.shut = true;
  // Where the other flow is through, end() closes both sockets at once: a FIN of its own would be
  // one system call for nothing.
  if (failed_[from] || flows_[other(from)].finished()) return;
  if (shutdown(fds_[other(from)].get(), SHUT_WR) != 0) side_failed(other(from), errno);
}

// A socket is beyond use. Nothing can be sent to it any more; what it had sent before is still read
// and carried over.
void Relay::side_failed(Side side, int error) {
  const bool timeout = error == ETIMEDOUT;
  if (side == client) {
    note(timeout ? RelayEndReason::client_timeout : RelayEndReason::client_reset);
  } else {
    note(timeout ? RelayEndReason::backend_timeout : RelayEndReason::backend_reset);
  }
  failed_[side] = true;
  kill_flow(other(side));
  flows_[side].readable = !flows_[side].ended;
  flows_[side].to_end = true;
  changed_ = true;
  calm_ = false;
}

void Relay::kill_flow(Side from) {
  Flow& flow = flows_[from];
  flow.dead = true;
  flow.blocked = false;
  drop_stalled(flow);
  if (flow.in_pipe > 0) {
    pump_.pipe_pool_->discard(std::move(flow.pipe));
    flow.in_pipe = 0;
  } else {
    pump_.return_pipe(std::move(flow.pipe));
  }
}

void Relay::end(RelayEndReason why) {
  if (over_) return;
  over_ = true;
  note(why);
  kill_flow(client);
  kill_flow(backend);
  unqueue();
  pump_.worker_.forget(*this);
  // A client that has not closed may have sent what we never read; closing on top of that resets
  // it, and the last words are lost.
  const bool client_left = flows_[client].ended || failed_[client];
  close_backend();
  if (watched_[client]) pump_.worker_.unwatch(fds_[client].get());
  if (client_left) {
    fds_[client].reset();
  } else {
    finish_politely(pump_.worker_, std::move(fds_[client]));
  }
  pump_.ended(*this);
  if (owner_ != nullptr) owner_->on_relay_end({id_, counters(), why_, started_});
}

// A reset is passed on as a reset, if the backend has taken all that the client had sent; as a FIN
// behind it if not.
void Relay::close_backend() {
  int unsent = 0;
  if (failed_[client] && !failed_[backend] && ioctl(fds_[backend].get(), SIOCOUTQ, &unsent) == 0 &&
      unsent == 0) {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    setsockopt(fds_[backend].get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  if (watched_[backend]) pump_.worker_.unwatch(fds_[backend].get());
  fds_[backend].reset();
}

void Relay::say_to_client(ByteView words) {
  Flow& flow = flows_[backend];
  if (words.empty() || flow.dead || flow.shut) return;
  flow.blocked = false;
  if (flow.holds_bytes() && !flush(backend)) return;
  while (!words.empty()) {
    const ssize_t n = send(fds_[client].get(), words.data(), words.size(), MSG_NOSIGNAL);
    if (n < 0) return;
    account(backend, static_cast<std::size_t>(n));
    words = words.subspan(static_cast<std::size_t>(n));
  }
}

// --- Memory of a flow whose sink is full ---

void Relay::stash(Flow& flow, ByteView bytes) {
  if (bytes.empty()) return;
  flow.stalled = std::make_unique_for_overwrite<Byte[]>(bytes.size());
  std::memcpy(flow.stalled.get(), bytes.data(), bytes.size());
  flow.stalled_from = 0;
  flow.stalled_to = static_cast<std::uint32_t>(bytes.size());
  pump_.note_stalled(static_cast<std::int64_t>(bytes.size()));
}

void Relay::drop_stalled(Flow& flow) {
  if (!flow.stalled) return;
  pump_.note_stalled(-static_cast<std::int64_t>(flow.stalled_to - flow.stalled_from));
  flow.stalled.reset();
  flow.stalled_from = flow.stalled_to = 0;
}

void Relay::pipe_to_memory(Side from) {
  Flow& flow = flows_[from];
  auto memory = std::make_unique_for_overwrite<Byte[]>(flow.in_pipe);
  std::uint32_t got = 0;
  while (got < flow.in_pipe) {
    const ssize_t n = read(flow.pipe->read.get(), memory.get() + got, flow.in_pipe - got);
    if (n <= 0) break;
    got += static_cast<std::uint32_t>(n);
  }
  flow.stalled = std::move(memory);
  flow.stalled_from = 0;
  flow.stalled_to = got;
  pump_.note_stalled(got);
  flow.in_pipe = 0;
  flow.run_bytes = 0;
  flow.streak = 0;
  pump_.return_pipe(std::move(flow.pipe));
}

// --- Once a second ---

bool Relay::sweep() {
  if (new_) {
    new_ = false;
    if (owner_ != nullptr) owner_->on_relay_lasts(id_, fds_[client].get(), fds_[backend].get());
  }
  for (const Side side : {client, backend}) {
    Flow& flow = flows_[side];
    const bool stuck = flow.blocked && flow.in_pipe > 0;
    if (stuck && flow.was_blocked) pipe_to_memory(side);
    flow.was_blocked = stuck && flow.in_pipe > 0;
  }
  const auto moved = static_cast<std::uint32_t>(flows_[client].moved + 3 * flows_[backend].moved);
  const bool one_sided =
      flows_[client].ended || flows_[backend].ended || failed_[client] || failed_[backend];
  if (!one_sided || moved != last_moved_) {
    idle_seconds_ = 0;
  } else {
    ++idle_seconds_;
    const bool failed = failed_[client] || failed_[backend];
    if (idle_seconds_ >= (failed ? failed_seconds : half_open_seconds)) {
      if (!failed) why_ = RelayEndReason::half_open_idle;
      end(why_);
      return false;
    }
  }
  last_moved_ = moved;
  return needs_watching();
}

}  // namespace drawbridge::net
