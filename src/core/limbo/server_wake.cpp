#include "core/limbo/server_wake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "config/server.hpp"
#include "core/desk.hpp"
#include "core/limbo/limbo_visit.hpp"
#include "core/texts.hpp"
#include "core/wake/knock.hpp"
#include "core/wake/waker.hpp"

namespace drawbridge::core {

namespace {

using api::LimboOutcome;

constexpr std::uint32_t title_seconds = 3;

// Every guest of a handler that is built in is a visit.
LimboVisit& visit_of(api::LimboGuest& guest) {
  return static_cast<LimboVisit&>(guest);
}

LimboOutcome outcome_of(const WakeAnswer& answer) {
  switch (answer.kind) {
    case WakeAnswer::Kind::ready:
    case WakeAnswer::Kind::not_needed:  // it runs; if it cannot be reached that will be seen
      return LimboOutcome::accept();
    case WakeAnswer::Kind::under_way:
      return LimboOutcome::deny_with("starting", "woken");
    case WakeAnswer::Kind::unverified:  // only of players whose account nobody has checked
      return LimboOutcome::deny_with("wake_denied", "the account was not checked");
    case WakeAnswer::Kind::refused:
    case WakeAnswer::Kind::failed:
      break;
  }
  LimboOutcome no =
      LimboOutcome::deny_with(std::string(config::name_of(answer.kick)), answer.detail);
  no.wait = answer.wait;
  return no;
}

std::string_view words_for(WakeState state, bool has_eta) {
  switch (state) {
    case WakeState::stopping:
      return "§7is stopping, and starts again then";
    case WakeState::starting:
      return has_eta ? "§7is starting, about §f{eta}§7 to go" : "§7is starting";
    case WakeState::sleeping:
    case WakeState::crashed:
      return "§7is being woken";
    case WakeState::unknown:
    case WakeState::online:
    case WakeState::unreachable:
      break;
  }
  return "§7is being asked";
}

// How far a start is; 1 where nothing is known.
float progress_of(const WakeLook& look, TimePoint now) {
  if (look.state != WakeState::starting || !look.eta) return 1;
  const auto gone = std::chrono::duration<float>(look.elapsed(now)).count();
  const auto left = std::chrono::duration<float>(*look.eta).count();
  return gone + left <= 0 ? 1 : std::clamp(gone / (gone + left), 0.0F, 1.0F);
}

mc::Text filled_words(std::string text, const TextSubject& subject) {
  return filled({.kind = config::Text::Kind::legacy, .value = std::move(text)}, subject);
}

void show_progress(LimboVisit& visit) {
  if (visit.session() == nullptr) return;
  const TimePoint now = visit.desk().worker().now();
  const WakeLook look = visit.server()->wake->look(now);
  const WorldPtr& world = visit.desk().world();
  const config::Limbo& own = world->global->limbo;
  const TextSubject subject{.player = visit.player().name,
                            .host = visit.player().host,
                            .server = visit.server().get(),
                            .world = world.get(),
                            .eta = look.eta,
                            .elapsed = look.elapsed(now)};
  const std::string state(words_for(look.state, look.eta && *look.eta > Duration::zero()));
  constexpr std::int32_t stay = 100;
  if (!own.title && !own.subtitle)
    visit.session()->show_title(filled_words("§e{server}", subject), filled_words(state, subject),
                                stay);
  if (!own.boss_bar)
    visit.session()->show_boss_bar(filled_words("§e{server} " + state, subject),
                                   progress_of(look, now));
}

}  // namespace

LimboOutcome ServerWake::on_enter(api::LimboGuest& guest) {
  LimboVisit& visit = visit_of(guest);
  Waker* waker = visit.desk().services().waker;
  const Server& server = *visit.server();
  if (!server.wake || waker == nullptr) return LimboOutcome::accept();
  if (may_answer(server.wake->state()) && !visit.unreachable()) return LimboOutcome::accept();
  const api::LimboPlayer& player = visit.player();
  const api::LimboHandlePtr handle = visit.handle();
  const bool first = visit.context().kind == api::LimboContext::Kind::initial;
  // The visit holds the handle for as long as the player is here.
  auto answer = [weak = std::weak_ptr(handle)](const WakeAnswer& said) {
    if (const auto there = weak.lock()) there->complete(outcome_of(said));
  };
  waker->knock({.server = server.id(),
                .source = visit.desk().world()->gate.source_of(player.address.address),
                .who = {.cause = first ? api::WakeCause::login : api::WakeCause::change,
                        .player = player.name,
                        .uuid = player.uuid,
                        .verified = player.verified,
                        .host = player.host},
                .unreachable = visit.unreachable(),
                .waits = true,
                .leaves = visit.way_back().has_value()},
               {.answer = std::move(answer), .alive = handle});
  visit.expect_at(server.state);
  const auto& longest = server.config.server_manager->hold_timeout;
  if (!longest) return LimboOutcome::hold();  // the start's own end is told
  return LimboOutcome::hold_for(*longest, LimboOutcome::deny_with("starting", "hold_timeout"));
}

void ServerWake::on_second(api::LimboGuest& guest, std::uint32_t held) {
  if (held % title_seconds == 1) show_progress(visit_of(guest));
}

}  // namespace drawbridge::core
