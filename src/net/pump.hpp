// The pump: a worker's engine that moves the bytes of everything past its set-up
// (docs/architecture.md). A relay is two sockets and two flows; it holds no buffer, no pipe and no
// coroutine while idle, only a slab block of at most 256 bytes and its two descriptors.
//
// A flow reads into one 64 KiB buffer that the worker's relays share and writes at once. After
// `splice_streak` full reads in a row it borrows a pipe and splices; when the source runs dry the
// pipe goes back, and after a small run so does the streak. No pipe to be had: it reads and writes
// on. What the sink does not take waits in memory of the relay's own, or in the pipe (for a second,
// then in memory), and the source is not read meanwhile.
//
// Half-close is carried over. A client's reset resets the backend; a backend's reset ends the
// client politely, after everything that the backend had sent (that may be the words of a kick).
// The kernel finds dead peers (SocketOptions).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "net/fd.hpp"
#include "net/pipe_pool.hpp"
#include "net/slab.hpp"
#include "net/turn.hpp"

namespace drawbridge::net {

class Worker;
class Relay;

// Why a relay ended: what came first.
enum class RelayEndReason : std::uint8_t {
  client_closed,   // FIN of the client
  backend_closed,  // FIN of the backend
  client_reset,    // RST, or a write to a client that is gone
  backend_reset,
  client_timeout,  // keepalive or TCP_USER_TIMEOUT
  backend_timeout,
  half_open_idle,  // one side had closed, the other sent nothing and did not close for a minute
  memory,          // the worker's limit for stalled bytes was reached and this relay held the most
  closed,          // Pump::close
  shutdown,        // the worker ended
  failed           // an error of ours: the descriptor could not be watched
};
std::string_view name(RelayEndReason reason);  // "client closed", ...

struct RelayCounters {
  std::uint64_t to_backend = 0;  // bytes that the kernel took for the backend
  std::uint64_t to_client = 0;
};

struct RelayEnd {
  std::uint64_t id = 0;
  RelayCounters bytes;  // those of RelayStart's buffers included
  RelayEndReason why = RelayEndReason::closed;
  TimePoint started;
};

// Must outlive the relay. Both on its worker.
class RelayOwner {
 public:
  // Told once; both sockets are gone by then.
  virtual void on_relay_end(const RelayEnd& end) = 0;
  // Told once, within the first second or little more, if the relay lives that long: the time for
  // what the many connections that end at once need not pay for.
  virtual void on_relay_lasts(std::uint64_t /*id*/, int /*client*/, int /*backend*/) {}

 protected:
  ~RelayOwner() = default;
};

struct RelayStart {
  std::uint64_t id = 0;  // unique on this worker; the caller's
  Fd client = {};
  Fd backend = {};             // both non-blocking and no longer watched (Stream::release)
  ByteBuffer to_backend = {};  // not yet sent; go first
  ByteBuffer to_client = {};
  std::uint32_t splice_streak =
      default_splice_streak;    // full reads before a pipe is borrowed; 0: splice always
  RelayOwner* owner = nullptr;  // may be null
  static constexpr std::uint32_t default_splice_streak = 4;  // `zero_copy`: 0
};

struct PumpStats {
  std::uint64_t relays = 0;            // living
  std::uint64_t bytes_to_backend = 0;  // of all relays, ended ones included
  std::uint64_t bytes_to_client = 0;
  std::uint64_t stalled_bytes = 0;  // in relays' own memory now
  std::uint64_t splices = 0;        // flows that borrowed a pipe
};

class Pump final : private Turn {
 public:
  Pump(Worker& worker, std::shared_ptr<PipePool> pipes);
  ~Pump();  // ends every relay with `shutdown`
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // --- The worker's thread ---

  // Takes both sockets over. May end the relay (and tell its owner) before it returns.
  void add(RelayStart start);
  // Ends a relay: sends `last_words` to the client when nothing is stuck in front of them, then
  // ends it politely. False: no such relay. The owner is told before this returns.
  bool close(std::uint64_t id, ByteView last_words = {},
             RelayEndReason why = RelayEndReason::closed);
  void close_all(RelayEndReason why = RelayEndReason::closed);
  [[nodiscard]] std::optional<RelayCounters> counters(std::uint64_t id) const;
  [[nodiscard]] std::size_t size() const { return size_; }
  // What is due each second: called by the worker's own tick.
  void sweep();

  // --- Any thread ---

  // Each number is exact, but they are not of one instant.
  [[nodiscard]] PumpStats stats() const;
  // Most bytes that stalled flows of this worker may hold in memory before the one with the most is
  // ended.
  void set_stalled_limit(std::uint64_t bytes) {
    stalled_limit_.store(bytes, std::memory_order_relaxed);
  }

 private:
  friend class Relay;

  // One writer, any reader: a plain add with a relaxed store, no locked instruction.
  struct alignas(64) Totals {
    std::atomic<std::uint64_t> relays{0};
    std::array<std::atomic<std::uint64_t>, 2>
        moved{};  // by source: 0 from the client, 1 from the backend
    std::atomic<std::uint64_t> stalled{0};
    std::atomic<std::uint64_t> splices{0};
  };
  static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  void on_turn() override;  // frees the relays that ended in this turn
  void enforce_stalled_limit();
  [[nodiscard]] Relay* find(std::uint64_t id) const;
  void index(Relay& relay);
  void unindex(Relay& relay);
  void grow_buckets();
  void watch_over(Relay& relay);
  void stop_watching(Relay& relay);
  std::unique_ptr<Pipe> borrow_pipe();
  void return_pipe(std::unique_ptr<Pipe> pipe);
  void trim_pipes();
  void note_stalled(std::int64_t by) { bump(totals_.stalled, static_cast<std::uint64_t>(by)); }
  void ended(Relay& relay);

  static constexpr std::size_t spare_pipes =
      4;  // kept by each worker, so that a borrow takes no lock

  Worker& worker_;
  std::shared_ptr<PipePool> pipe_pool_;
  std::vector<std::unique_ptr<Pipe>> pipes_;
  std::size_t least_pipes_ = 0;
  std::unique_ptr<Byte[], void (*)(Byte*)>
      buffer_;  // page-aligned: an offset of 16 costs 20 % in bulk
  Slab slab_;
  std::vector<Relay*> buckets_;  // by id, chained through the relays
  std::size_t size_ = 0;
  std::vector<Relay*>
      watched_;  // those that the sweep looks at: new, stalled, holding a pipe, or half open
  std::vector<Relay*> ended_;  // until the end of the turn
  std::atomic<std::uint64_t> stalled_limit_{std::uint64_t{256} << 20};
  Totals totals_;
};

}  // namespace drawbridge::net
