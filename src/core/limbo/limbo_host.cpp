#include "core/limbo/limbo_host.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "config/server.hpp"
#include "core/desk.hpp"
#include "core/limbo/limbo_session.hpp"
#include "core/limbo/limbo_texts.hpp"
#include "core/limbo/lobby.hpp"

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
  for (int i = 0; i <= static_cast<int>(config::Kick::logged_in_elsewhere); ++i)
    if (config::name_of(static_cast<config::Kick>(i)) == denial.kick)
      return static_cast<config::Kick>(i);
  return config::Kick::limbo_unavailable;
}

mc::Text words_of(const LimboOutcome& denial, TextSubject subject) {
  if (!denial.words.empty()) return mc::Text::legacy(denial.words);
  subject.wait = denial.wait;
  return kick_words(kick_of(denial), subject);
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

void LimboHost::on_limbo_spawn(std::uint64_t id) {
  Session& session = Desk::session_of(id);
  if (session.server->is_lobby) return show_lobby(*session.limbo, subject_of(session));
  show_limbo(*session.limbo, subject_of(session));
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
  if (session.visit && session.visit->holds()) return session.visit->on_command(command);
  session.limbo->tell(mc::Text::legacy("§7There are no commands here."));
}

void LimboHost::on_limbo_second(std::uint64_t id, std::uint32_t stayed) {
  Session& session = Desk::session_of(id);
  if (session.server->is_lobby) return;
  const auto& limit = desk_.world()->global->limbo.time_limit;
  if (limit && seconds(stayed) >= *limit) return time_is_up(session);
  refresh_limbo(*session.limbo, subject_of(session), stayed);
  if (session.visit) session.visit->on_second();  // after which the session may be over
}

void LimboHost::time_is_up(Session& session) {
  session.limbo->kick(kick_words(config::Kick::offline, subject_of(session)),
                      SessionEndReason::closed, "limbo.time_limit");
}

void LimboHost::on_visit_over(LimboVisit& visit, LimboOutcome outcome) {
  Session& session = Desk::session_of(visit.session()->id());
  LimboSession& limbo = *session.limbo;
  switch (outcome.kind) {
    case LimboOutcome::Kind::deny:
      return limbo.kick(words_of(outcome, subject_of(session)), SessionEndReason::closed,
                        outcome.detail.empty() ? "denied in the limbo" : outcome.detail);
    case LimboOutcome::Kind::accept:
      if (session.server->config.limbo) return;  // it has arrived
      return set_off(session, session.server->id());
    case LimboOutcome::Kind::redirect:
      return set_off(session, outcome.server);
    case LimboOutcome::Kind::hold:
    case LimboOutcome::Kind::chain:
      break;  // the visit keeps these to itself
  }
}

// The server is there for whoever joins now.
void LimboHost::set_off(Session& session, std::string_view server) {
  TextSubject about = subject_of(session);
  about.server = desk_.world()->find(server);
  session.limbo->kick(filled({.kind = config::Text::Kind::legacy,
                              .value = "§a{server} §7is ready.\n§7Please join again."},
                             about),
                      SessionEndReason::closed, "the server is ready");
}

}  // namespace drawbridge::core
