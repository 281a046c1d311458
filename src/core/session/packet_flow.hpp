// What a session does with bytes, without sockets: frames of either side are looked at, and of each
// it is decided whether it goes on as it came, in another form, or not at all.
//
// Almost all go on as they came, still compressed, and cost a look at their length and their id. So
// the answer to a buffer of frames is mostly one number, how many of its bytes go on. Of compressed
// frames nothing is inflated but the id, and that only where a packet of their size may matter
// (PacketTracker).
//
// One thread. A view in a Step is valid until the next call.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/session/client_budget.hpp"
#include "core/session/packet_tracker.hpp"
#include "core/session/session_start.hpp"
#include "core/session/side.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/packet_ids.hpp"
#include "mc/packets/commands.hpp"
#include "mc/text.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

class PacketFlow {
 public:
  struct Thresholds {
    mc::Threshold client, backend;
  };
  struct Phases {
    mc::State client, backend;  // of what each sends next
  };

  // `codecs` and `scratch` are the worker's and outlive this; `scratch` is what is changed on the
  // way and lives until the next call for any session. `second`: the worker's count of seconds.
  // `commands`: ours that go into the client's tree; may be null.
  PacketFlow(mc::Version version, Phases phases, Thresholds thresholds, const SessionRules& rules,
             mc::Codecs& codecs, ByteBuffer& scratch, std::uint32_t second,
             std::shared_ptr<const mc::CommandTree> commands = nullptr);

  // What the client said to the proxy, and not to its server; or the server (`channel`), and not to
  // its client.
  struct Said {
    enum class Kind : std::uint8_t { command, completion, channel };
    Kind kind = Kind::command;
    std::int32_t transaction = 0;  // of a completion
    // A command without slash, its first word is one of ours; what is to be completed, with slash;
    // the bytes of a message on the BungeeCord channel, whose subchannel is known.
    std::string text;
  };
  // After each Step that more may follow: what its packet said, once.
  [[nodiscard]] std::optional<Said> take_said() { return std::exchange(said_, std::nullopt); }

  // What to do with the first bytes of a buffer: the first `pass` go on as they are, then `instead`
  // goes on in the place of the next `skip`.
  struct Step {
    enum class Then : std::uint8_t {
      more,  // ask again for what is behind them
      rest,  // nothing was skipped: what is behind them is the beginning of a frame, or nothing;
             // else whole frames may be there, for later
      bad    // what is behind them cannot be: fault()
    };
    std::size_t pass = 0;
    std::size_t skip = 0;
    ByteView instead = {};
    Then then = Then::rest;
  };
  Step next(Side from, ByteView bytes, std::uint32_t second);
  // The whole size of the frame that begins with `bytes`; 0 while its length has not come.
  static std::size_t frame_size(ByteView bytes);

  struct BadInput {
    Error error;
    bool over_budget = false;
  };
  // After Then::bad.
  [[nodiscard]] const BadInput& bad_input() const { return bad_; }

  // A packet of ours (id and fields) for one end, as a frame in that end's form. To the client it
  // waits until an open bundle is closed: the result is then empty, and the frame comes out of
  // next(). An error: larger than a frame can be.
  Result<ByteView> frame_for(Side to, ByteView packet);
  // The kick in the phase that the client is in, behind the end of a bundle that is open. An error:
  // the words do not fit a packet.
  Result<ByteView> kick(const mc::Text& words);
  // The same for the backend's own, which stayed here (SessionRules::holds_kicks).
  Result<ByteView> held_kick();

  // --- Between two backends ---

  // The backend is gone, or is left: what the client sends is noted and goes nowhere from now on.
  // Frames for the client that close what was open.
  Result<ByteView> detach();
  [[nodiscard]] bool detached() const { return detached_; }
  // Detached: a packet of ours that moves the client into configuration (1.20.2 and later), with
  // `before` in front of it. Empty: it is on its way there, or there, already.
  Result<ByteView> turn_to_configuration(const std::vector<ByteBuffer>& before);
  // Whether the client is in configuration and has said so.
  [[nodiscard]] bool has_turned() const {
    return tracker_.state(Side::client) == mc::State::configuration &&
           tracker_.state(Side::backend) == mc::State::configuration;
  }
  // Detached: whether the client has been sent registries in the configuration phase that it is in,
  // and so cannot be sent others.
  [[nodiscard]] bool half_configured() const { return half_configured_; }
  // The next backend is there; what the client sends goes to it from now on. Both are in play, or
  // the client has turned.
  void attach(mc::Threshold threshold, const SessionRules& rules);

