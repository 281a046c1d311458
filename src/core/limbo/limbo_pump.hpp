// The worker's engine for players in the limbo, as packet_pump is for those at a server: a player
// is one socket, a slab block and no coroutine, and holds a buffer only while something waits to be
// sent or a packet has come in part.
//
// What players of one turn are sent is encrypted side by side and written when the turn ends. Once
// a second all of them are looked at: keep-alives, deadlines, texts that change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "config/types.hpp"
#include "core/limbo/limbo_frames.hpp"
#include "core/limbo/limbo_owner.hpp"
#include "core/link_start.hpp"
#include "core/session/buffer_pool.hpp"
#include "core/session/session_owner.hpp"
#include "core/session/session_start.hpp"
#include "mc/cipher.hpp"
#include "mc/compression.hpp"
#include "net/slab.hpp"
#include "net/turn.hpp"

namespace drawbridge::net {
class Worker;
}

namespace drawbridge::core {

class LimboSession;

// With the client in configuration (1.20.2 and later; success has been acknowledged) or play.
struct LimboStart {
  mc::Version version{};
  LinkStart client;
  LimboFramesPtr frames;
  SessionRules rules;
  // The player's own line in the tab list; a client shows itself only then.
  Uuid uuid;
  std::string player;
  // It comes out of another world: client.state is the phase of what it is sent next, this of what
  // it sends next.
  bool from_a_world = false;
  mc::State sends = mc::State::play;
  // A server that it has left asked which packs it has; the answer is still to come.
  bool owes_packs = false;
};

class LimboPump final : private net::Turn {
 public:
  // Both outlive the pump. Build before the worker runs; it ends all players when the worker ends.
  LimboPump(net::Worker& worker, mc::Codecs& codecs);
  ~LimboPump();
  LimboPump(const LimboPump&) = delete;
  LimboPump& operator=(const LimboPump&) = delete;

  // Takes the link over; nothing moves before begin(). The id is the owner's.
  LimboSession& add(std::uint64_t id, SessionOwner& owner, LimboOwner& limbo, LimboStart& start);
  // May end the session, and tell its owner, before it returns.
  static void begin(LimboSession& session, LimboStart& start);
  // Every player with the owner's words for `kick`.
  void kick_all(config::Kick kick, SessionEndReason why);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  friend class LimboSession;

  static constexpr std::size_t read_bytes = std::size_t{16} << 10;
  // The largest packet that a client may send here; vanilla ones send plugin messages of 32 KiB.
  static constexpr std::size_t largest_frame = std::size_t{128} << 10;

  void on_turn() override;
  void write_gathered();
  void gather(LimboSession& session);
  void ask_for_turn();
  void ended(LimboSession& session);
  void free_ended();
  void sweep();
  void shut();

  net::Worker& worker_;
  mc::Codecs& codecs_;
  ByteBuffer in_;       // what is read, behind the part of a packet that came earlier
  ByteBuffer scratch_;  // packets on their way to an outbox
  BufferPool buffers_;
  net::Slab slab_;
  std::vector<LimboSession*> sessions_;
  std::vector<LimboSession*> ended_;  // until the end of the turn
  std::vector<LimboSession*> gathered_;
  std::vector<LimboSession*> writing_;
  std::vector<mc::EncryptJob> jobs_;
  bool is_writing_ = false;
  std::uint32_t second_ = 0;
};

}  // namespace drawbridge::core
