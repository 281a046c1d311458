#include "core/session/packet_session.hpp"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/session/luggage.hpp"
#include "mc/bungee_channel.hpp"
#include "mc/packets/login.hpp"
#include "mc/packets/play.hpp"
#include "net/stream.hpp"
#include "net/sys.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

namespace {

constexpr std::uint32_t fair_share = 256U << 10;  // bytes that one side may send us in one turn
constexpr std::uint32_t for_reading = EPOLLIN | EPOLLRDHUP | EPOLLET;
// After one of these nothing more is announced for that socket.
constexpr std::uint32_t announces_end = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr std::uint8_t half_open_seconds = 60;
// How long a client has for the last words and what is before them.
constexpr std::uint32_t farewell_seconds = 5;

// For a frame too large to be read in one go.
constexpr std::size_t first_room = std::size_t{128} << 10;

constexpr std::array<Side, 2> both = {Side::client, Side::backend};

}  // namespace

PacketSession::PacketSession(PacketPump& pump, SessionOwner& owner, std::uint64_t id,
                             SessionStart& start)
    : pump_(pump),
      owner_(owner),
      id_(id),
      started_(pump.worker_.now()),
      flow_(start.version, {.client = start.client.state, .backend = start.backend.state},
            {.client = start.client.threshold, .backend = start.backend.threshold}, start.rules,
            pump.codecs_, pump.scratch_, pump.second_, std::move(start.commands)),
      longest_silence_(static_cast<std::uint32_t>(
          std::chrono::ceil<seconds>(start.rules.longest_silence).count())),
      announced_(!start.rules.answers_channel) {
  for (const Side side : both) {
    LinkStart& from = side == Side::client ? start.client : start.backend;
    link(side).fd = std::move(from.fd);
    link(side).cipher = std::move(from.cipher);
  }
}

void PacketSession::begin(SessionStart& start) {
  for (const Side side : both) {
    const LinkStart& from = side == Side::client ? start.client : start.backend;
    if (!from.sealed.empty()) {
      queue(side, from.sealed);
      link(side).out.seal(from.sealed.size());
    }
    queue(side, from.unsent);
    keep(side, from.unread);
    link(side).held_frames = !from.unread.empty();
  }
  if (!watch(Side::client)) return end(SessionEndReason::failed);
  if (start.asked != 0) flow_.note_our_keep_alive(start.asked);
  if (!link(Side::backend).fd.valid()) {
    detach_backend();
  } else if (!watch(Side::backend)) {
    return end(SessionEndReason::failed);
  }
  // What has come meanwhile is told by the first event.
  work();
}

// Without room: a socket that is watched for it says so at once, which costs every session two
// events.
bool PacketSession::watch(Side side) {
  Link& at = link(side);
  at.tells_room = at.blocked;
  at.watched = pump_.worker_.watch(at.fd.get(), *this, static_cast<unsigned>(index(side)),
                                   at.tells_room ? for_reading | EPOLLOUT : for_reading) == 0;
  return at.watched;
}

// The kernel said EAGAIN. A socket that is watched anew tells at once what is ready by then.
void PacketSession::block(Side side) {
  Link& at = link(side);
  at.blocked = true;
  calm_ = false;
  if (!at.watched || at.tells_room) return;
  pump_.worker_.unwatch(at.fd.get());
  if (!watch(side)) end(SessionEndReason::failed);
}

SessionBytes PacketSession::bytes() const {
  return {.to_backend = link(Side::backend).sent, .to_client = link(Side::client).sent};
}

std::size_t PacketSession::held_bytes() const {
  std::size_t bytes = 0;
  for (const Link& at : links_) bytes += at.out.size() + at.held_size;
  return bytes;
}

// --- Called by the loop ---

void PacketSession::on_events(unsigned slot, std::uint32_t events) {
  const Side side = slot == index(Side::client) ? Side::client : Side::backend;
  if (!link(side).fd.valid()) return;  // of a link that was closed in this turn
  if (calm_ && (events & announces_end) == 0 && !queued()) [[likely]] {
    if ((events & EPOLLIN) == 0) return;
    link(side).readable = true;
    run(side, 0);
    return after_run();
  }
  note_events(side, events);
  if (queued() || over_) return;  // it has had its share of this turn; the flags keep
  work();
}

