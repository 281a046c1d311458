#include "core/session/packet_pump.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "core/session/packet_session.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

namespace {

// As much as a socket is likely to take at once: no more is encrypted ahead of its sending.
constexpr std::size_t send_budget = std::size_t{64} << 10;
// A scratch buffer that grew beyond this for one packet is not kept.
constexpr std::size_t most_scratch = std::size_t{256} << 10;

void free_bytes(Byte* bytes) {
  std::free(bytes);
}

}  // namespace

std::string_view name(SessionEndReason reason) {
  switch (reason) {
    case SessionEndReason::client_closed:
      return "client closed";
    case SessionEndReason::backend_closed:
      return "backend closed";
    case SessionEndReason::kicked:
      return "kicked by the server";
    case SessionEndReason::transferred:
      return "transferred by the server";
    case SessionEndReason::client_reset:
      return "client reset";
    case SessionEndReason::backend_reset:
      return "backend reset";
    case SessionEndReason::client_timeout:
      return "client timed out";
    case SessionEndReason::backend_timeout:
      return "backend timed out";
    case SessionEndReason::half_open_idle:
      return "half open and idle";
    case SessionEndReason::silent:
      return "silent in configuration";
    case SessionEndReason::memory:
      return "too many bytes waiting";
    case SessionEndReason::client_fault:
      return "bad packet of the client";
    case SessionEndReason::backend_fault:
      return "bad packet of the backend";
    case SessionEndReason::rate_limited:
      return "rate limited";
    case SessionEndReason::closed:
      return "closed";
    case SessionEndReason::shutdown:
      return "shutdown";
    case SessionEndReason::failed:
      break;
  }
  return "failed";
}

PacketPump::PacketPump(net::Worker& worker, mc::Codecs& codecs)
    : worker_(worker),
      codecs_(codecs),
      area_(static_cast<Byte*>(std::aligned_alloc(4096, headroom + read_bytes)), free_bytes),
      slab_(sizeof(PacketSession)) {
  if (!area_) throw std::bad_alloc();
  worker_.on_second([this] { sweep(); });
  worker_.on_end([this] { shut(); });
}

PacketPump::~PacketPump() {
  // The worker has ended, or never ran.
  shut();
}

// --- Sessions ---

PacketSession& PacketPump::add(std::uint64_t id, SessionOwner& owner, SessionStart& start) {
  auto* session = ::new (slab_.allocate()) PacketSession(*this, owner, id, start);
  session->place_ = static_cast<std::uint32_t>(sessions_.size());
  sessions_.push_back(session);
  totals_.sessions.store(sessions_.size(), std::memory_order_relaxed);
  worker_.set_sessions(sessions_.size());
  return *session;
}

void PacketPump::begin(PacketSession& session, SessionStart& start) {
  session.begin(start);
}

// The session's own functions are still on the stack: its memory is freed when the turn ends.
void PacketPump::ended(PacketSession& session) {
  sessions_[session.place_] = sessions_.back();
  sessions_[session.place_]->place_ = session.place_;
  sessions_.pop_back();
  totals_.sessions.store(sessions_.size(), std::memory_order_relaxed);
  worker_.set_sessions(sessions_.size());
  std::erase_if(gathered_, [&](const Gathered& one) { return one.session == &session; });
  ended_.push_back(&session);
  ask_for_turn();
}

void PacketPump::free_ended() {
  for (PacketSession* session : ended_) {
    session->~PacketSession();
    slab_.release(session);
  }
  ended_.clear();
}

void PacketPump::kick_all(config::Kick kick, SessionEndReason why) {
  // A copy: one that ends leaves the list, and its owner may end others.
  const std::vector<PacketSession*> all = sessions_;
  for (PacketSession* session : all)
    if (!session->over()) session->kick(session->owner_.words_for(session->id(), kick), why);
}

// The worker ends: what can be said at once is said.
void PacketPump::shut() {
  kick_all(config::Kick::shutdown, SessionEndReason::shutdown);
  write_gathered();
  const std::vector<PacketSession*> left = sessions_;
  for (PacketSession* session : left)
    if (!session->over()) session->end(SessionEndReason::shutdown);
  gathered_.clear();
  unqueue();
  free_ended();
}

// --- The end of a turn ---

// While this runs the end of the turn is over for whoever asks: the next turn then, which does not
// wait.
void PacketPump::ask_for_turn() {
  if (is_writing_) {
    worker_.next_turn(*this);
  } else {
    worker_.at_end_of_turn(*this);
  }
}

void PacketPump::gather(PacketSession& session, Side side) {
  auto& link = session.link(side);
  if (link.gathered) return;
  link.gathered = true;
  gathered_.push_back({&session, side});
  ask_for_turn();
}

void PacketPump::on_turn() {
  is_writing_ = true;
  write_gathered();
  is_writing_ = false;
  free_ended();
}

void PacketPump::write_gathered() {
  writing_.swap(gathered_);
  for (const Gathered& one : writing_) {
    auto& link = one.session->link(one.side);
    link.gathered = false;
    if (one.session->over() || link.blocked || link.failed) continue;
    const ByteSpan sealed = link.out.seal(link.cipher ? send_budget : link.out.plain());
    if (link.cipher && !sealed.empty()) jobs_.push_back({&link.cipher->encrypt, sealed});
  }
  if (!jobs_.empty()) mc::encrypt(jobs_);
  jobs_.clear();
  for (const Gathered& one : writing_)
    if (!one.session->over()) one.session->write_out(one.side);
  writing_.clear();
}

// --- Once a second ---

void PacketPump::sweep() {
  ++second_;
  // Backwards: one that ends is replaced by the last, which has been looked at.
  for (std::size_t i = sessions_.size(); i-- > 0;)
    if (i < sessions_.size()) sessions_[i]->sweep();
  enforce_held_limit();
  buffers_.trim();
  if (scratch_.capacity() > most_scratch) scratch_ = {};
}

void PacketPump::enforce_held_limit() {
  const std::uint64_t limit = held_limit_.load(std::memory_order_relaxed);
  while (totals_.held.load(std::memory_order_relaxed) > limit && !sessions_.empty()) {
    PacketSession* const largest = *std::ranges::max_element(
        sessions_, {}, [](const PacketSession* session) { return session->held_bytes(); });
    if (largest->held_bytes() == 0) return;
    largest->end(SessionEndReason::memory);
  }
}

PacketPumpStats PacketPump::stats() const {
  const auto get = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  return {.sessions = get(totals_.sessions),
          .bytes_to_backend = get(totals_.bytes[index(Side::backend)]),
          .bytes_to_client = get(totals_.bytes[index(Side::client)]),
          .packets_to_backend = get(totals_.packets[index(Side::backend)]),
          .packets_to_client = get(totals_.packets[index(Side::client)]),
          .held_bytes = get(totals_.held)};
}

}  // namespace drawbridge::core
