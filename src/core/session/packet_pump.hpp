// The packet pump: a worker's engine for intercepted sessions, as net/pump.hpp is for relayed ones.
// A session is two sockets and no coroutine; idle it holds one slab block, and no buffer.
//
// All sessions of a worker read into one buffer. What came is decrypted in place and walked frame
// by frame (PacketFlow). A read that goes on as it came to a link without encryption is written at
// once, straight from that buffer. Everything else waits in the link's outbox for the end of the
// turn, when the output of all sessions is encrypted side by side (which is where the speed of the
// cipher comes from) and written, once a link.
//
// An outbox of 256 KiB, or of 64 KiB where the kernel takes nothing more, pauses reading the other
// side until it has drained to 64 KiB. What all sessions of a worker hold has a limit: beyond it
// the one that holds the most is ended.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "config/types.hpp"
#include "core/session/buffer_pool.hpp"
#include "core/session/session_owner.hpp"
#include "core/session/session_start.hpp"
#include "core/session/side.hpp"
#include "mc/cipher.hpp"
#include "mc/compression.hpp"
#include "net/slab.hpp"
#include "net/turn.hpp"

namespace drawbridge::net {
class Worker;
}

namespace drawbridge::core {

class PacketSession;

struct PacketPumpStats {
  std::uint64_t sessions = 0;  // living
  std::uint64_t bytes_to_backend = 0;
  std::uint64_t bytes_to_client = 0;
  std::uint64_t packets_to_backend = 0;
  std::uint64_t packets_to_client = 0;
  std::uint64_t held_bytes = 0;  // now
};

class PacketPump final : private net::Turn {
 public:
  // Both outlive the pump. Build before the worker runs; it ends all sessions when the worker ends.
  PacketPump(net::Worker& worker, mc::Codecs& codecs);
  ~PacketPump();
  PacketPump(const PacketPump&) = delete;
  PacketPump& operator=(const PacketPump&) = delete;

  // --- The worker's thread ---

  // Takes both links over; nothing moves before begin(). The id is the owner's.
  PacketSession& add(std::uint64_t id, SessionOwner& owner, SessionStart& start);
  // May end the session, and tell its owner, before it returns.
  static void begin(PacketSession& session, SessionStart& start);
  // Every session with the owner's words for `kick`.
  void kick_all(config::Kick kick, SessionEndReason why);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }
  // A second has passed: ends who was silent, half open or deaf for too long. The worker calls it.
  void sweep();

  // --- Any thread ---

  // Each number is exact, but they are not of one instant.
  [[nodiscard]] PacketPumpStats stats() const;
  // Most bytes that the sessions of this worker may hold together.
  void set_held_limit(std::uint64_t bytes) { held_limit_.store(bytes, std::memory_order_relaxed); }

  static constexpr std::size_t high_water = std::size_t{256} << 10;
  static constexpr std::size_t low_water = std::size_t{64} << 10;

 private:
  friend class PacketSession;

  struct Gathered {
    PacketSession* session;
    Side side;
  };
  struct alignas(64) Totals {
    std::atomic<std::uint64_t> sessions{0};
    std::array<std::atomic<std::uint64_t>, 2> bytes{};    // by the side that took them
    std::array<std::atomic<std::uint64_t>, 2> packets{};  // the same
    std::atomic<std::uint64_t> held{0};
  };
  static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  void on_turn() override;  // encrypts and writes what was gathered, frees what ended
  void write_gathered();
  void gather(PacketSession& session, Side side);
  void ended(PacketSession& session);
  void free_ended();
  void enforce_held_limit();
  void shut();
  void ask_for_turn();
  void note_held(std::int64_t by) { bump(totals_.held, static_cast<std::uint64_t>(by)); }

  static constexpr std::size_t read_bytes = std::size_t{64} << 10;
  // Before the place that is read to: where the beginning of a frame goes that came earlier.
  static constexpr std::size_t headroom = std::size_t{16} << 10;
  Byte* read_area() { return area_.get() + headroom; }

  net::Worker& worker_;
  mc::Codecs& codecs_;
  std::unique_ptr<Byte[], void (*)(Byte*)> area_;  // page-aligned
  ByteBuffer scratch_;                             // what the flows change
  BufferPool buffers_;
  net::Slab slab_;
  std::vector<PacketSession*> sessions_;
  std::vector<PacketSession*> ended_;  // until the end of the turn
  std::vector<Gathered> gathered_;
  std::vector<Gathered> writing_;
  std::vector<mc::EncryptJob> jobs_;
  bool is_writing_ = false;
  std::uint32_t second_ = 0;
  std::atomic<std::uint64_t> held_limit_{std::uint64_t{256} << 20};
  Totals totals_;
};

}  // namespace drawbridge::core
