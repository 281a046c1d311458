// One intercepted session: two sockets, and between them a PacketFlow that says what goes on.
// Internal to the packet pump; how bytes move is told in packet_pump.hpp.
//
// The traps of edge-triggered epoll are those of net/relay.hpp: readiness is a remembered flag, a
// short read means "drained" only while no end was announced, after a short send the sink is tried
// again until EAGAIN, and room for writing is asked for only when a sink has been full once.
//
// Each end is a Link of its own, so that a backend can go and another come while the client stays:
//
//   attached --detach_backend--> detached --take_backend--> turning --(the client's word)-->
//   attached
//
// Detached, the client is kept awake, and what it sends is noted and dropped. From 1.20.2 on it
// turns to configuration before the next backend hears of it; before, there is nothing to turn, and
// the next backend's world follows at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/session/buffer_pool.hpp"
#include "core/session/outbox.hpp"
#include "core/session/packet_flow.hpp"
#include "core/session/packet_pump.hpp"
#include "core/session/session_start.hpp"
#include "core/session/side.hpp"
#include "net/fd.hpp"
#include "net/turn.hpp"

namespace drawbridge::core {

class PacketSession final : public net::Pollable, public net::Turn {
 public:
  PacketSession(PacketPump& pump, SessionOwner& owner, std::uint64_t id, SessionStart& start);

  // Watches both sockets and moves what the login left over. May end the session.
  void begin(SessionStart& start);

  // Says `words` in the phase that the client is in, behind everything that it is owed, and ends
  // the session when they are sent, or a few seconds later. `detail` is for the log. Nothing
  // happens where that is under way already.
  void kick(const mc::Text& words, SessionEndReason why, std::string detail = {});
  // A packet of ours (id and fields in that end's phase), between two frames and in no bundle. An
  // error: larger than a frame can be; or that end is gone.
  Result<> send(Side to, ByteView packet);
  // The same in play, for the client; false where it is not.
  bool say(ByteView packet);
  // A line of chat from the proxy. False where the client is in no phase that has chat.
  bool tell(const mc::Text& words);
  // The BungeeCord channel is the backend's from now on, or no longer.
  void set_answers_channel(bool answers);
  // Whether the backend is in play and has been told of the channel.
  [[nodiscard]] bool has_channel() const;
  // At once, without words.
  void end(SessionEndReason why);

  // --- Another backend ---

  // Closes the link to the backend; the client stays, and knows nothing of it.
  void detach_backend();
  // The player goes to this one; leaves the one that it is on. Not while another is being taken.
  void take_backend(NextBackend next);
  // Whether the client can be taken to another world: it is in one, or has been told of none.
  [[nodiscard]] bool can_move() const;
  [[nodiscard]] bool is_attached() const { return !flow_.detached(); }
  [[nodiscard]] int client_descriptor() const { return link(Side::client).fd.get(); }
  [[nodiscard]] mc::Threshold client_threshold() const { return flow_.threshold_of_client(); }
  // Whether a backend that was left still has an answer about packs to come.
  [[nodiscard]] bool owes_packs() const { return flow_.tracker().owes_packs(); }
  // The client's link for another engine; this session is over then, and its owner is not told.
  // LinkStart::state is the phase of what the client is sent next, `sends` of what it sends.
  LinkStart release_client(mc::State& sends);
  // Once a second.
  void sweep();

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] SessionBytes bytes() const;
  [[nodiscard]] bool over() const { return over_; }
  // Bytes that this session keeps in memory: what waits to be sent, and parts of frames.
  [[nodiscard]] std::size_t held_bytes() const;

 private:
  friend class PacketPump;

  // One end. What it sends goes through the flow to the other end's outbox.
  struct Link {
    net::Fd fd;
    std::unique_ptr<LinkCipher> cipher;
    Outbox out;
    Buffer held;  // the beginning of a frame, or frames that wait for room at the other end
    std::uint32_t held_size = 0;
    std::uint64_t sent = 0;    // bytes that its kernel took
    bool held_frames = false;  // `held` begins with a frame that can be looked at
    bool readable = false;     // may have something
    bool to_end = false;       // announced its end: nothing short of it means drained
    bool paused = false;       // not read until the other end's outbox is low
    bool ended = false;        // its end was read
    bool shut = false;         // ... and carried over
    bool failed = false;       // beyond use; nothing can be sent to it
    bool timed_out = false;    // ... because the kernel gave up waiting
    bool blocked = false;      // takes no more until EPOLLOUT
    bool gathered = false;     // stands in the pump's list of this turn
    bool watched = false;      // stands in epoll ...
    bool tells_room = false;   // ... and for EPOLLOUT, too
  };

  void on_events(unsigned slot, std::uint32_t events) override;
  void on_turn() override { work(); }
  void note_events(Side side, std::uint32_t events);
  void work();
  void run(Side from, std::uint32_t moved);
  void after_run();
  [[nodiscard]] static bool is_full(const Link& at);
  std::uint32_t fill(Side from);
  std::uint32_t fill_held(Side from);
  std::size_t received(Side from, ByteSpan into);
  void walk(Side from, ByteView bytes);
  void walk_held(Side from);
  void keep(Side from, ByteView rest);
  void hand_on(Side to, ByteView bytes, bool is_last);
  void queue(Side to, ByteView bytes);
  void write_out(Side side);
  void wrote(Side side, std::size_t count);
  bool watch(Side side);
  void block(Side side);
  void attach_next();
  void announce_channel();
  void queue_packets(Side to, const std::vector<ByteBuffer>& packets);
  void keep_awake();
  void refuse_input(Side from);
  void source_ended(Side from, int error);
  void carry_end_over(Side from);
  void backend_is_gone();
  [[nodiscard]] bool is_half_configured() const;
  void side_failed(Side side, int error);
  void close_behind_words();
  void close_backend();
  void release(Link& link);
  bool is_silent();
  void note(SessionEndReason why);

  Link& link(Side side) { return links_[index(side)]; }
  [[nodiscard]] const Link& link(Side side) const { return links_[index(side)]; }

  PacketPump& pump_;
  SessionOwner& owner_;
  std::uint64_t id_;
  TimePoint started_;
  PacketFlow flow_;
  std::array<Link, 2> links_;
  std::unique_ptr<NextBackend> next_;  // while the client turns
  std::string detail_;
  std::uint64_t last_moved_ = 0;    // at the last sweep
  std::uint64_t last_packets_ = 0;  // the same
  std::uint32_t longest_silence_;   // seconds in configuration, 0 = no limit
  std::uint32_t silent_seconds_ = 0;
  std::uint32_t closing_since_ = 0;  // seconds of the pump
  std::uint32_t place_ = 0;          // in the pump's list
  std::uint32_t turning_since_ = 0;  // seconds of the pump
  std::uint32_t asked_ = 0;          // when a client without a backend was last kept awake
  std::uint8_t idle_seconds_ = 0;
  SessionEndReason why_ = SessionEndReason::closed;
  bool noted_ = false;
  bool changed_ = false;   // one end's state changed from the other's side: look at both again
  bool calm_ = false;      // neither end is paused, blocked, or has announced its end
  bool new_ = true;        // not swept yet
  bool announced_ = true;  // nothing is to be said to the backend of the BungeeCord channel
  bool closing_ = false;   // nothing moves but what the client is owed
  bool over_ = false;
};

static_assert(sizeof(PacketSession) <= 1088, "the memory target of an idle player is 4 KiB");

}  // namespace drawbridge::core
