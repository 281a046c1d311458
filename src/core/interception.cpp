#include "core/interception.hpp"

#include <algorithm>
#include <expected>
#include <optional>
#include <utility>

#include "config/server.hpp"
#include "core/auth/account_check.hpp"
#include "core/auth/name_rules.hpp"
#include "core/backend_login.hpp"
#include "core/commands/bungee_channel.hpp"
#include "core/commands/game_commands.hpp"
#include "core/farewell.hpp"
#include "core/limbo/limbo_entry.hpp"
#include "core/limbo/limbo_host.hpp"
#include "core/limbo/limbo_visit.hpp"
#include "core/limbo/reconnect.hpp"
#include "core/limbo/server_wake.hpp"
#include "core/login_success.hpp"
#include "core/login_under_way.hpp"
#include "core/packet_stream.hpp"
#include "core/player_directory.hpp"
#include "core/profile.hpp"
#include "core/session/mover.hpp"
#include "core/session/session_start.hpp"
#include "core/session/traveller.hpp"
#include "core/wake/send_back.hpp"
#include "core/wake/wait.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/login.hpp"
#include "mc/text.hpp"
#include "net/later.hpp"
#include "net/socket_options.hpp"

namespace drawbridge::core {

namespace {

// How long a login waits for the worker of another one that it replaces.
constexpr Duration replacing_time = seconds(5);

// Why a login ends here. Without a kick the client is gone, or late.
struct Denied {
  std::optional<config::Kick> kick;
  std::string detail;
  Verdict verdict = {};    // of the gate, if it was it
  bool is_said = false;    // nothing is left to say: it was sent away
  std::string words = {};  // not empty: a limbo handler's own
};
using Step = std::expected<void, Denied>;

std::unexpected<Denied> denied(config::Kick kick, std::string detail = {}) {
  return std::unexpected(Denied{.kick = kick, .detail = std::move(detail), .verdict = {}});
}
std::unexpected<Denied> lost(std::string detail) {
  return std::unexpected(Denied{.kick = std::nullopt, .detail = std::move(detail), .verdict = {}});
}

std::unexpected<Denied> over() {
  return std::unexpected(
      Denied{.kick = std::nullopt, .detail = {}, .verdict = {}, .is_said = true});
}

// No backend was reached, and none has said a word.
bool is_unreachable(const Refusal& refusal) {
  return refusal.fault == Fault::backend && refusal.reason.empty() &&
         refusal.kick == config::Kick::offline && refusal.detail.empty();
}

class Interception {
 public:
  Interception(Connection& connection, net::TaskControl& control);
  net::Task<> run();

 private:
  net::Task<Step> identify();
  net::Task<Step> authenticate();
  void trust_the_name();
  net::Task<Step> be_the_only_one();
  net::Task<std::expected<BackendJoined, Refusal>> join();
  net::Task<Step> await_server();
  net::Task<Step> wake_server(bool unreachable);
  net::Task<Step> let_in(BackendJoined& joined);
  net::Task<> stay_in_limbo(ServerPtr server, LimboVisitPtr visit);
  [[nodiscard]] bool waits_in_limbo() const;
  [[nodiscard]] bool comes_again() const;
  bool follow_to(const std::string& id);
  // The handlers of a server, before and after it was dialled. Nothing: go on.
  net::Task<std::optional<Step>> visit_handlers(bool unreachable);
  // What the desk keeps of this player.
  Session record(ServerPtr server, Place place);
  net::Task<> end(Denied why);
  net::Task<> pass_on(Refusal refusal);
  void hand_to_session(BackendJoined joined);
  void tell_why_elsewhere();

  [[nodiscard]] bool is_late() const { return worker().now() >= connection_.deadline; }
  [[nodiscard]] net::Worker& worker() const { return connection_.desk.worker(); }
  [[nodiscard]] Services& services() const { return connection_.desk.services(); }

