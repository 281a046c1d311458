// The limbo on a player's way from place to place: the handlers of the server that it goes to, and
// the wait for one that sleeps or is gone.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "config/server.hpp"
#include "core/limbo/limbo_frames.hpp"
#include "core/limbo/limbo_handlers.hpp"
#include "core/limbo/limbo_host.hpp"
#include "core/limbo/limbo_session.hpp"
#include "core/limbo/server_wake.hpp"
#include "core/session/move.hpp"
#include "core/session/packet_session.hpp"
#include "core/session/traveller.hpp"

namespace drawbridge::core {

namespace {

using api::LimboOutcome;

// A server that is about to be ready, and a "no", are worth no trip to the limbo.
constexpr Duration worth_the_limbo = milliseconds(300);
// How long a player stands where it is while a server starts, if nothing else ends that.
constexpr Duration longest_start = hours(1);
constexpr Duration while_it_starts = milliseconds(200);
constexpr int most_redirects = 3;

config::WhileStarting while_starting(const Server& server) {
  using enum config::WhileStarting;
  const auto& keys = server.config.server_manager;
  const auto& handlers = server.config.limbo_handlers;
  const bool is_named = std::ranges::find(handlers, ServerWake::name) != handlers.end();
  return keys ? keys->while_starting.value_or(is_named ? limbo : hold) : hold;
}

}  // namespace

LimboVisitPtr Mover::visit_of(const Session& session, ServerPtr server,
                              std::vector<std::string> chain, api::LimboContext context) const {
  const Traveller& traveller = *session.traveller;
  return LimboVisitPtr(
      new LimboVisit(desk_, {.player = {.session = session.number,
                                        .name = traveller.profile.name,
                                        .uuid = traveller.profile.uuid,
                                        .verified = traveller.profile.authenticated,
                                        .address = session.client,
                                        .host = traveller.host.name,
                                        .protocol = mc::number(session.version)},
                             .context = std::move(context),
                             .server = std::move(server),
                             .chain = std::move(chain)}));
}

// --- On the way to a server ---

net::Task<Mover::Way> Mover::ask_handlers(Move& move, MoveOrder& order) {
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    const ServerPtr server = target_of(move, order);
    if (!server) co_return Way::refused;
    auto chain = limbo_chain(*server, server->wake != nullptr);
    if (order.asked_handlers || chain.empty()) co_return Way::goes;
    LimboVisitPtr visit =
        visit_of(*move.session, server, std::move(chain),
                 {.kind = api::LimboContext::Kind::redirected, .server = server->id()});
    auto outcome = visit->walk();
    if (!outcome) outcome = co_await hear(move, *visit, worth_the_limbo, look_again);
    if (!outcome && move.session != nullptr && stands_where_it_is(*move.session, *visit))
      outcome = co_await stand(move, *visit);
    if (move.session == nullptr || move.control.cancelled()) co_return Way::refused;
    if (!outcome) {
      auto ready = co_await await_ready(move);
      if (ready) ready = put_in_limbo(move, server, std::move(visit), true);
      co_return ready ? Way::waits : Way::refused;
    }
    if (outcome->kind == LimboOutcome::Kind::accept) {
      move.visit = std::move(visit);
      co_return Way::goes;
    }
    if (outcome->kind != LimboOutcome::Kind::redirect) {
      TextSubject subject = desk_.subject_of(*move.session);
      subject.server = server.get();
      move.why = plain_words_of(*outcome, subject);
      co_return Way::refused;
    }
    order.server = outcome->server;
    order.only_in_network = false;
  }
  move.why = "its limbo handlers send the player round";
  co_return Way::refused;
}

// What becomes of a hold within this time; nothing: it goes on, or another handler holds now.
net::Task<std::optional<LimboOutcome>> Mover::hear(Move& move, LimboVisit& visit, Duration within,
                                                   Duration every) {
  const TimePoint until = desk_.worker().now() + within;
  const std::string station(visit.station());
  while (desk_.worker().now() < until && visit.station() == station) {
    auto slept = co_await desk_.worker().sleep_until(desk_.worker().now() + every);
    if (!slept || move.session == nullptr) co_return std::nullopt;
    if (auto outcome = visit.walk_further()) co_return outcome;
  }
  co_return std::nullopt;
}

