#include "core/session/mover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/server.hpp"
#include "core/backend_login.hpp"
#include "core/backend_words.hpp"
#include "core/commands/bungee_channel.hpp"
#include "core/commands/game_commands.hpp"
#include "core/desk.hpp"
#include "core/limbo/limbo_handlers.hpp"
#include "core/limbo/limbo_lesson.hpp"
#include "core/limbo/limbo_session.hpp"
#include "core/limbo/limbo_visit.hpp"
#include "core/limbo/reconnect.hpp"
#include "core/packet_stream.hpp"
#include "core/session/move.hpp"
#include "core/session/packet_pump.hpp"
#include "core/session/packet_session.hpp"
#include "core/session/session_start.hpp"
#include "core/session/traveller.hpp"
#include "core/texts.hpp"
#include "mc/frame.hpp"
#include "mc/packets/play.hpp"
#include "mc/rejoin.hpp"

namespace drawbridge::core {

namespace {

// How long a player may wait for its turn, whatever server has died with how many on it.
constexpr Duration longest_queue = minutes(5);
constexpr Duration until_it_reads = milliseconds(100);
// A loss so soon after a move is a failure of that move.
constexpr Duration just_arrived = seconds(10);
// Servers that have lost a player are not tried again within this time.
constexpr Duration circle = seconds(60);
// What a backend may send before its `login`, before 1.20.2.
constexpr std::size_t most_before_login = std::size_t{1} << 20;
constexpr std::size_t longest_words = 256;

bool in_one_network(const Server& a, const Server& b) {
  return a.config.network && a.config.network == b.config.network;
}

// Forge of 1.7 to 1.12.
bool is_forge(const mc::Host& host) {
  return host.kept.find("FML") != std::string::npos;
}

ByteBuffer whole(const mc::Packet& packet) {
  ByteBuffer body;
  mc::Writer out(body);
  out.varint(packet.id);
  out.raw(packet.fields);
  return body;
}

std::string words_of(const Refusal& refusal) {
  if (!refusal.reason.empty())
    return escaped_for_log(readable_reason(refusal.reason), longest_words);
  if (!refusal.detail.empty()) return std::string(refusal.detail);
  if (refusal.kick == config::Kick::offline) return "it cannot be reached";
  if (refusal.kick == config::Kick::full) return "it is full";
  return std::string(config::name_of(refusal.kick));
}

}  // namespace

bool may_be_kept(const Server& server, const config::GlobalConfig& global) {
  return !config::effective_fallback(server.config, global).empty() ||
         !server.config.limbo_handlers.empty();
}

bool has_words_of(std::string_view reason, const std::vector<std::string>& patterns) {
  const std::string plain = lowered(reason);
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const std::string words = lowered(pattern);
    std::size_t at = 0;
    for (const std::string_view part : split(words, '*')) {
      at = plain.find(part, at);
      if (at == std::string::npos) return false;
      at += part.size();
    }
    return true;
  });
}

// What the player reads of a move that it did not ask for.
std::string Mover::reason_of(const Plan& plan) {
  const std::string& id = plan.from->id();
  if (!plan.loss) return fmt::format("{} is not there any more", id);
  if (plan.loss->why == SessionEndReason::kicked && !plan.loss->reason.empty())
    return fmt::format("{}: {}", id, readable_reason(plan.loss->reason));
  return fmt::format("{} cannot be reached", id);
}

// --- Called by the desk ---

void Mover::move(std::uint64_t number, MoveOrder order) {
  const Session* session = desk_.find_session(number);
  std::string why;
  if (session != nullptr && session->move != nullptr && session->move->stands) {
    // It waits for a start, and would rather go elsewhere.
    const auto before = std::exchange(session->move->instead, std::move(order));
    session->move->control.interrupt();
    if (before && before->done)
      before->done({.moved = false, .server = {}, .why = "another server was chosen"});
    return;
  }
  if (session == nullptr) {
    why = "the player is not here";
  } else if (!session->can_travel()) {
    why = "the player's server has a mode that does not read packets";
  } else if (session->move != nullptr) {
    why = "the player is on the way to another server";
  }
  if (!why.empty()) {
    if (order.done) order.done({.moved = false, .server = {}, .why = why});
    return;
  }
  desk_.worker().spawn(run(number, Plan{.order = std::move(order), .loss = {}}));
}

