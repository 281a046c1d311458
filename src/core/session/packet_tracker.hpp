// What a session remembers of the packets that pass it: the phase of each direction, and what is
// open between the client and its server. Most of it is there for the packets that come from us: a
// kick has to be in its phase's form, nothing may stand inside a bundle, and an answer goes to
// whoever asked.
//
// Each direction has a phase of its own, and only the packets that end a phase change it:
// `finish_configuration` and `start_configuration` towards the client, `finish_configuration` and
// `configuration_acknowledged` towards the server. Between a server's word and the client's the two
// differ, and both are right.
//
// Pure state: no bytes are moved here and nothing is allocated.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "core/session/luggage.hpp"
#include "core/session/side.hpp"
#include "mc/packet_ids.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

// Keep-alives that were asked for and not answered yet. A vanilla server kicks for an answer that
// it did not ask for, so an answer goes to its asker only.
class KeepAlives {
 public:
  // `former`: a backend that the player has left.
  enum class Owner : std::uint8_t { nobody, backend, proxy, former };

  void asked(Owner owner, std::int64_t id);
  // Whose this answer is; that question is closed then.
  Owner answered(std::int64_t id);
  // The backend is another one: what the old one asked is answered to nobody.
  void forget_backend();

 private:
  struct Question {
    std::int64_t id = 0;
    Owner owner = Owner::nobody;
  };
  // A server asks every 15 to 20 seconds and gives up after 30.
  std::array<Question, 4> open_{};
  std::uint8_t next_ = 0;
};

class PacketTracker {
 public:
  // `hold`: until the configuration is whole.
  enum class Verdict : std::uint8_t { pass, drop, hold };

  struct Rules {
    bool drops_chat_session = false;
    bool takes_commands = false;
    bool answers_channel = false;
    // A kick of the backend stays here: somebody decides whether the player has to go.
    bool holds_kicks = false;
    // Registries and tags wait until the configuration is whole: of one that breaks off half way
    // nothing may have reached the client, which cannot begin it anew.
    bool holds_configuration = false;
    // What goes along to another server; null: nothing is noted. Outlives the tracker.
    Luggage* luggage = nullptr;
  };

  // The phases of what each side sends next: configuration or play.
  PacketTracker(mc::Version version, mc::State from_client, mc::State from_backend, Rules rules);

  [[nodiscard]] mc::Version version() const { return version_; }
  // The phase of the next packet from `side`.
  [[nodiscard]] mc::State state(Side from) const { return states_[index(from)]; }
  [[nodiscard]] const mc::IdMap& ids(Side from) const { return *ids_[index(from)]; }
  // Whether note() has to see packets of this kind that come from `side` now; as a set, since it is
  // asked for each packet.
  [[nodiscard]] bool matters(Side from, mc::Kind kind) const {
    return matters_[index(from)].has(kind);
  }
  // Packets larger than this (id and fields) are of no kind that matters, so that compressed ones
  // need not be looked into.
  [[nodiscard]] std::size_t largest_that_matters(Side from) const;
  // The backend's tree of commands is still to come, so that every packet of its play is looked
  // into; for so many of them at most.
  [[nodiscard]] bool awaits_tree() const { return tree_within_ > 0; }
  void looked_for_tree() {
    if (tree_within_ > 0) --tree_within_;
  }

  // A packet from `from` that matters is about to pass. `fields` may be empty where they were not
  // worth inflating.
  Verdict note(Side from, mc::Kind kind, ByteView fields);
  // A packet of our own to the client, at this place of the stream.
  void note_ours(mc::Kind kind, ByteView fields);
  // The client was asked so by us before this began.
  void note_our_keep_alive(std::int64_t id) { keep_alives_.asked(KeepAlives::Owner::proxy, id); }

  // The backend is another one, or none: what the old one had asked is owed to nobody.
  void change_backend(Rules rules);
  // Whether what the backend says on plugin channels matters, from now on.
  void set_answers_channel(bool answers);
  // The phases, where it is us who move the client on.
  void enter(Side from, mc::State state);
  [[nodiscard]] Luggage* luggage() const { return rules_.luggage; }
  // Fields of the kick that stayed here.
  [[nodiscard]] const ByteBuffer& held_kick() const { return held_kick_; }

  [[nodiscard]] bool in_bundle() const { return in_bundle_; }
  // The server's word that ended the session, if it was one.
  [[nodiscard]] bool was_kicked() const { return was_kicked_; }
  [[nodiscard]] bool was_transferred() const { return was_transferred_; }
  // What a kick said, as plain text for the log; empty where it was not read.
  [[nodiscard]] const std::string& kick_reason() const { return kick_reason_; }
  // 1.8: the backend's threshold from the next frame on. Once.
  [[nodiscard]] bool takes_threshold(std::int32_t& out);

  // Answers that the client owes the present backend.
  [[nodiscard]] unsigned open_chunk_batches() const { return chunk_batches_; }
  [[nodiscard]] unsigned open_resource_packs() const;
  [[nodiscard]] unsigned open_cookies() const { return cookies_; }
  // ... and to a former one.
  [[nodiscard]] bool owes_packs() const { return stale_known_packs_; }
  [[nodiscard]] bool known_packs_asked() const { return known_packs_asked_; }

 private:
  class KindSet {
   public:
    [[nodiscard]] bool has(mc::Kind kind) const {
      const auto k = static_cast<std::size_t>(kind);
      return (words_[k / 64] >> (k % 64) & 1) != 0;
    }
    void add(mc::Kind kind) {
      const auto k = static_cast<std::size_t>(kind);
      words_[k / 64] |= std::uint64_t{1} << (k % 64);
    }
    void remove(mc::Kind kind) {
      const auto k = static_cast<std::size_t>(kind);
      words_[k / 64] &= ~(std::uint64_t{1} << (k % 64));
    }

   private:
    std::array<std::uint64_t, (mc::kinds + 63) / 64> words_{};
  };

  struct Pack {
    Uuid id;
    bool is_former = false;  // of a backend that was left
  };

  // Whether the client's screen has to be cleared by packets when it changes servers.
  [[nodiscard]] bool keeps_screen() const {
    return rules_.luggage != nullptr && version_ < mc::v1_20_2;
  }
  Verdict note_to_client(mc::Kind kind, ByteView fields);
  Verdict note_to_backend(mc::Kind kind, ByteView fields);
  Verdict note_kick(ByteView fields);
  Verdict note_keep_alive_answer(ByteView fields);
  void note_pack(ByteView fields);
  Verdict note_pack_answer(ByteView fields);

  mc::Version version_;
  Rules rules_;
  std::array<mc::State, 2> states_{};
  std::array<const mc::IdMap*, 2> ids_{};
  std::array<KindSet, 2> matters_{};
  KeepAlives keep_alives_;
  std::string kick_reason_;
  std::int32_t threshold_ = -1;
  bool threshold_changed_ = false;
  bool in_bundle_ = false;
  bool was_kicked_ = false;
  bool was_transferred_ = false;
  bool known_packs_asked_ = false;
  std::uint16_t tree_within_ = 0;
  std::uint8_t chunk_batches_ = 0;
  std::uint8_t cookies_ = 0;
  bool stale_known_packs_ = false;
  ByteBuffer held_kick_;
  std::unique_ptr<std::vector<Pack>> packs_;  // that are not answered yet; mostly null
};

}  // namespace drawbridge::core
