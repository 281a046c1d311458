// One player in the limbo: a socket to a client, and what the client is shown. Internal to the
// limbo pump, except for what an owner may say and do.
//
// The way in, one arrow a client's answer: greeting > (which packs it has) > registries and tags >
// (finished) > the world. Clients before 1.20.2 begin with the world; later ones that come out of
// another world turn to configuration first. Whatever else the client
// sends is counted, and dropped without being inflated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/limbo/limbo_pump.hpp"
#include "core/session/client_budget.hpp"
#include "core/session/outbox.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/fields.hpp"
#include "mc/text.hpp"
#include "net/fd.hpp"
#include "net/turn.hpp"

namespace drawbridge::core {

class LimboSession final : public net::Pollable {
 public:
  LimboSession(LimboPump& pump, SessionOwner& owner, LimboOwner& limbo, std::uint64_t id,
               LimboStart& start);

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] mc::Version version() const { return version_; }
  [[nodiscard]] bool over() const { return over_; }
  // Whether the player stands in the world; nothing is shown before.
  [[nodiscard]] bool spawned() const { return step_ == Step::world; }

  // What the player sees. False where it cannot be shown: not yet, or its version has no such
  // thing (titles and action bar from 1.8 on, boss bars from 1.9 on).
  bool tell(const mc::Text& words);
  bool show_title(const mc::Text& title, const mc::Text& subtitle, std::int32_t ticks);
  bool show_action_bar(const mc::Text& words);
  // Of `health` 0 to 1; the first call makes it, later ones change it.
  bool show_boss_bar(const mc::Text& words, float health);

  // A packet (id and fields) of play as it is.
  void say(ByteView packet);

  // Says `words`, behind everything else, and ends the session when they are sent, or a few seconds
  // later. Nothing happens where that is under way already.
  void kick(const mc::Text& words, SessionEndReason why, std::string detail = {});
  // Sends it to another address instead of words; in the world only, from 1.20.5 on.
  void transfer(const mc::Transfer& to);
  // At once, without words.
  void end(SessionEndReason why);
  // The client's link for another engine, in play; this session is over then, and its owner is not
  // told. Only once it has spawned.
  LinkStart release_client();
  // A keep-alive that the client has not answered yet; 0: none.
  [[nodiscard]] std::int32_t open_keep_alive() const { return keep_alive_; }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] int client_descriptor() const { return fd_.get(); }

 private:
  friend class LimboPump;

  enum class Step : std::uint8_t { turning, packs, registries, world };

  void begin(LimboStart& start);
  void on_events(unsigned slot, std::uint32_t events) override;
  void sweep();
  void sweep_keep_alive();

  void receive();
  void walk(ByteView bytes);
  void take_frame(ByteView body);
  void take_packet(mc::Kind kind, ByteView fields);
  void on_packs(ByteView fields);
  void on_keep_alive(ByteView fields);
  void on_chat(mc::Kind kind, ByteView fields);
  void on_completion(ByteView fields);
  void turn(LimboStart& start);
  void begin_configuration();
  void enter_world();
  void refuse(const Error& error, SessionEndReason why = SessionEndReason::client_fault);
  void keep(ByteView rest);

  void queue(ByteView frames);
  void queue_packets(const std::vector<ByteBuffer>& packets);
  template <typename P>
  bool send(const P& packet);
  bool may_close(SessionEndReason why, std::string detail);
  void close();
  void write_out();
  bool watch();
  void failed(int error);
  // Of what the client is sent, and of what it sends.
  [[nodiscard]] mc::State state() const {
    return step_ == Step::world ? mc::State::play : mc::State::configuration;
  }
  [[nodiscard]] mc::State sends() const { return step_ == Step::turning ? turning_from_ : state(); }

  LimboPump& pump_;
  SessionOwner& owner_;
  LimboOwner& limbo_;
  std::uint64_t id_;
  TimePoint started_;
  net::Fd fd_;
  std::unique_ptr<LinkCipher> cipher_;
  LimboFramesPtr frames_;  // until the world is entered
  Outbox out_;
  Buffer held_;  // the beginning of a frame
  std::string player_;
  std::string detail_;
  Uuid uuid_;
  ClientBudget budget_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::size_t max_inflated_;
  mc::Version version_;
  mc::Threshold threshold_;
  std::uint32_t held_size_ = 0;
  std::uint32_t place_ = 0;      // in the pump's list
  std::uint32_t since_ = 0;      // second of the pump in which the present step began
  std::uint32_t asked_ = 0;      // second in which the client was last asked to show it lives
  std::int32_t keep_alive_ = 0;  // the question that is open; 0: none
  Luggage* luggage_ = nullptr;
  Step step_ = Step::world;
  mc::State turning_from_ = mc::State::play;
  bool from_a_world_ = false;
  bool owes_packs_ = false;
  SessionEndReason why_ = SessionEndReason::closed;
  bool noted_ = false;
  bool gathered_ = false;
  bool blocked_ = false;    // the kernel takes no more until EPOLLOUT
  bool closing_ = false;    // nothing moves but the last words
  bool overflown_ = false;  // it takes too little of what it is sent
  bool over_ = false;
  bool has_boss_bar_ = false;
};

static_assert(sizeof(LimboSession) <= 512, "a few hundred bytes a player");

}  // namespace drawbridge::core