void PacketSession::note_events(Side side, std::uint32_t events) {
  Link& at = link(side);
  if ((events & (EPOLLIN | announces_end)) != 0) at.readable = true;
  if ((events & announces_end) != 0) {
    at.to_end = true;
    calm_ = false;
    // The words that end a session come with its end.
    if (side == Side::backend) flow_.look_for_kick();
  }
  if (at.blocked && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    at.blocked = false;
    if (!at.out.empty()) pump_.gather(*this, side);
  }
  if ((events & EPOLLERR) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(at.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) side_failed(side, error);
  }
}

void PacketSession::work() {
  do {
    changed_ = false;
    for (const Side side : both) {
      run(side, 0);
      if (over_) return;
    }
  } while (changed_);
  after_run();
}

void PacketSession::after_run() {
  if (over_) return;
  if (changed_) return work();
  calm_ = !closing_;
  for (const Link& at : links_)
    if (at.paused || at.blocked || at.to_end || at.ended || at.failed) calm_ = false;
}

// Moves what one side sends until it has no more, the other end's outbox is full, or its share of
// the turn is used up.
void PacketSession::run(Side from, std::uint32_t moved) {
  Link& in = link(from);
  Link& out = link(other(from));
  for (;;) {
    if (over_ || closing_) return;
    if (out.failed) return;
    if (is_full(out)) {
      in.paused = true;
      return;
    }
    if (in.held_frames) {
      walk_held(from);
      continue;
    }
    if (in.ended) return carry_end_over(from);
    if (!in.readable) return;
    if (moved + PacketPump::read_bytes > fair_share) return pump_.worker_.next_turn(*this);
    moved += fill(from);
  }
}

// The rest of a turn may pile up to the high water. Where the kernel takes nothing there is no use
// in reading far ahead: what is copied twice costs as much as the system calls.
bool PacketSession::is_full(const Link& at) {
  return at.out.size() >= (at.blocked ? PacketPump::low_water : PacketPump::high_water);
}

// --- From a side ---

// One read, behind the beginning of a frame that came before. The place that is read to is
// page-aligned whatever is kept.
std::uint32_t PacketSession::fill(Side from) {
  Link& in = link(from);
  if (in.held_size > PacketPump::headroom) return fill_held(from);
  Byte* const area = pump_.read_area();
  const std::size_t got = received(from, ByteSpan(area, PacketPump::read_bytes));
  if (got == 0) return 0;
  Byte* const begin = area - in.held_size;
  if (in.held_size > 0) std::memcpy(begin, in.held.bytes.get(), in.held_size);
  walk(from, ByteView(begin, area + got));
  return static_cast<std::uint32_t>(got);
}

// The rest of a large frame is read to where its beginning is. Room grows with what has come: the
// length that a stranger names is only where it ends.
std::uint32_t PacketSession::fill_held(Side from) {
  Link& in = link(from);
  const std::size_t whole = PacketFlow::frame_size(ByteView(in.held.bytes.get(), in.held_size));
  if (whole <= in.held_size) {  // nothing is missing, whoever thought so
    in.held_frames = true;
    return 0;
  }
  if (in.held_size == in.held.capacity) {
    Buffer larger = pump_.buffers_.take(std::min(whole, std::size_t{2} * in.held.capacity));
    std::memcpy(larger.bytes.get(), in.held.bytes.get(), in.held_size);
    pump_.buffers_.give_back(std::exchange(in.held, std::move(larger)));
  }
  const std::size_t room = std::min<std::size_t>(whole, in.held.capacity) - in.held_size;
  const std::size_t got = received(
      from, ByteSpan(in.held.bytes.get() + in.held_size, std::min(room, PacketPump::read_bytes)));
  in.held_size += static_cast<std::uint32_t>(got);
  pump_.note_held(static_cast<std::int64_t>(got));
  in.held_frames = in.held_size == whole;
  return static_cast<std::uint32_t>(got);
}

