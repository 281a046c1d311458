#include "net/relay.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "net/sys.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace {

constexpr std::uint32_t buffer_bytes = 64U << 10;
constexpr std::uint32_t fair_share = 1U << 20;
// A run of fewer spliced bytes than this before the source runs dry is game traffic again, not
// bulk.
constexpr std::uint32_t small_run = 16U << 10;
constexpr std::uint32_t for_reading = EPOLLIN | EPOLLRDHUP | EPOLLET;
// After one of these nothing more is announced for that socket.
constexpr std::uint32_t announces_end = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace

Relay::Relay(Pump& pump, RelayStart&& start)
    : pump_(pump),
      fds_{std::move(start.client), std::move(start.backend)},
      id_(start.id),
      owner_(start.owner),
      started_(pump.worker_.now()),
      splice_streak_(start.splice_streak) {}

void Relay::begin(const ByteBuffer& to_backend, const ByteBuffer& to_client) {
  deliver(client, to_backend);
  deliver(backend, to_client);
  if (!watch(client) || !watch(backend)) return end(RelayEndReason::failed);
  // Nothing is read before the first event says that there is something: it mostly is not.
  after_run();
  if (!over_ && owner_ != nullptr && watched_index_ == not_watched) pump_.watch_over(*this);
}

bool Relay::watch(Side side) {
  tells_room_[side] = flows_[other(side)].blocked;
  watched_[side] =
      pump_.worker_.watch(fds_[side].get(), *this, side,
                          tells_room_[side] ? for_reading | EPOLLOUT : for_reading) == 0;
  return watched_[side];
}

// The sink said EAGAIN. A socket that is watched anew tells at once what is ready by then.
void Relay::block(Side from) {
  flows_[from].blocked = true;
  calm_ = false;
  const Side sink = other(from);
  if (!watched_[sink] || tells_room_[sink]) return;
  pump_.worker_.unwatch(fds_[sink].get());
  if (!watch(sink)) end(RelayEndReason::failed);
}

RelayCounters Relay::counters() const {
  return {flows_[client].moved, flows_[backend].moved};
}

std::uint64_t Relay::stalled_bytes() const {
  std::uint64_t bytes = 0;
  for (const Flow& flow : flows_) bytes += flow.stalled_to - flow.stalled_from;
  return bytes;
}

// One read and its write. What the sink does not take is kept.
inline std::uint32_t Relay::copy(Side from) {
  Flow& flow = flows_[from];
  Byte* const buffer = pump_.buffer_.get();
  const ssize_t got = sys::receive(fds_[from].get(), buffer, buffer_bytes);
  if (got <= 0) [[unlikely]] {
    read_nothing(from, static_cast<int>(-got));
    return 0;
  }
  if (got == buffer_bytes) [[unlikely]] {
    if (flow.streak < std::numeric_limits<std::uint16_t>::max()) ++flow.streak;
  } else {
    flow.streak = 0;
    flow.readable = flow.to_end;  // a short read means drained, unless the end was announced
  }
  const ssize_t sent =
      sys::transmit(fds_[other(from)].get(), buffer, static_cast<std::size_t>(got));
  if (sent != got) [[unlikely]] {
    return send_rest(from, ByteView(buffer, static_cast<std::size_t>(got)), sent);
  }
  account(from, static_cast<std::size_t>(sent));
  return static_cast<std::uint32_t>(sent);
}

// --- Called by the loop ---

// A game packet takes the first branch: nothing is held, over or paused, so one recv and one send
// are all.
void Relay::on_events(unsigned slot, std::uint32_t events) {
  const Side side = slot == client ? client : backend;
  Flow& out = flows_[side];
  if (calm_ && (events & announces_end) == 0 && !queued()) [[likely]] {
    if ((events & EPOLLIN) == 0) return;
    out.readable = true;
    std::uint32_t moved = 0;
    if (out.streak < splice_streak_) [[likely]] {
      moved = copy(side);
      if (!out.readable && calm_) [[likely]] {
        return;
      }
    }
    run(side, moved);
    return after_run();
  }

  note_events(side, events);
  if (queued()) return;  // it has had its share of this turn; the flags keep
  if (changed_) return work();
  if (!out.readable || out.blocked || out.dead) return;
  run(side, 0);
  after_run();
}

void Relay::note_events(Side side, std::uint32_t events) {
  Flow& out = flows_[side];
  Flow& in = flows_[other(side)];
  if ((events & (EPOLLIN | announces_end)) != 0) out.readable = true;
  if ((events & announces_end) != 0) {
    out.to_end = true;
    calm_ = false;
  }
  if ((events & EPOLLERR) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fds_[side].get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) side_failed(side, error);
  }
  if (in.blocked && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    in.blocked = false;
    changed_ = true;
  }
}

void Relay::on_turn() {
  work();
}

void Relay::work() {
  do {
    changed_ = false;
    run(client, 0);
    if (over_) return;
    run(backend, 0);
    if (over_) return;
  } while (changed_);
  after_run();
}

// What a run may have left behind: a change for the other flow, two finished flows, something for
// the sweep.
void Relay::after_run() {
  if (over_) return;
  if (changed_) return work();
  const Flow& c = flows_[client];
  const Flow& b = flows_[backend];
  if (c.finished() && b.finished()) return end(why_);
  const bool watch = needs_watching();
  if (watch && watched_index_ == not_watched) pump_.watch_over(*this);
  calm_ = !watch && !c.blocked && !b.blocked && !c.to_end && !b.to_end;
}