// The session is in the midst of its own work: what follows begins in the next turn.
bool Mover::keep(Session& session, const BackendLoss& loss) {
  if (desk_.services().stopping || !session.can_travel()) return false;
  Traveller& traveller = *session.traveller;
  const TimePoint now = desk_.worker().now();
  const bool is_new = traveller.came_from && now - traveller.moved_at < just_arrived;
  const bool arrives = !loss.in_play || is_new;
  const bool is_personal =
      loss.why == SessionEndReason::kicked && loss.in_play &&
      !has_words_of(loss.reason, config::effective_fallback_on_kick(session.server->config,
                                                                    *desk_.world()->global));
  if (session.move != nullptr && is_personal) return false;  // wherever it was about to go
  if (session.move != nullptr) {
    // It is on its way already, and looks further if it does not get there.
    session.move->loss = loss;
    detach(session);
    return true;
  }
  if (is_personal && !arrives) return false;
  if (now - traveller.moved_at > circle) traveller.lost_at.clear();
  Plan plan{.order = {}, .loss = loss, .from = session.server};
  if (!arrives) traveller.came_from = nullptr;
  const bool has_handlers = !session.server->config.limbo_handlers.empty();
  if (substitutes(session, plan).empty() && !has_handlers) return false;
  traveller.lost_at.push_back(session.server->id());
  detach(session);
  desk_.worker().post([this, number = session.number, plan = std::move(plan)]() mutable {
    const Session* there = desk_.find_session(number);
    if (there != nullptr && there->move == nullptr)
      desk_.worker().spawn(run(number, std::move(plan)));
  });
  return true;
}

void Mover::detach(Session& session) {
  session.packets->detach_backend();
  session.at_address = {};
  session.place.give_back();
}

void Mover::leave_removed(Session& session) {
  if (session.packets == nullptr || session.move != nullptr || !session.can_travel()) return;
  Plan plan{.order = {}, .loss = {}, .from = session.server};
  session.traveller->came_from = nullptr;
  if (substitutes(session, plan).empty()) return;
  desk_.worker().spawn(run(session.number, std::move(plan)));
}

void Mover::forget(Session& session) {
  if (session.move == nullptr) return;
  session.move->session = nullptr;
  session.move->control.cancel();
  session.move = nullptr;
}

// --- The story of a move ---