// One recv, decrypted. 0: nothing came, and the link says why.
std::size_t PacketSession::received(Side from, ByteSpan into) {
  Link& in = link(from);
  const ssize_t result = net::sys::receive(in.fd.get(), into.data(), into.size());
  if (result <= 0) [[unlikely]] {
    if (result == -EAGAIN) {
      in.readable = false;
    } else if (result != -EINTR) {
      source_ended(from, static_cast<int>(-result));
    }
    return 0;
  }
  const auto got = static_cast<std::size_t>(result);
  if (got < into.size()) in.readable = in.to_end;
  if (in.cipher) in.cipher->decrypt.decrypt(into.first(got));
  return got;
}

void PacketSession::walk(Side from, ByteView bytes) {
  const Side to = other(from);
  Link& out = link(to);
  const std::uint64_t packets = flow_.packets(from);
  PacketFlow::Step step;
  bool is_kicked = false;
  do {
    step = flow_.next(from, bytes, pump_.second_);
    const bool is_last = step.then != PacketFlow::Step::Then::more && step.instead.empty();
    hand_on(to, bytes.first(step.pass), is_last);
    if (!step.instead.empty()) queue(to, step.instead);
    bytes = bytes.subspan(step.pass + step.skip);
    if (const auto said = flow_.take_said()) owner_.on_said(id_, *said);
    is_kicked = from == Side::backend && !flow_.tracker().held_kick().empty();
  } while (step.then == PacketFlow::Step::Then::more && !is_kicked && !is_full(out) && !over_);
  PacketPump::bump(pump_.totals_.packets[index(to)], flow_.packets(from) - packets);
  if (over_) return;
  if (!announced_) [[unlikely]]
    announce_channel();
  if (is_kicked) return backend_is_gone();
  if (step.then == PacketFlow::Step::Then::bad) return refuse_input(from);
  keep(from, bytes);
  // A frame that was taken out says nothing of what is behind it.
  const bool may_be_whole = step.then == PacketFlow::Step::Then::more || step.skip > 0;
  link(from).held_frames = may_be_whole && !bytes.empty();
  if (from == Side::client && next_ && flow_.has_turned()) attach_next();
}

void PacketSession::walk_held(Side from) {
  Link& in = link(from);
  in.held_frames = false;
  Buffer frames = std::exchange(in.held, {});
  const std::uint32_t size = std::exchange(in.held_size, 0);
  pump_.note_held(-static_cast<std::int64_t>(size));
  walk(from, ByteView(frames.bytes.get(), size));
  pump_.buffers_.give_back(std::move(frames));
}

// What was not moved on is kept, in place of what was kept before.
void PacketSession::keep(Side from, ByteView rest) {
  Link& in = link(from);
  if (rest.size() == in.held_size && rest.empty()) return;
  pump_.note_held(static_cast<std::int64_t>(rest.size()) - in.held_size);
  if (rest.size() > in.held.capacity) {
    // What will be read to its end where it is gets room at once, to some size.
    const std::size_t room =
        rest.size() <= PacketPump::headroom
            ? rest.size()
            : std::max(rest.size(), std::min(PacketFlow::frame_size(rest), first_room));
    pump_.buffers_.give_back(std::exchange(in.held, pump_.buffers_.take(room)));
  }
  if (!rest.empty()) std::memcpy(in.held.bytes.get(), rest.data(), rest.size());
  in.held_size = static_cast<std::uint32_t>(rest.size());
  if (rest.empty()) pump_.buffers_.give_back(std::exchange(in.held, {}));
}

// --- To a side ---

