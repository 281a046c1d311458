#include "core/limbo/reconnect.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "config/server.hpp"
#include "core/desk.hpp"
#include "core/limbo/limbo_visit.hpp"
#include "core/wake/ping.hpp"

namespace drawbridge::core {

namespace {

using api::LimboOutcome;

constexpr Duration ping_every = seconds(2);
// Between two players who go back: 50 a second.
constexpr Duration spacing = milliseconds(20);
// A server without status takes a ping and closes it; so often running means that it is there.
constexpr int closed_is_up = 5;
constexpr std::uint32_t title_seconds = 3;

LimboVisit& visit_of(api::LimboGuest& guest) {
  return static_cast<LimboVisit&>(guest);
}

Duration longest(const LimboVisit& visit) {
  return visit.desk().world()->global->limbo.reconnect_for;
}

}  // namespace

LimboOutcome Reconnect::on_enter(api::LimboGuest& guest) {
  LimboVisit& visit = visit_of(guest);
  const bool lost = guest.context().kind == api::LimboContext::Kind::kicked;
  if (!lost && !visit.unreachable()) return LimboOutcome::accept();
  return wait(visit);
}

LimboOutcome Reconnect::on_refused(api::LimboGuest& guest, std::string_view /*why*/) {
  return wait(visit_of(guest));
}

LimboOutcome Reconnect::wait(LimboVisit& visit) {
  if (visit.desk().worker().now() - visit.begun() >= longest(visit))
    return LimboOutcome::deny_with("offline", "limbo.reconnect_for");
  const std::lock_guard lock(mutex_);
  const auto watch = watches_.try_emplace(visit.server()->id()).first;
  // Whatever was known is of before it went away.
  if (watch->second.waiting++ == 0) watch->second = {.waiting = 1};
  waiting_.insert_or_assign(visit.player().session, Waiting{.watch = watch, .place = {}});
  return LimboOutcome::hold();
}

void Reconnect::on_leave(const api::LimboPlayer& player, api::LimboLeave /*why*/) {
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(player.session);
  if (at == waiting_.end()) return;
  if (--at->second.watch->second.waiting == 0) watches_.erase(at->second.watch);
  waiting_.erase(at);
}

void Reconnect::on_second(api::LimboGuest& guest, std::uint32_t held) {
  LimboVisit& visit = visit_of(guest);
  const config::Limbo& own = visit.desk().world()->global->limbo;
  if (held % title_seconds == 1 && !own.title && !own.subtitle)
    guest.show_title("§e" + visit.server()->id(), "§7went away; you will be brought back");
  const TimePoint now = visit.desk().worker().now();
  if (now - visit.begun() >= longest(visit))
    return guest.handle()->complete(LimboOutcome::deny_with("offline", "limbo.reconnect_for"));
  if (may_go(visit)) return guest.handle()->complete(LimboOutcome::accept());
  if (!is_due(visit.server()->id(), now)) return;
  visit.desk().worker().spawn(ping_server(
      visit.desk(), visit.server(),
      [self = shared_from_this(), server = visit.server()->id()](const PingOutcome& said) {
        self->note(server, said);
      }));
}

// Its turn has come, and the server is there.
bool Reconnect::may_go(LimboVisit& visit) {
  const TimePoint now = visit.desk().worker().now();
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(visit.player().session);
  if (at == waiting_.end()) return false;
  Watch& watch = at->second.watch->second;
  if (!watch.up) {
    at->second.place.reset();
    return false;
  }
  if (!at->second.place) {
    at->second.place = std::max(now, watch.next_place);
    watch.next_place = *at->second.place + spacing;
  }
  return now >= *at->second.place;
}

// One of those who ask has to ping it.
bool Reconnect::is_due(const std::string& server, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const auto at = watches_.find(server);
  if (at == watches_.end() || now < at->second.next_ping) return false;
  at->second.next_ping = now + ping_every;
  return true;
}

void Reconnect::note(const std::string& server, const PingOutcome& said) {
  const std::lock_guard lock(mutex_);
  const auto at = watches_.find(server);
  if (at == watches_.end() || said.kind == PingOutcome::Kind::ours) return;
  Watch& watch = at->second;
  watch.closed = said.kind == PingOutcome::Kind::closed ? watch.closed + 1 : 0;
  watch.up = said.kind == PingOutcome::Kind::answered || watch.closed >= closed_is_up;
}

}  // namespace drawbridge::core