net::Task<> Mover::run(std::uint64_t number, Plan plan) {
  net::TaskControl& control = co_await net::this_task();
  Session* const session = desk_.find_session(number);
  if (session == nullptr) co_return;
  Move move(*session, control);
  const TimePoint begun = desk_.worker().now();
  const std::string from = session->server->id();
  Way way = Way::goes;
  if (!plan.order.server.empty()) way = co_await ask_handlers(move, plan.order);
  bool moved = way == Way::waits;
  if (way != Way::goes) {
    // It stays where it is, or in the limbo.
  } else if (under_way_ < at_once) {
    ++under_way_;
    const TurnPtr turn = std::make_shared<Turn>(*this);
    moved = co_await go_through(move, plan);
  } else {
    net::Later<TurnPtr> later(desk_.worker());
    waiting_.push_back(later.resolver());
    auto turn = co_await later.get(desk_.worker().now() + longest_queue);
    // A turn may come to one who has left in the same moment.
    if (!turn) {
      move.why = "too many players are on their way";
    } else if (move.session != nullptr) {
      moved = co_await go_through(move, plan);
    }
  }
  if (!moved && move.session != nullptr && move.loss) {
    Plan further{.order = {}, .loss = move.loss, .from = move.session->server};
    plan.loss = std::move(move.loss);
    plan.from = further.from;
    moved = co_await go_through(move, further);
  }
  MoveOutcome outcome{.moved = moved, .server = {}, .why = move.why};
  if (move.session != nullptr) {
    outcome.server = move.session->server->id();
    const auto took =
        std::chrono::duration_cast<milliseconds>(desk_.worker().now() - begun).count();
    const std::string_view what = way == Way::waits ? "waits in the limbo"
                                  : moved           ? "moved"
                                                    : "not moved";
    log::info("session", what,
              {{"session", number},
               {"player", move.session->names.player()},
               {"from", from},
               {"to", moved ? outcome.server : plan.order.server},
               {"took", readable_duration(took)},
               {"why", moved && plan.loss ? name(plan.loss->why) : std::string_view(move.why)}});
    if (moved && plan.from) tell_why(number, reason_of(plan));
    PacketSession* const packets = move.session->packets;
    if (!moved && packets != nullptr && !packets->is_attached()) {
      // Its own place is gone, and there is no other.
      const bool was_kicked = plan.loss && plan.loss->why == SessionEndReason::kicked;
      const mc::Text words =
          was_kicked && !plan.loss->reason.empty()
              ? mc::Text::legacy(plan.loss->reason)
              : kick_words(config::Kick::offline, desk_.subject_of(*move.session));
      packets->kick(words, plan.loss ? plan.loss->why : SessionEndReason::closed,
                    plan.loss ? plan.loss->reason : move.why);
      outcome.server.clear();
    }
  } else {
    outcome.why = "the player has left";
  }
  move.release();
  if (plan.order.done) plan.order.done(outcome);
  if (move.instead) Mover::move(number, std::move(*move.instead));
}

void Mover::tell_why(std::uint64_t number, std::string why) {
  desk_.worker().spawn(tell_when_it_reads(number, std::move(why)));
}

net::Task<> Mover::tell_when_it_reads(std::uint64_t number, std::string why) {
  const TimePoint until = desk_.worker().now() + longest_arrival;
  bool arrived = false;
  while (desk_.worker().now() < until) {
    auto slept = co_await desk_.worker().sleep_until(desk_.worker().now() + until_it_reads);
    if (!slept) co_return;
    const Session* session = desk_.find_session(number);
    if (session == nullptr || session->visit) co_return;  // whoever holds it tells it
    // A client that is in play has no world yet: the server's `login` is on its way.
    const bool had_arrived =
        std::exchange(arrived, session->limbo != nullptr || session->packets->can_move());
    if (!had_arrived) continue;
    TextSubject subject = desk_.subject_of(*session);
    subject.reason = why;
    const mc::Text words = kick_words(config::Kick::moved, subject);
    if (words.value.empty() || desk_.tell_session(number, words)) co_return;
  }
}

void Mover::turn_is_over() {
  --under_way_;
  if (waiting_.empty()) return;
  const net::Resolver<TurnPtr> next = std::move(waiting_.front());
  waiting_.pop_front();
  ++under_way_;
  next(std::make_shared<Turn>(*this));  // nobody takes it: it is over at once
}

// Where the player came from, then the fallbacks of the server that it was on; one only if the
// player may go there.
std::vector<ServerPtr> Mover::substitutes(const Session& session, const Plan& plan) const {
  const Traveller& traveller = *session.traveller;
  const World& world = *desk_.world();
  const bool goes_back = plan.loss && traveller.came_from;
  std::vector<std::string> ids;
  if (goes_back) ids.push_back(traveller.came_from->id());
  for (const std::string& id : config::effective_fallback(plan.from->config, *world.global))
    ids.push_back(id);
  Caller caller(desk_, desk_.world());
  caller.version = session.version;
  caller.peer = session.client;
  std::vector<ServerPtr> out;
  for (const std::string& id : ids) {
    const auto index = world.index_of(id);
    if (!index || id == plan.from->id()) continue;
    if (std::ranges::find(traveller.lost_at, id) != traveller.lost_at.end()) continue;
    const ServerPtr& server = world.servers[*index];
    // Where it comes from it has passed them.
    if (has_checks(*server) && !(goes_back && id == traveller.came_from->id())) continue;
    if (may_stand_in(caller, *server, traveller.profile) &&
        std::ranges::find(out, server) == out.end())
      out.push_back(server);
  }
  return out;
}