// Who plays somewhere need not see the limbo for a server that only has to start.
bool Mover::stands_where_it_is(const Session& session, const LimboVisit& visit) const {
  using enum config::WhileStarting;
  if (session.packets == nullptr || visit.station() != ServerWake::name) return false;
  const auto way = while_starting(*visit.server());
  const bool can_be_in_limbo =
      !negotiated_in_login(session.traveller->host) && frames_for(session) != nullptr;
  return way == hold || way == kick || !can_be_in_limbo;
}

net::Task<std::optional<LimboOutcome>> Mover::stand(Move& move, LimboVisit& visit) {
  const config::ServerConfig& server = visit.server()->config;
  if (while_starting(*visit.server()) == config::WhileStarting::kick)
    co_return LimboOutcome::deny_with("starting", "woken");
  desk_.tell_session(move.session->number, mc::Text::legacy(fmt::format(
                                               "§e{} is starting; you go there when it is ready.",
                                               visit.server()->id())));
  const auto& longest = server.server_manager->hold_timeout;
  move.stands = true;
  auto outcome = co_await hear(move, visit, longest.value_or(longest_start), while_it_starts);
  move.stands = false;
  if (move.instead) co_return LimboOutcome::deny("another server was chosen");
  if (!outcome && visit.station() == ServerWake::name)
    outcome = LimboOutcome::deny_with("starting", "hold_timeout");
  co_return outcome;
}

// --- When a server is gone ---

net::Task<bool> Mover::wait_for_it(Move& move, Plan& plan) {
  if (plan.from->config.limbo_handlers.empty()) co_return false;
  auto ready = co_await await_ready(move);
  if (!ready) co_return false;
  LimboVisitPtr visit = visit_of(*move.session, plan.from, plan.from->config.limbo_handlers,
                                 {.kind = api::LimboContext::Kind::kicked,
                                  .server = plan.from->id(),
                                  .words = plan.loss->reason});
  const auto outcome = visit->walk();
  if (outcome) {
    if (!outcome->words.empty()) move.why = outcome->words;
    co_return false;
  }
  co_return put_in_limbo(move, plan.from, std::move(visit), false);
}

// --- Into the limbo ---

// Null: this client cannot be there.
LimboFramesPtr Mover::frames_for(const Session& session) const {
  return desk_.services().limbo.of(session.version, session.packets->client_threshold(),
                                   session.server->id());
}

bool Mover::put_in_limbo(Move& move, const ServerPtr& limbo, LimboVisitPtr visit, bool may_return) {
  Session& session = *move.session;
  Traveller& traveller = *session.traveller;
  const auto verified =
      traveller.profile.authenticated ? std::optional(traveller.profile.uuid) : std::nullopt;
  Place place = Place::take(limbo->state, limbo->most_for(traveller.profile.name, verified));
  if (!place) {
    move.why = "it is full";
    return false;
  }
  if (session.limbo != nullptr) {
    if (!session.visit) traveller.came_from = session.server;
    if (session.visit) session.visit->leave(api::LimboLeave::redirected);
    desk_.seat(session, {.server = limbo, .place = std::move(place)});
    session.visit = std::move(visit);
    desk_.welcome_in_limbo(session);
    return true;
  }
  if (negotiated_in_login(traveller.host)) return false;
  LimboFramesPtr frames = frames_for(session);
  if (!frames) {
    move.why = "the registries of this version are not known";
    return false;
  }
  const bool was_attached = session.packets->is_attached();
  traveller.came_from = may_return && was_attached ? session.server : nullptr;
  if (was_attached) session.packets->detach_backend();
  session.carried.to_client += session.packets->bytes().to_client;
  session.carried.to_backend += session.packets->bytes().to_backend;
  LimboStart start{.version = session.version,
                   .client = {},
                   .frames = std::move(frames),
                   .rules = SessionRules::of(desk_.world()->global->limits),
                   .uuid = traveller.profile.uuid,
                   .player = traveller.profile.name,
                   .from_a_world = true,
                   .owes_packs = session.packets->owes_packs()};
  start.rules.luggage = &session.traveller->luggage;
  start.client = session.packets->release_client(start.sends);
  session.packets = nullptr;
  desk_.seat(session, {.server = limbo, .place = std::move(place)});
  session.visit = std::move(visit);
  desk_.add_limbo(session, start);  // after which the record may be gone
  return true;
}

}  // namespace drawbridge::core