// What nothing is put behind in this read, to a link that is not encrypted and has taken all so
// far, is written straight away.
void PacketSession::hand_on(Side to, ByteView bytes, bool is_last) {
  Link& out = link(to);
  if (bytes.empty() || out.failed) return;
  if (!is_last || out.cipher || !out.out.empty()) return queue(to, bytes);
  while (!bytes.empty()) {
    const ssize_t result = net::sys::transmit(out.fd.get(), bytes.data(), bytes.size());
    if (result >= 0) {
      wrote(to, static_cast<std::size_t>(result));
      bytes = bytes.subspan(static_cast<std::size_t>(result));
    } else if (result == -EAGAIN) {
      block(to);
      if (!over_) queue(to, bytes);
      return;
    } else if (result != -EINTR) {
      return side_failed(to, static_cast<int>(-result));
    }
  }
}

void PacketSession::queue(Side to, ByteView bytes) {
  Link& out = link(to);
  if (bytes.empty() || out.failed) return;
  out.out.append(pump_.buffers_, bytes);
  pump_.note_held(static_cast<std::int64_t>(bytes.size()));
  if (!out.blocked) pump_.gather(*this, to);
}

void PacketSession::wrote(Side side, std::size_t count) {
  link(side).sent += count;
  PacketPump::bump(pump_.totals_.bytes[index(side)], count);
}

// At the end of a turn: what is sealed goes out, on until EAGAIN.
void PacketSession::write_out(Side side) {
  Link& at = link(side);
  while (!at.blocked && !at.failed && !at.out.sealed().empty()) {
    const ByteView bytes = at.out.sealed();
    const ssize_t result = net::sys::transmit(at.fd.get(), bytes.data(), bytes.size());
    if (result >= 0) {
      const auto count = static_cast<std::size_t>(result);
      wrote(side, count);
      pump_.note_held(-static_cast<std::int64_t>(count));
      at.out.consume(pump_.buffers_, count);
    } else if (result == -EAGAIN) {
      block(side);
      if (over_) return;
    } else if (result != -EINTR) {
      side_failed(side, static_cast<int>(-result));
    }
  }
  if (closing_ && link(Side::client).out.empty()) return end(why_);
  if (at.out.plain() > 0 && !at.blocked && !at.failed) pump_.gather(*this, side);
  if (closing_) return;
  Link& source = link(other(side));
  if (source.paused && at.out.size() <= PacketPump::low_water) {
    source.paused = false;
    changed_ = true;
  }
  if (changed_ || (source.ended && at.out.empty())) pump_.worker_.next_turn(*this);
}

// --- Packets of ours ---

Result<> PacketSession::send(Side to, ByteView packet) {
  if (over_ || closing_ || link(to).failed || link(to).shut)
    return fail(fault_of(to), "that end is gone");
  const auto frame = flow_.frame_for(to, packet);
  if (!frame) return std::unexpected(frame.error());
  queue(to, *frame);
  return {};
}

bool PacketSession::say(ByteView packet) {
  return flow_.tracker().state(Side::backend) == mc::State::play &&
         send(Side::client, packet).has_value();
}

bool PacketSession::tell(const mc::Text& words) {
  const mc::Version version = flow_.tracker().version();
  if (flow_.tracker().state(Side::backend) != mc::State::play) return false;
  const mc::WireText text = mc::wire_text(words, version);
  const auto packet = version >= mc::v1_19
                          ? mc::encode_body(mc::SystemChat{.content = text}, version,
                                            mc::State::play, mc::Bound::client)
                          : mc::encode_body(mc::Chat{.message = text, .sender = {}}, version,
                                            mc::State::play, mc::Bound::client);
  return packet && send(Side::client, *packet);
}

void PacketSession::kick(const mc::Text& words, SessionEndReason why, std::string detail) {
  if (over_ || closing_) return;
  note(why);
  if (detail_.empty()) detail_ = std::move(detail);
  if (const auto frame = flow_.kick(words)) queue(Side::client, *frame);
  close_behind_words();
}

// --- The BungeeCord channel ---

void PacketSession::set_answers_channel(bool answers) {
  if (answers == flow_.answers_channel()) return;
  flow_.set_answers_channel(answers);
  announced_ = !answers;
}

bool PacketSession::has_channel() const {
  return flow_.answers_channel() && announced_ && is_attached() && !closing_ &&
         flow_.tracker().state(Side::client) == mc::State::play;
}

