#include "core/wake/door.hpp"

#include <optional>
#include <utility>

#include "base/log.hpp"
#include "config/server.hpp"
#include "core/auth/account_check.hpp"
#include "core/farewell.hpp"
#include "core/limbo/limbo_entry.hpp"
#include "core/limbo/limbo_visit.hpp"
#include "core/limbo/server_wake.hpp"
#include "core/wake/send_back.hpp"

namespace drawbridge::core {

namespace {

using Kind = WaitOutcome::Kind;

WaitOutcome refused(config::Kick kick, std::string detail) {
  return {.kind = Kind::refused, .kick = kick, .wait = {}, .detail = std::move(detail)};
}

class Door {
 public:
  Door(Connection& connection, Place place)
      : connection_(connection),
        place_(std::move(place)),
        client_(std::move(connection.client), Fault::client, connection.hello.version,
                connection.desk.codecs()),
        way_(while_starting_for(connection)),
        number_(services().next_session.fetch_add(1, std::memory_order_relaxed)) {}

  net::Task<WaitOutcome> run(bool unreachable);

 private:
  net::Task<WaitOutcome> verify();
  net::Task<WaitOutcome> come_again();
  net::Task<WaitOutcome> wait_in_limbo(Profile profile, LimboFramesPtr frames, LimboVisitPtr visit);
  LimboVisitPtr visit_of(const Profile& profile);
  net::Task<WaitOutcome> say(WaitOutcome outcome, Verdict verdict);
  [[nodiscard]] Services& services() const { return connection_.desk.services(); }
  [[nodiscard]] TimePoint now() const { return connection_.desk.worker().now(); }
  // The client has been told something that no backend can go on from.
  [[nodiscard]] bool is_ours() const {
    return client_.is_encrypted() || client_.state != mc::State::login;
  }
  void give_back();