  // Whether the backend may speak on the BungeeCord channel.
  [[nodiscard]] bool answers_channel() const { return rules_.answers_channel; }
  void set_answers_channel(bool answers);

  [[nodiscard]] const PacketTracker& tracker() const { return tracker_; }
  // The client was asked so by us before this began.
  void note_our_keep_alive(std::int64_t id) { tracker_.note_our_keep_alive(id); }
  // The backend is about to end, so its last words may be among what is read next: compressed
  // frames are looked into even if they are large.
  void look_for_kick();
  // The backend has ended. Its last words may have passed unseen: the frame that was the last is
  // looked at again, as far as it was kept.
  void look_at_last_frame();
  [[nodiscard]] mc::Threshold threshold_of_client() const {
    return lanes_[index(Side::client)].sender;
  }
  // Packets of each side so far.
  [[nodiscard]] std::uint64_t packets(Side from) const { return lanes_[index(from)].packets; }

 private:
  // Frames of one side. Derived from the thresholds, phases and rules, so that the common frame is
  // told by a few comparisons.
  struct Lane {
    mc::Threshold sender;
    mc::Threshold receiver;
    const mc::IdMap* ids = nullptr;
    std::size_t raw_below = 0;        // smaller raw packets pass
    std::size_t compressed_from = 0;  // compressed packets of this size and more pass unseen
    std::uint64_t packets = 0;
  };
  struct Counts {
    std::uint64_t packets = 0;
    std::uint64_t inflated = 0;
  };
  enum class Glance : std::uint8_t { passes, look, part, bad_length };
  struct Seen {
    std::size_t prefix = 0;
    std::size_t size = 0;  // of the body
    std::size_t inflated = 0;
  };

  void settle(Side from);
  void keep_last_frame(ByteView frame);
  [[nodiscard]] Glance glance(Side from, const Lane& lane, ByteView bytes, Seen& seen) const;
  bool charge(Side from, Counts& counts, std::uint32_t second);
  // The answer to one frame that needs more than a glance.
  Step look(Side from, ByteView frame, std::size_t prefix, std::uint32_t second);
  PacketTracker::Verdict note(Side from, const mc::Contents& contents, std::int32_t id);
  std::optional<PacketTracker::Verdict> note_payload(Side from, const mc::Contents& contents);
  bool hear(mc::Kind kind, ByteView fields);
  bool add_commands(ByteView fields);
  void queue_instead(Side to, ByteView packet);
  Step bad(Error error, bool over_budget = false);
  Step look_detached(const mc::Contents& contents, Step step);
  void release_configuration();
  void learn(Side from, mc::Kind kind, ByteView fields);
  [[nodiscard]] std::size_t most_inflated_for(mc::Kind kind) const;
  Result<ByteView> last_frame(const ByteBuffer& body);
  void append_frame(const ByteBuffer& packet);
  [[nodiscard]] static PacketTracker::Rules tracker_rules(const SessionRules& rules);
  [[nodiscard]] mc::Sender sender(Side from) const;

  SessionRules rules_;
  mc::Codecs& codecs_;
  ByteBuffer& scratch_;
  PacketTracker tracker_;
  std::array<Lane, 2> lanes_{};
  ClientBudget budget_;
  bool looks_for_kick_ = false;
  // The beginning of a compressed stream that passed unseen as the last of a read: mostly enough
  // for its id.
  std::uint8_t last_size_ = 0;
  std::array<Byte, 128> last_;
  bool detached_ = false;
  bool half_configured_ = false;
  ByteBuffer after_bundle_;  // frames of ours that wait for its end
  // Registries and tags of a configuration that is not whole yet, in the client's form.
  ByteBuffer configuration_;
  BadInput bad_;
  std::shared_ptr<const mc::CommandTree> commands_;
  std::optional<Said> said_;
  // What note() has put into the place of a packet that it drops.
  ByteView instead_;
};

}  // namespace drawbridge::core