bool Relay::needs_watching() const {
  const Flow& c = flows_[client];
  const Flow& b = flows_[backend];
  return c.pipe || b.pipe || c.stalled || b.stalled || c.ended || b.ended || c.dead || b.dead;
}

// Moves the bytes of one flow until its source is dry, its sink is full, or its share of the turn
// is used up, of which `moved` bytes are gone already.
void Relay::run(Side from, std::uint32_t moved) {
  Flow& flow = flows_[from];
  for (;;) {
    if (flow.dead || flow.blocked) return;
    if (flow.holds_bytes() && !flush(from)) return;
    if (flow.ended) return carry_end_over(from);
    if (!flow.readable) return;
    if (moved + buffer_bytes > fair_share) return pump_.worker_.next_turn(*this);
    moved += fill(from, fair_share - moved);
  }
}

// --- Towards the sink ---

bool Relay::flush(Side from) {
  Flow& flow = flows_[from];
  if (flow.stalled && !flush_stalled(from)) return false;
  return flow.in_pipe == 0 || flush_pipe(from);
}

bool Relay::flush_stalled(Side from) {
  Flow& flow = flows_[from];
  while (flow.stalled_from < flow.stalled_to) {
    const ssize_t n = send(fds_[other(from)].get(), flow.stalled.get() + flow.stalled_from,
                           flow.stalled_to - flow.stalled_from, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        block(from);
      } else {
        side_failed(other(from), errno);
      }
      return false;
    }
    flow.stalled_from += static_cast<std::uint32_t>(n);
    pump_.note_stalled(-static_cast<std::int64_t>(n));
    account(from, static_cast<std::size_t>(n));
  }
  drop_stalled(flow);
  return true;
}

bool Relay::flush_pipe(Side from) {
  Flow& flow = flows_[from];
  while (flow.in_pipe > 0) {
    const ssize_t n = splice(flow.pipe->read.get(), nullptr, fds_[other(from)].get(), nullptr,
                             flow.in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        block(from);
      } else {
        side_failed(other(from), errno);
      }
      return false;
    }
    flow.in_pipe -= static_cast<std::uint32_t>(n);
    account(from, static_cast<std::size_t>(n));
  }
  return true;
}

// --- From the source; nothing is held when these are called ---

std::uint32_t Relay::fill(Side from, std::uint32_t at_most) {
  Flow& flow = flows_[from];
  if (flow.streak >= splice_streak_) {
    if (!flow.pipe) flow.pipe = pump_.borrow_pipe();
    if (flow.pipe) return splice_in(from, at_most);
    flow.streak = 0;  // none to be had: asked again after the next streak
  }
  return copy(from);
}

void Relay::read_nothing(Side from, int error) {
  if (error == EAGAIN) {
    flows_[from].readable = false;
  } else if (error != EINTR) {
    source_ended(from, error);
  }
}

void Relay::deliver(Side from, ByteView bytes) {
  if (bytes.empty()) return;
  send_rest(from, bytes, sys::transmit(fds_[other(from)].get(), bytes.data(), bytes.size()));
}

// After a first send that took `result` of the bytes, or failed with it: on until EAGAIN, and the
// rest is kept.
std::uint32_t Relay::send_rest(Side from, ByteView bytes, ssize_t result) {
  std::uint32_t sent = 0;
  for (;;) {
    if (result >= 0) {
      sent += static_cast<std::uint32_t>(result);
      account(from, static_cast<std::size_t>(result));
    } else if (result == -EAGAIN) {
      stash(flows_[from], bytes.subspan(sent));
      block(from);
      return sent;
    } else if (result != -EINTR) {
      side_failed(other(from), static_cast<int>(-result));
      return sent;
    }
    if (sent == bytes.size()) return sent;
    result = sys::transmit(fds_[other(from)].get(), bytes.data() + sent, bytes.size() - sent);
  }
}

std::uint32_t Relay::splice_in(Side from, std::uint32_t at_most) {
  Flow& flow = flows_[from];
  const ssize_t n = splice(fds_[from].get(), nullptr, flow.pipe->write.get(), nullptr, at_most,
                           SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n > 0) {
    flow.in_pipe = static_cast<std::uint32_t>(n);
    flow.run_bytes +=
        std::min(flow.in_pipe, std::numeric_limits<std::uint32_t>::max() - flow.run_bytes);
    return flow.in_pipe;
  }
  if (n == 0) {
    ran_dry(flow);
    source_ended(from, 0);
  } else if (errno == EAGAIN) {  // the pipe is empty, so it is the source that has nothing
    flow.readable = false;
    ran_dry(flow);
  } else if (errno == EINVAL) {  // a socket that cannot be spliced from
    flow.streak = 0;
    splice_streak_ = std::numeric_limits<std::uint32_t>::max();
    ran_dry(flow);
  } else if (errno != EINTR) {
    ran_dry(flow);
    source_ended(from, errno);
  }
  return 0;
}

// A flow without work holds no pipe.
void Relay::ran_dry(Flow& flow) {
  pump_.return_pipe(std::move(flow.pipe));
  if (flow.run_bytes < small_run) flow.streak = 0;
  flow.run_bytes = 0;
}

void Relay::account(Side from, std::size_t bytes) {
  flows_[from].moved += bytes;
  Pump::bump(pump_.totals_.moved[from], bytes);
}

}  // namespace drawbridge::net