  Connection& connection_;
  Place place_;
  PacketStream client_;
  const config::WhileStarting way_;
  const std::uint64_t number_;  // of its session in the limbo
  api::WakeRequest who_;
  std::optional<Profile> profile_;  // once it has been checked on this connection
  Verdict verdict_;                 // of the gate, if it was it
};

net::Task<WaitOutcome> Door::run(bool unreachable) {
  const mc::Hello& hello = connection_.hello;
  who_ = {.cause = api::WakeCause::login,
          .player = hello.player,
          .uuid = hello.claimed_uuid,
          .verified = false,
          .host = connection_.host.name};
  const auto known = services().known_accounts.find(connection_.peer.address, hello.player, now());
  if (known) {
    who_.uuid = known;
    who_.verified = true;
  }
  const bool holds = way_ == config::WhileStarting::hold;
  AskToWake ask{.who = who_, .unreachable = unreachable, .waits = holds};
  auto outcome = co_await wait_for_server(connection_, client_, std::move(ask));
  if (outcome.kind == Kind::unverified) outcome = co_await verify();
  if (outcome.kind == Kind::under_way || (outcome.kind == Kind::dial && is_ours()))
    outcome = co_await come_again();
  if (!is_ours()) {
    give_back();
    co_return outcome;
  }
  if (outcome.kind == Kind::over) co_return outcome;
  auto said = co_await say(std::move(outcome), std::move(verdict_));
  co_return said;
}

// It is being started, or ready: those who cannot simply go on are sent away.
net::Task<WaitOutcome> Door::come_again() {
  if (way_ != config::WhileStarting::transfer)
    co_return refused(config::Kick::starting, "it is to come again");
  if (!profile_) connection_.deadline = now() + connection_.global().limits.login_timeout;
  Profile profile;
  if (profile_) {
    profile = *profile_;
  } else {
    profile.name = connection_.hello.player;
    profile.uuid = offline_uuid(profile.name);
  }
  // Mods of these versions are told to a server in configuration; ours would have none.
  auto frames = limbo_frames_for(connection_);
  if (frames && connection_.host.kept.empty()) {
    LimboVisitPtr visit = visit_of(profile);
    if (!visit->walk()) {
      auto waits = co_await wait_in_limbo(std::move(profile), std::move(*frames), std::move(visit));
      co_return waits;
    }
  }
  auto sent = co_await send_back_when_ready(connection_, client_, profile.name, profile.uuid, who_);
  co_return sent;
}

LimboVisitPtr Door::visit_of(const Profile& profile) {
  return LimboVisitPtr(
      new LimboVisit(connection_.desk, {.player = {.session = number_,
                                                   .name = profile.name,
                                                   .uuid = profile.uuid,
                                                   .verified = who_.verified,
                                                   .address = connection_.peer,
                                                   .host = connection_.host.name,
                                                   .protocol = mc::number(client_.version())},
                                        .context = {.server = connection_.server->id()},
                                        .server = connection_.server,
                                        .chain = {std::string(ServerWake::name)},
                                        .way_back = way_back(connection_)}));
}

// `over`: there it is nobody's that is in a coroutine.
net::Task<WaitOutcome> Door::wait_in_limbo(Profile profile, LimboFramesPtr frames,
                                           LimboVisitPtr visit) {
  auto inside = co_await let_into_limbo(connection_, client_, profile);
  if (!inside)
    co_return WaitOutcome{.kind = Kind::gone,
                          .kick = config::Kick::starting,
                          .wait = {},
                          .detail = std::move(inside.error().what)};
  Session session{.number = number_,
                  .server = connection_.server,
                  .place = std::move(place_),
                  .at_address = {},
                  .seat = std::move(connection_.seat),
                  .at_listener = std::move(connection_.arrival.place),
                  .source = std::move(connection_.arrival.source),
                  .names = SessionNames(profile.name, connection_.host.name),
                  .client = connection_.peer,
                  .uuid = profile.uuid,
                  .version = connection_.hello.version};
  session.visit = std::move(visit);
  begin_limbo(connection_, client_, profile, std::move(frames), std::move(session));
  co_return WaitOutcome{.kind = Kind::over};
}

// Who it is, before anything is started for it; then it is asked for once more.
net::Task<WaitOutcome> Door::verify() {
  const mc::Hello& hello = connection_.hello;
  if (hello.is_legacy() || hello.version < mc::oldest_known)
    co_return refused(config::Kick::version_unsupported,
                      "verify_before_wake: older than 1.7.2 cannot be verified");
  if (is_bedrock(connection_.host))
    co_return refused(config::Kick::bedrock_refused,
                      "verify_before_wake: no Java session server knows a Floodgate player");
  connection_.deadline = now() + connection_.global().limits.login_timeout;
  client_.push(connection_.buffered().subspan(hello.size));
  auto checked = co_await check_account(connection_, client_);
  if (!checked && !checked.error().kick) {
    const bool late = now() >= connection_.deadline;
    if (late) co_return refused(config::Kick::login_timed_out, std::move(checked.error().detail));
    co_return WaitOutcome{.kind = Kind::gone,
                          .kick = config::Kick::starting,
                          .wait = {},
                          .detail = std::move(checked.error().detail)};
  }
  if (!checked) co_return refused(*checked.error().kick, std::move(checked.error().detail));
  profile_ = std::move(*checked);
  Verdict verdict = connection_.gate().at_identity(profile_->name, profile_->uuid,
                                                   profile_->authenticated, *connection_.server);
  if (!verdict.passed()) {
    verdict_ = std::move(verdict);
    co_return refused(verdict_.kick, std::string(name_of(*verdict_.refusal)));
  }
  connection_.stranger.leave();
  services().known_accounts.note(connection_.peer.address, profile_->name, profile_->uuid, now());
  who_.player = profile_->name;
  who_.uuid = profile_->uuid;
  who_.verified = true;
  log::info("wake", "verified",
            {{"server", connection_.server->id()},
             {"player", profile_->name},
             {"uuid", profile_->uuid.text()}});
  AskToWake ask{.who = who_, .unreachable = false, .waits = false};
  auto outcome = co_await wait_for_server(connection_, client_, std::move(ask));
  co_return outcome;
}

// The last words of a client that is ours.
net::Task<WaitOutcome> Door::say(WaitOutcome outcome, Verdict verdict) {
  if (services().stopping) outcome.kick = config::Kick::shutdown;
  const bool silent = outcome.kind == Kind::gone && !services().stopping;
  outcome.kind = Kind::over;
  if (silent && connection_.stranger.was_shed()) {
    connection_.drop({});
    co_return outcome;
  }
  if (silent) {
    connection_.log_refusal(log::Level::info, "left while waiting for the server", outcome.detail);
    co_return outcome;
  }
  connection_.log_refusal(log::Level::info, config::name_of(outcome.kick), outcome.detail);
  connection_.count_refusal(verdict.refusal.value_or(reason_for(outcome.kick)));
  TextSubject about = connection_.subject();
  about.wait = outcome.wait;
  about.reason = verdict.reason;
  about.remaining = verdict.remaining;
  const mc::Text words = kick_words(outcome.kick, about);
  co_await farewell(std::move(client_), words, now() + farewell_time);
  co_return outcome;
}

void Door::give_back() {
  LinkStart link = client_.release();
  connection_.client = net::Stream(connection_.desk.worker(), std::move(link.fd), Fault::client);
  connection_.append(link.unread);
}

}  // namespace

net::Task<WaitOutcome> wait_at_the_door(Connection& connection, bool unreachable) {
  Place place =
      Place::take(connection.server->state, connection.server->most_for(connection.hello.player));
  if (!place) co_return refused(config::Kick::full, "max_players reached");
  Door door(connection, std::move(place));
  auto outcome = co_await door.run(unreachable);
  co_return outcome;
}

}  // namespace drawbridge::core