// Only when the backend has turned to play, too: before 1.20.2 that is when it has sent something.
void PacketSession::announce_channel() {
  const mc::Version version = flow_.tracker().version();
  if (!is_attached() || flow_.tracker().state(Side::client) != mc::State::play) return;
  if (version < mc::v1_20_2 && flow_.packets(Side::backend) == 0) return;
  announced_ = true;
  if (const auto packet = mc::bungee_registration(version)) (void)send(Side::backend, *packet);
}

// --- Ends ---

void PacketSession::note(SessionEndReason why) {
  if (noted_) return;
  why_ = why;
  noted_ = true;
}

// The frame that cannot be is in the flow's last word.
void PacketSession::refuse_input(Side from) {
  const PacketFlow::BadInput& input = flow_.bad_input();
  if (input.over_budget)
    return kick(owner_.words_for(id_, config::Kick::rate_limited), SessionEndReason::rate_limited);
  const bool is_client = from == Side::client;
  const std::string_view who = is_client ? "Your client" : "The server";
  kick(mc::Text::legacy(
           fmt::format("§c{} sent a packet that cannot be:\n§7{}", who, input.error.what)),
       is_client ? SessionEndReason::client_fault : SessionEndReason::backend_fault,
       input.error.what);
}

void PacketSession::source_ended(Side from, int error) {
  Link& in = link(from);
  in.readable = false;
  in.ended = true;
  calm_ = false;
  if (error != 0) {
    side_failed(from, error);
  } else if (from == Side::client) {
    note(SessionEndReason::client_closed);
  }
}

// A socket is beyond use. Nothing can be sent to it any more; what it had sent before is still read
// and carried over.
void PacketSession::side_failed(Side side, int error) {
  Link& at = link(side);
  if (at.failed) return;
  at.failed = true;
  at.timed_out = error == ETIMEDOUT;
  // A backend that failed may have said why in what is still to be read.
  if (side == Side::client)
    note(at.timed_out ? SessionEndReason::client_timeout : SessionEndReason::client_reset);
  at.blocked = false;
  at.readable = !at.ended;
  at.to_end = true;
  pump_.note_held(-static_cast<std::int64_t>(at.out.size()));
  at.out.clear(pump_.buffers_);
  calm_ = false;
  if (closing_) return end(why_);
  changed_ = true;
}

// When everything before it has gone out.
void PacketSession::carry_end_over(Side from) {
  Link& in = link(from);
  Link& out = link(other(from));
  if (from == Side::backend) return backend_is_gone();
  if (flow_.detached()) return end(why_);
  if (in.failed || out.failed) return end(why_);
  if (in.shut || !out.out.empty()) return;
  in.shut = true;
  if (shutdown(out.fd.get(), SHUT_WR) != 0) side_failed(Side::backend, errno);
}

// The client has registries of a server in a configuration that will not end. It cannot be given
// others there.
bool PacketSession::is_half_configured() const {
  return flow_.half_configured() && flow_.tracker().state(Side::backend) != mc::State::play;
}

void PacketSession::backend_is_gone() {
  const Link& client = link(Side::client);
  if (client.failed) return end(why_);
  if (client.ended) return close_behind_words();
  flow_.look_at_last_frame();
  const PacketTracker& tracker = flow_.tracker();
  const bool has_kick = !tracker.held_kick().empty();
  if (!tracker.was_transferred() && (has_kick || !tracker.was_kicked()) && !is_half_configured()) {
    const Link& lost = link(Side::backend);
    const BackendLoss loss{.why = has_kick         ? SessionEndReason::kicked
                                  : !lost.failed   ? SessionEndReason::backend_closed
                                  : lost.timed_out ? SessionEndReason::backend_timeout
                                                   : SessionEndReason::backend_reset,
                           .reason = tracker.kick_reason(),
                           .in_play = tracker.state(Side::backend) == mc::State::play};
    if (owner_.on_backend_lost(id_, loss)) return;
  }
  if (has_kick)
    if (const auto frame = flow_.held_kick()) queue(Side::client, *frame);
  if (tracker.was_kicked() || tracker.was_transferred()) {
    note(tracker.was_kicked() ? SessionEndReason::kicked : SessionEndReason::transferred);
    detail_ = tracker.kick_reason();
    return close_behind_words();
  }
  const Link& backend = link(Side::backend);
  kick(owner_.words_for(id_, config::Kick::offline),
       !backend.failed     ? SessionEndReason::backend_closed
       : backend.timed_out ? SessionEndReason::backend_timeout
                           : SessionEndReason::backend_reset);
}

