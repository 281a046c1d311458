// Everything about one worker's players in the limbo that is neither bytes (limbo_pump) nor a
// handler's say (limbo_visit): what they are shown, what their commands do, how long they may stay,
// and where they go from there.
//
// Three kinds of players are there: those in the built-in lobby, those at a server with
// `limbo = true`, and those who wait for a server, with a LimboVisit in their Session.
// Session::server of the latter is the server that they wait for. Where that one's mode forwards
// bytes the player has no Traveller: all that it can do is wait, to be sent back or off.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/types.hpp"
#include "core/limbo/limbo_owner.hpp"
#include "core/limbo/limbo_pump.hpp"
#include "core/limbo/limbo_visit.hpp"
#include "core/texts.hpp"
#include "core/world.hpp"
#include "mc/packets/commands.hpp"
#include "mc/packets/common.hpp"

namespace drawbridge::core {

class Desk;
struct MoveOutcome;
struct Session;

class LimboHost final : public LimboOwner, public VisitOwner {
 public:
  // The desk outlives it.
  LimboHost(Desk& desk, mc::Codecs& codecs);
  LimboHost(const LimboHost&) = delete;
  LimboHost& operator=(const LimboHost&) = delete;

  [[nodiscard]] LimboPump& pump() { return pump_; }

  // A new world has taken the place of `before`; called for each player in the limbo.
  void on_world(Session& session, const World& before);
  // The player stands in the limbo, and is where it is now since just now.
  void welcome(Session& session);
  // The session has ended; its record goes after this.
  static void on_end(Session& session, SessionEndReason why);

 private:
  void on_limbo_spawn(std::uint64_t id) override;
  void on_limbo_chat(std::uint64_t id, std::string_view message) override;
  void on_limbo_command(std::uint64_t id, std::string_view command) override;
  void on_limbo_completion(std::uint64_t id, std::int32_t transaction,
                           std::string_view text) override;
  void on_limbo_second(std::uint64_t id, std::uint32_t stayed) override;
  void on_visit_over(LimboVisit& visit, api::LimboOutcome outcome) override;

  [[nodiscard]] bool takes_our_commands(const Session& session) const;
  // What the player may use of our commands; null: nothing.
  [[nodiscard]] std::shared_ptr<const mc::CommandTree> commands_of(const Session& session) const;
  void time_is_up(Session& session);
  void set_off(Session& session, std::string server, bool asked_handlers);
  Session* still_here(std::uint64_t number, const MoveOutcome& outcome);
  void send_back(Session& session, const mc::Transfer& to);
  void send_off(Session& session, std::vector<std::string> servers, api::LimboOutcome denial);
  [[nodiscard]] std::vector<std::string> substitutes(const Session& session) const;
  [[nodiscard]] TextSubject subject_of(const Session& session) const;

  Desk& desk_;
  LimboPump pump_;
};

// Whose words a denial has, if it has none of its own.
config::Kick kick_of(const api::LimboOutcome& denial);
// The words of a denial, as a limbo handler or a refusal in the limbo gives it.
mc::Text words_of(const api::LimboOutcome& denial, TextSubject subject);
// The same as one line without colours.
std::string plain_words_of(const api::LimboOutcome& denial, TextSubject subject);

}  // namespace drawbridge::core