// Null: the player cannot go there; `why` says it.
ServerPtr Mover::target_of(Move& move, const MoveOrder& order) const {
  const Session& session = *move.session;
  const WorldPtr& world = desk_.world();
  const auto index = world->index_of(order.server);
  if (!index) {
    move.why = "there is no such server";
    return nullptr;
  }
  const ServerPtr& server = world->servers[*index];
  Caller caller(desk_, world);
  caller.version = session.version;
  caller.peer = session.client;
  if (session.packets != nullptr && session.server->id() == server->id()) {
    move.why = "the player is there already";
  } else if (order.only_in_network && !in_one_network(*server, *session.server)) {
    move.why = "it is in another network";
  } else if (!may_stand_in(caller, *server, session.traveller->profile)) {
    move.why = "the player may not go there";
  } else {
    return server;
  }
  return nullptr;
}

net::Task<bool> Mover::go_through(Move& move, Plan& plan) {
  std::vector<ServerPtr> servers;
  if (plan.order.server.empty()) {
    servers = substitutes(*move.session, plan);
  } else if (ServerPtr server = target_of(move, plan.order)) {
    servers.push_back(std::move(server));
  }
  // Whoever is brought back waits for that first, others if nobody takes them.
  const bool comes_back =
      plan.loss && std::ranges::find(plan.from->config.limbo_handlers, Reconnect::name) !=
                       plan.from->config.limbo_handlers.end();
  if (comes_back) {
    auto waits = co_await wait_for_it(move, plan);
    if (waits || move.session == nullptr) co_return waits;
  }
  for (const ServerPtr& server : servers) {
    bool arrived = false;
    if (server->config.limbo) {
      arrived = co_await await_ready(move);
      if (arrived) arrived = put_in_limbo(move, server, nullptr, !plan.loss);
    } else {
      arrived = co_await try_server(move, server);
    }
    if (arrived || move.session == nullptr) co_return arrived;
  }
  if (!plan.loss || comes_back) co_return false;
  auto waits = co_await wait_for_it(move, plan);
  co_return waits;
}

net::Task<bool> Mover::try_server(Move& move, ServerPtr server) {
  const Traveller& traveller = *move.session->traveller;
  const Profile profile = traveller.profile;
  if (negotiated_in_login(traveller.host) && move.session->packets == nullptr) {
    move.why = "its mods are negotiated while it logs in";
    co_return false;
  }
  Caller caller(desk_, desk_.world());
  caller.version = move.session->version;
  caller.peer = move.session->client;
  caller.port = traveller.port;
  caller.host = traveller.host;
  caller.session = move.session->number;
  caller.client = move.session->packets != nullptr ? move.session->packets->client_descriptor()
                                                   : move.session->limbo->client_descriptor();
  caller.deadline = desk_.worker().now() + caller.global().limits.login_timeout;
  auto joined = co_await join_next_backend(caller, profile, server);
  if (move.session == nullptr) co_return false;
  if (!joined) {
    move.why = words_of(joined.error());
    co_return false;
  }
  NextBackend next;
  next.rules = SessionRules::of(caller.global().limits);
  next.rules.drops_chat_session = !joined->knows_account;
  next.rules.longest_silence = server->config.timeouts.read;
  next.rules.takes_commands = desk_.services().commands != nullptr;
  next.rules.answers_channel = answers_channel(caller.global(), *server);
  next.rules.holds_kicks = true;  // it has somewhere to go back to
  next.rules.luggage = &move.session->traveller->luggage;
  if (caller.version < mc::v1_20_2) {
    joined->backend.state = mc::State::play;
    auto read = co_await read_join(move, *joined, next);
    if (!read) co_return false;
  }
  auto ready = co_await await_ready(move);
  if (!ready) co_return false;
  arrive(move, *joined, std::move(next));
  co_return true;
}