  Connection& connection_;
  const std::uint64_t number_;
  LoginUnderWay under_way_;
  PacketStream client_;
  Profile profile_;
  PlayerDirectory::Presence presence_;
  std::optional<Denied> refused_;  // while a server was woken
};

Interception::Interception(Connection& connection, net::TaskControl& control)
    : connection_(connection),
      number_(services().next_session.fetch_add(1, std::memory_order_relaxed)),
      under_way_(connection.desk.logins(), number_, control),
      client_(std::move(connection.client), Fault::client, connection.hello.version,
              connection.desk.codecs()) {
  client_.push(connection.buffered().subspan(connection.hello.size));
}

net::Task<> Interception::run() {
  auto identified = co_await identify();  // who it is, as far as the mode asks
  if (!identified) co_return co_await end(std::move(identified.error()));
  // Who it is was only claimed before: bans by UUID, lists with UUIDs.
  Verdict verdict = connection_.gate().at_identity(profile_.name, profile_.uuid,
                                                   profile_.authenticated, *connection_.server);
  if (!verdict.passed())
    co_return co_await end({.kick = verdict.kick,
                            .detail = std::string(name_of(*verdict.refusal)),
                            .verdict = std::move(verdict)});
  if (profile_.authenticated) connection_.stranger.leave();
  auto alone = co_await be_the_only_one();  // nobody plays twice
  if (!alone) co_return co_await end(std::move(alone.error()));
  auto visited = co_await visit_handlers(false);  // who may want it to wait
  if (visited && *visited) co_return;
  if (visited) co_return co_await end(std::move(visited->error()));
  if (connection_.server->config.limbo)
    co_return co_await stay_in_limbo(connection_.server, nullptr);
  auto awake = co_await await_server();  // which may sleep
  if (!awake) co_return co_await end(std::move(awake.error()));
  auto joined = co_await join();  // while it still logs in
  if (!joined && joined.error().limbo && !refused_ && !under_way_.ended_with()) {
    co_await stay_in_limbo(std::move(joined.error().limbo), nullptr);
    co_return tell_why_elsewhere();
  }
  if (!joined && is_unreachable(joined.error()) && !refused_ && !under_way_.ended_with()) {
    auto waits = co_await visit_handlers(true);
    if (waits && *waits) co_return;
    if (waits) co_return co_await end(std::move(waits->error()));
  }
  if (refused_) co_return co_await end(std::move(*refused_));
  if (!joined) co_return co_await pass_on(std::move(joined.error()));
  auto finished = co_await let_in(*joined);  // compression, success
  if (!finished) co_return co_await end(std::move(finished.error()));
  if (under_way_.ended_with()) co_return co_await end({});  // since the last wait
  const bool elsewhere = joined->server->id() != connection_.server->id();
  hand_to_session(std::move(*joined));
  if (elsewhere) tell_why_elsewhere();
}

void Interception::tell_why_elsewhere() {
  connection_.desk.mover().tell_why(number_, connection_.server->id() + " cannot be reached");
}

net::Task<Step> Interception::identify() {
  if (connection_.server->config.proxy_mode == config::ProxyMode::client_only)
    co_return co_await authenticate();
  trust_the_name();
  co_return Step{};
}

net::Task<Step> Interception::authenticate() {
  auto checked = co_await check_account(connection_, client_);
  if (!checked)
    co_return std::unexpected(Denied{
        .kick = checked.error().kick, .detail = std::move(checked.error().detail), .verdict = {}});
  profile_ = std::move(*checked);
  co_return Step{};
}

void Interception::trust_the_name() {
  const mc::Hello& hello = connection_.hello;
  const bool as_claimed =
      connection_.global().auth.offline_uuid == config::OfflineUuid::client && hello.claimed_uuid;
  profile_ = {.uuid = as_claimed ? *hello.claimed_uuid : offline_uuid(hello.player),
              .name = hello.player,
              .properties = {},
              .key = {},  // signed for an account, which this player may not have
              .authenticated = false};
}

net::Task<Step> Interception::be_the_only_one() {
  // A UUID that is only claimed identifies nobody: there it is the name that may play once.
  const Uuid identity = profile_.authenticated ? profile_.uuid : offline_uuid(profile_.name);
  const PlayerDirectory::Holder self{.number = number_,
                                     .address = connection_.peer.address,
                                     .authenticated = profile_.authenticated,
                                     .desk = &connection_.desk};
  auto entered =
      services().players.enter(identity, self, connection_.global().auth.duplicate_login);
  if (!entered.presence)
    co_return denied(config::Kick::duplicate_login, "this player is here already");
  presence_ = std::move(entered.presence);
  if (!entered.replaced) co_return Step{};
  // The other one's backend must see it leave before it sees this one come.
  net::Later<bool> gone(worker());
  Desk* const desk = entered.replaced->desk;
  desk->worker().post([desk, number = entered.replaced->number, give = gone.resolver()] {
    desk->end_player(number, config::Kick::logged_in_elsewhere);
    give(true);
  });
  const TimePoint until = std::min(connection_.deadline, worker().now() + replacing_time);
  auto ended = co_await gone.get(until);
  if (!ended && ended.error() == net::IoError::Kind::cancelled) co_return lost("cancelled");
  co_return Step{};
}

// A server that was thought to be there may be asleep by now: then once more.
net::Task<std::expected<BackendJoined, Refusal>> Interception::join() {
  auto joined = co_await join_backend(connection_, profile_, client_);
  const bool may_sleep = connection_.server->wake && !connection_.routed && !waits_in_limbo();
  if (joined || !may_sleep || !is_unreachable(joined.error())) co_return joined;
  auto woken = co_await wake_server(true);
  if (!woken) {
    refused_ = std::move(woken.error());
    co_return joined;
  }
  auto again = co_await join_backend(connection_, profile_, client_);
  co_return again;
}

net::Task<Step> Interception::await_server() {
  const std::shared_ptr<WakeRecord>& wake = connection_.server->wake;
  if (!wake || connection_.routed || may_answer(wake->state())) co_return Step{};
  auto woken = co_await wake_server(false);
  co_return woken;
}

net::Task<Step> Interception::wake_server(bool unreachable) {
  api::WakeRequest who{.cause = api::WakeCause::login,
                       .player = profile_.name,
                       .uuid = profile_.uuid,
                       .verified = profile_.authenticated,
                       .host = connection_.host.name};
  const auto way = while_starting_for(connection_);
  const bool holds = way == config::WhileStarting::hold || way == config::WhileStarting::limbo;
  AskToWake ask{.who = who, .unreachable = unreachable, .waits = holds};
  auto waited = co_await wait_for_server(connection_, client_, std::move(ask));
  if (waited.kind == WaitOutcome::Kind::under_way && way == config::WhileStarting::transfer)
    waited = co_await send_back_when_ready(connection_, client_, profile_.name, profile_.uuid,
                                           std::move(who));
  if (waited.kind == WaitOutcome::Kind::dial) co_return Step{};
  if (waited.kind == WaitOutcome::Kind::over) co_return over();
  if (waited.kind == WaitOutcome::Kind::gone) co_return lost(std::move(waited.detail));
  if (client_.state != mc::State::login)  // it is past the point where another could stand in
    co_return denied(waited.kick, std::move(waited.detail));
  // Others may stand in for one that cannot be had.
  const bool elsewhere = waited.kind == WaitOutcome::Kind::unreachable ||
                         waited.kick == config::Kick::start_failed ||
                         waited.kick == config::Kick::offline;
  const bool has_others =
      !config::effective_fallback(connection_.server->config, connection_.global()).empty();
  if (elsewhere && has_others && !unreachable) co_return Step{};
  Denied no{.kick = waited.kick, .detail = std::move(waited.detail), .verdict = {}};
  no.verdict.wait = waited.wait;
  co_return std::unexpected(std::move(no));
}

net::Task<Step> Interception::let_in(BackendJoined& joined) {
  if (joined.success.properties.empty()) joined.success.properties = profile_.properties;
  auto told = co_await send_login_success(client_, joined.backend.threshold(), joined.success,
                                          connection_.deadline);
  if (!told) co_return lost(std::move(told.error().what));
  if (client_.state == mc::State::play) {
    joined.backend.state = mc::State::play;
    co_return Step{};
  }
  mc::LoginAcknowledged acknowledged;
  auto passed = co_await joined.backend.write(acknowledged, connection_.deadline);
  if (!passed) co_return lost(std::move(passed.error().what));
  joined.backend.state = mc::State::configuration;
  co_return Step{};
}

// The world between servers, for as long as there is no other; no backend is asked.
net::Task<> Interception::stay_in_limbo(ServerPtr server, LimboVisitPtr visit) {
  auto frames = limbo_frames_for(connection_);
  if (!frames)
    co_return co_await end({.kick = config::Kick::limbo_unavailable,
                            .detail = std::move(frames.error().what),
                            .verdict = {}});
  const auto verified = profile_.authenticated ? std::optional(profile_.uuid) : std::nullopt;
  Place place = Place::take(server->state, server->most_for(profile_.name, verified));
  if (!place)
    co_return co_await end(
        {.kick = config::Kick::full, .detail = "max_players reached", .verdict = {}});
  auto inside = co_await let_into_limbo(connection_, client_, profile_);
  if (!inside)
    co_return co_await end(
        {.kick = std::nullopt, .detail = std::move(inside.error().what), .verdict = {}});
  if (under_way_.ended_with()) co_return co_await end({});  // since the last wait
  Session session = record(std::move(server), std::move(place));
  session.visit = std::move(visit);
  begin_limbo(connection_, client_, profile_, std::move(*frames), std::move(session));
}

// --- Limbo handlers ---

// Whoever waits is sent away when the server is ready, and comes again.
bool Interception::comes_again() const {
  return connection_.server->wake && connection_.server->config.server_manager &&
         while_starting_for(connection_) == config::WhileStarting::transfer;
}

// While the server starts; who cannot is held in its log-in, or in configuration.
bool Interception::waits_in_limbo() const {
  const auto& keys = connection_.server->config.server_manager;
  if (!keys || !connection_.server->wake || connection_.routed || !limbo_frames_for(connection_))
    return false;
  const auto& handlers = connection_.server->config.limbo_handlers;
  const bool named = std::ranges::find(handlers, ServerWake::name) != handlers.end();
  if (!keys->while_starting) return named;
  return *keys->while_starting == config::WhileStarting::limbo || comes_again();
}

// Another server instead of the one that the host led to.
bool Interception::follow_to(const std::string& id) {
  const auto index = connection_.world->index_of(id);
  if (!index || !may_stand_in(Caller(connection_), *connection_.world->servers[*index], profile_))
    return false;
  connection_.server = connection_.world->servers[*index];
  connection_.routed.reset();
  return true;
}

net::Task<std::optional<Step>> Interception::visit_handlers(bool unreachable) {
  LimboVisit::Start start{.player = {.session = number_,
                                     .name = profile_.name,
                                     .uuid = profile_.uuid,
                                     .verified = profile_.authenticated,
                                     .address = connection_.peer,
                                     .host = connection_.host.name,
                                     .protocol = mc::number(client_.version())},
                          .context = {.server = connection_.server->id()},
                          .server = connection_.server,
                          .chain = limbo_chain(*connection_.server, waits_in_limbo()),
                          .unreachable = unreachable};
  if (comes_again()) start.way_back = way_back(connection_);
  if (unreachable)  // the others have had their say
    std::erase_if(start.chain, [](const std::string& name) {
      return name != ServerWake::name && name != Reconnect::name;
    });
  if (start.chain.empty()) co_return std::nullopt;
  LimboVisitPtr visit(new LimboVisit(connection_.desk, std::move(start)));
  auto outcome = visit->walk();
  if (!outcome) {
    co_await stay_in_limbo(connection_.server, std::move(visit));
    co_return Step{};
  }
  if (outcome->kind == api::LimboOutcome::Kind::accept) co_return std::nullopt;
  if (outcome->kind == api::LimboOutcome::Kind::redirect) {
    if (follow_to(outcome->server)) co_return std::nullopt;
    outcome = api::LimboOutcome::deny_with("limbo_unavailable",
                                           "a handler sent the player to " + outcome->server);
  }
  Denied no{.kick = kick_of(*outcome), .detail = outcome->detail, .words = outcome->words};
  no.verdict.wait = outcome->wait;
  co_return std::unexpected(std::move(no));
}

Session Interception::record(ServerPtr server, Place place) {
  TravellerPtr traveller(new Traveller{.profile = profile_,
                                       .host = connection_.host,
                                       .port = connection_.hello.port,
                                       .luggage = {}});
  return {.number = number_,
          .server = std::move(server),
          .place = std::move(place),
          .at_address = {},
          .seat = std::move(connection_.seat),
          .presence = std::move(presence_),
          .at_listener = std::move(connection_.arrival.place),
          .source = std::move(connection_.arrival.source),
          .names = SessionNames(profile_.name, connection_.host.name),
          .client = connection_.peer,
          .uuid = profile_.uuid,
          .version = connection_.hello.version,
          .traveller = std::move(traveller)};
}

void Interception::hand_to_session(BackendJoined joined) {
  net::apply_congestion(client_.stream().fd(), connection_.global().tcp_congestion);
  SessionRules rules = SessionRules::of(connection_.global().limits);
  rules.drops_chat_session = !joined.knows_account;
  rules.longest_silence = joined.server->config.timeouts.read;
  rules.takes_commands = services().commands != nullptr;
  rules.answers_channel = answers_channel(connection_.global(), *joined.server);
  SessionStart start{.version = client_.version(),
                     .client = client_.release(),
                     .backend = joined.backend.release(),
                     .rules = rules};
  Session session = record(std::move(joined.server), std::move(joined.place));
  start.rules.luggage = &session.traveller->luggage;
  session.traveller->lesson =
      LimboLesson::of(services().limbo, client_.version(), session.server->id());
  start.rules.lesson = session.traveller->lesson.get();
  start.rules.holds_kicks = may_be_kept(*session.server, connection_.global());
  session.at_address = std::move(joined.at_address);
  session.names = SessionNames(profile_.name, connection_.host.name, joined.routed_to);
  session.address = joined.address;
  if (rules.takes_commands) {
    api::Caller caller{.kind = api::Caller::Kind::player,
                       .name = profile_.name,
                       .uuid = profile_.uuid,
                       .verified = profile_.authenticated,
                       .server = session.server->id(),
                       .session = number_};
    start.commands = services().commands->tree_for(caller);
  }
  connection_.desk.begin_session(std::move(session), std::move(start));
}

net::Task<> Interception::end(Denied why) {
  if (why.is_said) co_return;
  const auto ended_with = under_way_.ended_with();
  if (ended_with) why = {.kick = ended_with, .detail = {}, .verdict = {}};
  if (services().stopping) why.kick = config::Kick::shutdown;
  if (!why.kick && is_late()) why.kick = config::Kick::login_timed_out;
  if (!why.kick && connection_.stranger.was_shed()) co_return connection_.drop({});
  if (!why.kick)
    co_return connection_.log_refusal(log::Level::info, "left while logging in", why.detail);
  connection_.log_refusal(log::Level::info, config::name_of(*why.kick), why.detail);
  connection_.count_refusal(why.verdict.refusal.value_or(reason_for(*why.kick)));
  TextSubject about = connection_.subject();
  about.reason = why.verdict.reason;
  about.remaining = why.verdict.remaining;
  about.wait = why.verdict.wait;
  const mc::Text words =
      why.words.empty() ? kick_words(*why.kick, about) : mc::Text::legacy(std::move(why.words));
  net::Task<> last = farewell(std::move(client_), words, worker().now() + farewell_time);
  // This chain is cancelled and can wait for nothing, another one can.
  if (ended_with) co_return worker().spawn(std::move(last));
  co_await std::move(last);
}

net::Task<> Interception::pass_on(Refusal refusal) {
  if (connection_.stranger.was_shed()) co_return connection_.drop({});
  const bool ours =
      refusal.fault == Fault::client || services().stopping || under_way_.ended_with();
  if (ours) co_return co_await end({});
  connection_.count_refusal(refusal.reason.empty() ? reason_for(refusal.kick)
                                                   : RefusalReason::other);
  mc::LoginDisconnect words = disconnect_for(connection_, refusal);
  co_await say_last(std::move(client_), std::move(words), worker().now() + farewell_time);
}

// What can be refused before anything is asked of the client.
std::optional<Denied> refusal_of(Connection& connection) {
  const mc::Hello& hello = connection.hello;
  const config::GlobalConfig& global = connection.global();
  if (hello.is_legacy() || hello.version < mc::oldest_known)
    return Denied{
        .kick = config::Kick::version_unsupported, .detail = "older than 1.7.2", .verdict = {}};
  if (hello.kind == mc::HelloKind::transfer) {
    const bool ours = connection.desk.services().transfers.take(
        connection.peer.address, hello.player, connection.desk.worker().now());
    if (!ours && !global.accept_transfers)
      return Denied{.kick = config::Kick::transfers_refused,
                    .detail = "accept_transfers is off",
                    .verdict = {}};
  }
  const bool bedrock = is_bedrock(connection.host);
  if (bedrock && connection.server->config.proxy_mode == config::ProxyMode::client_only)
    return Denied{.kick = config::Kick::bedrock_refused,
                  .detail = "a Floodgate player cannot be verified by a Java session server",
                  .verdict = {}};
  // Floodgate's plugin in the backend names Bedrock players itself.
  if (!bedrock && !is_allowed_name(hello.player, global.auth.names))
    return Denied{.kick = config::Kick::invalid_name, .detail = "auth.names", .verdict = {}};
  return std::nullopt;
}

}  // namespace

net::Task<> intercept(Connection& connection) {
  const auto refused = refusal_of(connection);
  if (refused) co_return co_await connection.refuse(*refused->kick, refused->detail);
  connection.deadline = connection.desk.worker().now() + connection.global().limits.login_timeout;
  net::TaskControl& control = co_await net::this_task();
  Interception story(connection, control);
  co_await story.run();
}

}  // namespace drawbridge::core
