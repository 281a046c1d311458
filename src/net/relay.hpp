// One relayed connection: two sockets, a flow in each direction. Internal to the pump; how bytes
// move is told in pump.hpp. The traps of edge-triggered epoll that shape this code:
//
// - Readiness is a remembered flag, never an event: a flow that pauses (its sink is full, its
//   turn is over) gets no second edge for what it left behind.
// - A short recv means "drained" only if the events so far carried no RDHUP, HUP or ERR; after one
//   of those nothing more is announced, so the source is read to its end or to EAGAIN.
// - A short splice means nothing (16 slots may be 16 tiny segments): only EAGAIN into an empty pipe
//   does, since EAGAIN also means "pipe full". So a pipe is filled only when it is empty.
// - After a short send the sink is tried again until EAGAIN: only then is the edge that frees it
//   certain.
// - Room for writing is asked for only when a sink has been full once: a socket that is watched for
//   it says so at once, which costs every connection two events.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>

#include "net/pump.hpp"
#include "net/turn.hpp"

namespace drawbridge::net {

class Relay final : public Pollable, public Turn {
 public:
  enum Side : unsigned { client = 0, backend = 1 };

  Relay(Pump& pump, RelayStart&& start);

  // Watches both sockets and sends what set-up left over. False: already over.
  void begin(const ByteBuffer& to_backend, const ByteBuffer& to_client);
  void end(RelayEndReason why);
  // Pump::close: last words go out only if nothing is stuck in front of them.
  void say_to_client(ByteView words);
  // Once a second while it is watched over. False: no longer worth it.
  bool sweep();

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] RelayCounters counters() const;
  [[nodiscard]] std::uint64_t stalled_bytes() const;
  [[nodiscard]] bool over() const { return over_; }

 private:
  friend class Pump;

  // From side `s` to the other; flows_[s].
  struct Flow {
    std::uint64_t moved = 0;          // bytes that the sink's kernel took
    std::unique_ptr<Byte[]> stalled;  // what the sink did not take ...
    std::uint32_t stalled_from = 0;   // ... begins here
    std::uint32_t stalled_to = 0;     // ... and ends here
    std::unique_ptr<Pipe> pipe;       // while splicing
    std::uint32_t in_pipe = 0;
    std::uint32_t run_bytes = 0;  // bytes since the source last ran dry (saturates)
    std::uint16_t streak = 0;     // full reads in a row (saturates)
    bool readable = false;        // the source may have something
    bool to_end = false;          // the source announced its end: nothing short of it means drained
    bool blocked = false;         // the sink takes no more until EPOLLOUT
    bool ended = false;           // the source's end was read
    bool shut = false;            // ... and carried over
    bool dead = false;            // the sink is gone
    bool was_blocked = false;     // at the last sweep, with a pipe

    [[nodiscard]] bool finished() const { return dead || shut; }
    [[nodiscard]] bool holds_bytes() const { return in_pipe > 0 || stalled_to > stalled_from; }
  };

  void on_events(unsigned slot, std::uint32_t events) override;
  void on_turn() override;
  void work();
  void note_events(Side side, std::uint32_t events);
  void run(Side from, std::uint32_t moved);
  void after_run();
  bool flush(Side from);
  bool flush_stalled(Side from);
  bool flush_pipe(Side from);
  std::uint32_t fill(Side from, std::uint32_t at_most);
  std::uint32_t copy(Side from);
  void deliver(Side from, ByteView bytes);
  bool watch(Side side);
  void block(Side from);
  void read_nothing(Side from, int error);
  std::uint32_t send_rest(Side from, ByteView bytes, ssize_t result);
  std::uint32_t splice_in(Side from, std::uint32_t at_most);
  void source_ended(Side from, int error);
  void carry_end_over(Side from);
  void side_failed(Side side, int error);
  void kill_flow(Side from);
  void ran_dry(Flow& flow);
  void stash(Flow& flow, ByteView bytes);
  void drop_stalled(Flow& flow);
  void pipe_to_memory(Side from);
  void account(Side from, std::size_t bytes);
  void note(RelayEndReason why) {
    if (!noted_) {
      why_ = why;
      noted_ = true;
    }
  }
  void close_backend();
  [[nodiscard]] bool needs_watching() const;
  static Side other(Side side) { return side == client ? backend : client; }

  Pump& pump_;
  std::array<Fd, 2> fds_;
  std::array<Flow, 2> flows_;
  std::uint64_t id_;
  RelayOwner* owner_;
  TimePoint started_;
  Relay* next_in_bucket_ = nullptr;
  std::uint32_t watched_index_ = not_watched;
  std::uint32_t splice_streak_;
  std::uint32_t last_moved_ = 0;  // low bits of both counters at the last sweep
  std::uint8_t idle_seconds_ = 0;
  RelayEndReason why_ = RelayEndReason::closed;
  bool noted_ = false;
  bool changed_ = false;  // a flow's state changed from the other's side: look at both again
  bool over_ = false;
  bool new_ = true;    // not swept yet
  bool calm_ = false;  // no flow holds bytes, is paused, or has seen an end
  std::array<bool, 2> failed_{};
  std::array<bool, 2> watched_{};     // stands in epoll ...
  std::array<bool, 2> tells_room_{};  // ... and for EPOLLOUT, too

  static constexpr std::uint32_t not_watched = ~std::uint32_t{0};
};

static_assert(sizeof(Relay) <= 256, "the memory target of an idle player");

}  // namespace drawbridge::net