// Up to here the player sees nothing of it.
net::Task<bool> Mover::read_join(Move& move, BackendJoined& joined, NextBackend& next) {
  const mc::Version version = joined.backend.version();
  const bool forge = is_forge(move.session->traveller->host);
  const mc::IdMap& ids = mc::id_map(version, mc::State::play, mc::Bound::client);
  const TimePoint deadline = desk_.worker().now() + desk_.world()->global->limits.login_timeout;
  std::vector<ByteBuffer> before;
  std::size_t bytes = 0;
  for (;;) {
    auto packet = co_await joined.backend.read(mc::max_frame, deadline);
    if (move.session == nullptr) co_return false;
    if (!packet) {
      move.why = packet.error().what;
      co_return false;
    }
    const mc::Kind kind = ids.kind(packet->id);
    if (kind == mc::Kind::kick_disconnect) {
      const auto kick = mc::decode<mc::KickDisconnect>(packet->fields, version, Fault::backend);
      move.why = kick ? escaped_for_log(readable_reason(kick->reason.json), longest_words)
                      : "kicked by the server";
      co_return false;
    }
    if (kind == mc::Kind::login) {
      auto rejoin = mc::rejoin_packets(packet->fields, version, forge);
      if (!rejoin) {
        move.why = rejoin.error().what;
        co_return false;
      }
      next.rejoin = std::move(*rejoin);
      next.behind_login = std::move(before);
      co_return true;
    }
    before.push_back(whole(*packet));
    bytes += before.back().size();
    if (bytes > most_before_login) {
      move.why = "it sends too much before it lets the player in";
      co_return false;
    }
  }
}

// A client that is on its way into a world is waited for: it can only be turned from one.
net::Task<bool> Mover::await_ready(Move& move) {
  const TimePoint deadline = desk_.worker().now() + longest_arrival;
  for (;;) {
    const Session& session = *move.session;
    const bool ready =
        session.packets != nullptr ? session.packets->can_move() : session.limbo->spawned();
    if (ready) co_return true;
    if (desk_.worker().now() >= deadline) {
      move.why = "the player is not in a world yet";
      co_return false;
    }
    auto slept = co_await desk_.worker().sleep_until(desk_.worker().now() + look_again);
    if (!slept || move.session == nullptr) co_return false;
  }
}

// --- Arriving ---

void Mover::arrive(Move& move, BackendJoined& joined, NextBackend next) {
  Session& session = *move.session;
  Traveller& traveller = *session.traveller;
  if (session.packets != nullptr) {
    traveller.came_from = session.packets->is_attached() ? session.server : nullptr;
  } else if (!session.visit) {
    traveller.came_from = session.server;  // a limbo
  }
  traveller.moved_at = desk_.worker().now();
  next.link = joined.backend.release();
  // The one of the server that is left goes with it.
  traveller.lesson = LimboLesson::of(desk_.services().limbo, session.version, joined.server->id());
  next.rules.lesson = traveller.lesson.get();
  const SessionRules rules = next.rules;
  desk_.seat(session, {.server = std::move(joined.server),
                       .place = std::move(joined.place),
                       .at_address = std::move(joined.at_address),
                       .address = joined.address,
                       .routed_to = std::move(joined.routed_to)});
  if (session.packets != nullptr) return session.packets->take_backend(std::move(next));
  if (session.visit) session.visit->leave(api::LimboLeave::released);
  session.visit.reset();
  session.carried.to_client += session.limbo->sent();
  const std::int64_t asked = session.limbo->open_keep_alive();
  SessionStart start{.version = session.version,
                     .client = session.limbo->release_client(),
                     .backend = {},
                     .rules = rules,
                     .asked = asked};
  if (rules.takes_commands)
    start.commands = desk_.services().commands->tree_for(Desk::caller_of(session));
  session.limbo = nullptr;
  desk_.add_packets(session, start);  // after which the record may be gone
  if (move.session != nullptr) session.packets->take_backend(std::move(next));
}

}  // namespace drawbridge::core
