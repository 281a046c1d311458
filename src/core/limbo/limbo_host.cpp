#include "core/limbo/limbo_host.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "config/server.hpp"
#include "core/commands/game_commands.hpp"
#include "core/desk.hpp"
#include "core/limbo/limbo_session.hpp"
#include "core/limbo/limbo_texts.hpp"
#include "core/limbo/lobby.hpp"
#include "core/session/mover.hpp"
#include "core/session/traveller.hpp"
#include "core/wake/send_back.hpp"

namespace drawbridge::core {

namespace {

using api::LimboOutcome;

api::LimboLeave leave_of(SessionEndReason why) {
  switch (why) {
    case SessionEndReason::shutdown:
      return api::LimboLeave::shutdown;
    case SessionEndReason::closed:
    case SessionEndReason::client_fault:
    case SessionEndReason::rate_limited:
      return api::LimboLeave::kicked;
    default:
      return api::LimboLeave::disconnected;
  }
}

}  // namespace

config::Kick kick_of(const LimboOutcome& denial) {
  for (int i = 0; i <= static_cast<int>(config::Kick::moved); ++i)
    if (config::name_of(static_cast<config::Kick>(i)) == denial.kick)
      return static_cast<config::Kick>(i);
  return config::Kick::limbo_unavailable;
}

mc::Text words_of(const LimboOutcome& denial, TextSubject subject) {
  if (!denial.words.empty()) return mc::Text::legacy(denial.words);
  subject.wait = denial.wait;
  return kick_words(kick_of(denial), subject);
}

std::string plain_words_of(const LimboOutcome& denial, TextSubject subject) {
  std::string words = mc::to_plain(words_of(denial, subject));
  std::ranges::replace(words, '\n', ' ');
  return words;
}

LimboHost::LimboHost(Desk& desk, mc::Codecs& codecs) : desk_(desk), pump_(desk.worker(), codecs) {}

TextSubject LimboHost::subject_of(const Session& session) const {
  TextSubject subject = desk_.subject_of(session);
  if (session.visit && session.server->wake) {
    const WakeLook look = session.server->wake->look(desk_.worker().now());
    subject.eta = look.eta;
    subject.elapsed = look.elapsed(desk_.worker().now());
  }
  return subject;
}

void LimboHost::on_world(Session& session, const World& before) {
  if (session.server->is_lobby) tell_lobby_of_servers(*session.limbo, subject_of(session), before);
}

void LimboHost::on_end(Session& session, SessionEndReason why) {
  if (session.visit) session.visit->leave(leave_of(why));
}

// In the lobby nobody has commands, and whoever waits to be sent back is nobody here.
bool LimboHost::takes_our_commands(const Session& session) const {
  return desk_.services().commands != nullptr && !session.server->is_lobby &&
         session.can_travel() && (!session.visit || session.visit->allows_our_commands());
}

std::shared_ptr<const mc::CommandTree> LimboHost::commands_of(const Session& session) const {
  if (!takes_our_commands(session)) return nullptr;
  return desk_.services().commands->tree_for(Desk::caller_of(session));
}

void LimboHost::on_limbo_spawn(std::uint64_t id) {
  Session& session = Desk::session_of(id);
  if (session.server->is_lobby) return show_lobby(*session.limbo, subject_of(session));
  welcome(session);
}

void LimboHost::welcome(Session& session) {
  show_limbo(*session.limbo, subject_of(session));
  const auto tree = session.version >= mc::v1_13 ? commands_of(session) : nullptr;
  if (tree) session.limbo->say(mc::only_commands(*tree, session.version));
  if (session.visit) session.visit->stand(*session.limbo, *this);
}

void LimboHost::on_limbo_chat(std::uint64_t id, std::string_view message) {
  const Session& session = Desk::session_of(id);
  if (session.visit) session.visit->on_chat(message);
}

void LimboHost::on_limbo_command(std::uint64_t id, std::string_view command) {
  const Session& session = Desk::session_of(id);
  if (session.server->is_lobby && command == "help")
    return tell_lobby_help(*session.limbo, subject_of(session));
  if (takes_our_commands(session) && our_command(command, commands_of(session).get())) {
    SessionOwner& owner = desk_;
    return owner.on_said(id, {PacketFlow::Said::Kind::command, 0, std::string(command)});
  }
  if (session.visit && session.visit->holds()) return session.visit->on_command(command);
  session.limbo->tell(mc::Text::legacy("§7There are no commands here."));
}

void LimboHost::on_limbo_completion(std::uint64_t id, std::int32_t transaction,
                                    std::string_view text) {
  const Session& session = Desk::session_of(id);
  if (!text.starts_with('/') || !text.contains(' ')) return;
  if (!our_command(text.substr(1), commands_of(session).get())) return;
  SessionOwner& owner = desk_;
  owner.on_said(id, {PacketFlow::Said::Kind::completion, transaction, std::string(text)});
}

void LimboHost::on_limbo_second(std::uint64_t id, std::uint32_t stayed) {
  Session& session = Desk::session_of(id);
  if (session.server->is_lobby) return;
  if (session.move != nullptr) return;  // on its way
  const auto& limit = desk_.world()->global->limbo.time_limit;
  if (limit && seconds(stayed) >= *limit) return time_is_up(session);
  refresh_limbo(*session.limbo, subject_of(session), stayed);
  if (session.visit) session.visit->on_second();  // after which the session may be over
}

void LimboHost::time_is_up(Session& session) {
  const bool goes_on = desk_.world()->global->limbo.then == config::LimboThen::fallback;
  auto others = goes_on ? substitutes(session) : std::vector<std::string>{};
  if (session.visit) session.visit->leave(api::LimboLeave::timed_out);
  send_off(session, std::move(others), LimboOutcome::deny_with("offline", "limbo.time_limit"));
}

void LimboHost::on_visit_over(LimboVisit& visit, LimboOutcome outcome) {
  Session& session = Desk::session_of(visit.session()->id());
  switch (outcome.kind) {
    case LimboOutcome::Kind::deny: {
      const bool cannot_be_had = outcome.kick == "offline" || outcome.kick == "start_failed";
      std::vector<std::string> others;
      // Whoever had a place before is not put out of the game for wanting another one.
      if (session.can_travel() && session.traveller->came_from)
        others.push_back(session.traveller->came_from->id());
      if (cannot_be_had) std::ranges::copy(substitutes(session), std::back_inserter(others));
      return send_off(session, std::move(others), std::move(outcome));
    }
    case LimboOutcome::Kind::accept:
      if (session.server->config.limbo) return;  // it has arrived
      if (visit.way_back()) return send_back(session, *visit.way_back());
      return set_off(session, session.server->id(), true);
    case LimboOutcome::Kind::redirect:
      return set_off(session, outcome.server, false);
    case LimboOutcome::Kind::hold:
    case LimboOutcome::Kind::chain:
      break;  // the visit keeps these to itself
  }
}

// --- On to a server ---

void LimboHost::send_back(Session& session, const mc::Transfer& to) {
  note_sent_back(
      desk_.services(),
      {.from = session.client, .player = session.names.player(), .server = session.server->id()},
      to, desk_.worker().now());
  session.limbo->transfer(to);
}

// Where the player goes if the one that it waited for cannot be had.
std::vector<std::string> LimboHost::substitutes(const Session& session) const {
  if (!session.can_travel()) return {};
  return config::effective_fallback(session.server->config, *desk_.world()->global);
}

// Its place at the server that it waits for is taken anew there, like everybody's.
void LimboHost::set_off(Session& session, std::string server, bool asked_handlers) {
  session.place.give_back();
  desk_.mover().move(session.number,
                     {.server = std::move(server),
                      .asked_handlers = asked_handlers,
                      .done = [this, number = session.number](const MoveOutcome& outcome) {
                        Session* there = still_here(number, outcome);
                        if (there != nullptr && there->visit) there->visit->on_refused(outcome.why);
                      }});
}

// Null: it has arrived, or is gone.
Session* LimboHost::still_here(std::uint64_t number, const MoveOutcome& outcome) {
  Session* session = outcome.moved ? nullptr : desk_.find_session(number);
  return session != nullptr && session->limbo != nullptr ? session : nullptr;
}

// To the first of these that takes it, and off with these words if none does.
void LimboHost::send_off(Session& session, std::vector<std::string> servers, LimboOutcome denial) {
  if (servers.empty())
    return session.limbo->kick(words_of(denial, subject_of(session)), SessionEndReason::closed,
                               denial.detail.empty() ? "denied in the limbo" : denial.detail);
  session.place.give_back();
  std::string words = plain_words_of(denial, subject_of(session));
  std::string first = servers.front();
  servers.erase(servers.begin());
  // Where it came from its handlers have let it in.
  const ServerPtr& before = session.traveller->came_from;
  const bool goes_back = before && before->id() == first;
  desk_.mover().move(session.number,
                     {.server = std::move(first),
                      .asked_handlers = goes_back,
                      .done = [this, number = session.number, servers = std::move(servers),
                               words = std::move(words),
                               denial = std::move(denial)](const MoveOutcome& outcome) mutable {
                        if (outcome.moved) return desk_.mover().tell_why(number, words);
                        if (Session* there = still_here(number, outcome))
                          send_off(*there, std::move(servers), std::move(denial));
                      }});
}

}  // namespace drawbridge::core