// From here on only what the client is owed moves, and only for a while.
void PacketSession::close_behind_words() {
  closing_ = true;
  calm_ = false;
  closing_since_ = pump_.second_;
  close_backend();
  if (link(Side::client).out.empty()) end(why_);
}

void PacketSession::end(SessionEndReason why) {
  if (over_) return;
  over_ = true;
  note(why);
  unqueue();
  pump_.worker_.forget(*this);
  close_backend();
  Link& client = link(Side::client);
  // A client that has not closed may have sent what we never read; closing on top of that resets
  // it, and the last words are lost.
  if (client.watched) pump_.worker_.unwatch(client.fd.get());
  if (client.ended || client.failed || !client.out.empty()) {
    client.fd.reset();
  } else {
    net::finish_politely(pump_.worker_, std::move(client.fd));
  }
  for (Link& at : links_) release(at);
  pump_.ended(*this);
  owner_.on_session_end({.id = id_,
                         .bytes = bytes(),
                         .why = why_,
                         .detail = std::move(detail_),
                         .started = started_});
}

void PacketSession::release(Link& at) {
  pump_.note_held(-static_cast<std::int64_t>(at.out.size() + at.held_size));
  at.out.clear(pump_.buffers_);
  pump_.buffers_.give_back(std::exchange(at.held, {}));
  at.held_size = 0;
  at.held_frames = false;
}

// A reset is passed on as a reset, if the backend has taken all that the client had sent.
void PacketSession::close_backend() {
  Link& backend = link(Side::backend);
  if (!backend.fd.valid()) return;
  int unsent = 0;
  if (link(Side::client).failed && !backend.failed && backend.out.empty() &&
      ioctl(backend.fd.get(), SIOCOUTQ, &unsent) == 0 && unsent == 0) {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    setsockopt(backend.fd.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  if (backend.watched) pump_.worker_.unwatch(backend.fd.get());
  backend.fd.reset();
  backend.watched = false;
  backend.failed = true;
  release(backend);
}

// --- Once a second ---

void PacketSession::sweep() {
  if (!flow_.detached() && std::exchange(new_, false) && !closing_)
    owner_.on_session_lasts(id_, link(Side::client).fd.get(), link(Side::backend).fd.get());
  if (closing_) {
    if (pump_.second_ - closing_since_ > farewell_seconds) end(why_);
    return;
  }
  if (flow_.detached()) return keep_awake();
  if (is_silent())
    return kick(owner_.words_for(id_, config::Kick::login_timed_out), SessionEndReason::silent);
  const std::uint64_t moved = link(Side::client).sent + link(Side::backend).sent;
  if (!link(Side::client).ended || moved != last_moved_) {
    idle_seconds_ = 0;
  } else if (++idle_seconds_ >= half_open_seconds) {
    why_ = SessionEndReason::half_open_idle;
    return end(why_);
  }
  last_moved_ = moved;
}

// In configuration a server keeps its client awake, so that silence means that one of them hangs.
// In play the kernel finds dead ends.
bool PacketSession::is_silent() {
  const PacketTracker& tracker = flow_.tracker();
  const std::uint64_t packets = flow_.packets(Side::client) + flow_.packets(Side::backend);
  const bool configures = tracker.state(Side::client) == mc::State::configuration ||
                          tracker.state(Side::backend) == mc::State::configuration;
  if (!configures || packets != std::exchange(last_packets_, packets)) {
    silent_seconds_ = 0;
    return false;
  }
  return longest_silence_ != 0 && ++silent_seconds_ > longest_silence_;
}

}  // namespace drawbridge::core
