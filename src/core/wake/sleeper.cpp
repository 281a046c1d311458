// One file, though long: the table's events are made here, and each rule of when needs the others
// beside it.
#include "core/wake/sleeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "config/grammar.hpp"
#include "core/reach.hpp"
#include "mc/status.hpp"

namespace drawbridge::core {

namespace {

constexpr Duration ping_every = milliseconds(500);      // while starting
constexpr Duration stopping_every = milliseconds(500);  // looks while it stops
constexpr Duration doubt_every = seconds(1);            // looks after a ping that failed
constexpr int closes_for_online = 5;
constexpr int silences_for_unreachable = 3;
// How long a start may go without the keeper seeing it run.
constexpr Duration grace = seconds(10);
constexpr Duration crash_rest = seconds(30);
// Beyond shutdown_timeout, after which a keeper forces the stop.
constexpr Duration stop_margin = seconds(30);
constexpr std::size_t starts_remembered = 5;
constexpr std::size_t longest_status = 64 << 10;

using api::KeeperReport;
using api::KeeperState;

// Told to: because it is under way, or when it is ready.
bool comes_again(const Knock& knock) {
  return knock.leaves || (!knock.waits && knock.who.cause == api::WakeCause::login);
}

WakeAnswer refused(config::Kick kick, std::string detail) {
  return {.kind = WakeAnswer::Kind::refused, .kick = kick, .wait = {}, .detail = std::move(detail)};
}

}  // namespace

Sleeper::Sleeper(SleeperTools& tools, ServerPtr server, WakeMemory memory)
    : tools_(tools), record_(server->wake), starts_(std::move(memory.starts)) {
  since_ = Clock::now();
  // Whoever has the id had a record before (a file that went and came): what runs is found out.
  record_->set_state(WakeState::unknown, since_);
  record_->set_usual_start(usual_start());
  if (!memory.status.empty()) record_->set_status(std::move(memory.status));
  note_address({.state = KeeperState::unknown, .detail = {}, .address = std::move(memory.address)});
  follow(std::move(server));
}

Sleeper::~Sleeper() {
  answer_everybody(refused(config::Kick::offline, "the server is gone"));
}

void Sleeper::follow(ServerPtr server) {
  server_ = std::move(server);
  allow_ = PlayerList(keys().wake_allow);
  deny_ = PlayerList(keys().wake_deny);
  if (keeper_) schedule();
}

void Sleeper::employ(std::unique_ptr<api::Keeper> keeper) {
  keeper_ = std::move(keeper);
  abilities_ = keeper_->abilities();
  employed_ = std::make_shared<bool>(true);
  looking_ = look_again_ = confirming_ = false;
  run_.confirmed =
      true;  // what the earlier one would have said about a start is not heard any more
  look();
}

void Sleeper::on_report(const KeeperReport& report) {
  if (ending_) return;
  take(report, true);
  // A hint that it may be ready: no need to wait for the next ping.
  if (state() == WakeState::starting && report.state == KeeperState::running)
    ping_timer_ = tools_.control.after(Duration::zero(), [this] { ping_while_starting(); });
  schedule();
}

WakeMemory Sleeper::memory() const {
  const WakeLook now = record_->look(Clock::now());
  const auto address = record_->address();
  return {.starts = starts_,
          .address = address ? address->address.text() : std::string(),
          .status = now.last_status ? *now.last_status : std::string()};
}

std::optional<Duration> Sleeper::usual_start() const {
  if (starts_.empty()) return std::nullopt;
  std::vector<Duration> sorted(starts_.begin(), starts_.end());
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

// --- Who knocks ---

std::optional<WakeAnswer> Sleeper::refusal_for(const Knock& knock) {
  using enum api::WakeCause;
  const config::ServerManager& rules = keys();
  const api::WakeRequest& who = knock.who;
  if (who.cause == api) return std::nullopt;
  const bool wanted = rules.wake_on == config::WakeOn::status ||
                      (rules.wake_on == config::WakeOn::login && who.cause != status);
  if (!wanted) return refused(config::Kick::offline, "wake_on does not say so");
  const auto verified = who.verified ? who.uuid : std::nullopt;
  if (deny_.has(who.player, verified)) return refused(config::Kick::wake_denied, "wake_deny");
  if (rules.verify_before_wake && !who.verified) {
    if (who.cause == status) return refused(config::Kick::wake_denied, "a ping cannot be verified");
    return WakeAnswer{.kind = WakeAnswer::Kind::unverified};
  }
  if (!allow_.empty() && !allow_.has(who.player, verified))
    return refused(config::Kick::wake_denied, "not on wake_allow");
  const WakeBudget::Limits limits{.per_source = rules.wakes_per_source,
                                  .per_server = rules.wakes_per_server};
  const auto wait = tools_.budget.take(knock.source, server_->id(), limits, Clock::now());
  if (!wait) return std::nullopt;
  WakeAnswer no = refused(config::Kick::rate_limited, "wake budget");
  no.wait = *wait;
  return no;
}

void Sleeper::knock(const Knock& knock, WakeWaiter waiter) {
  if (ending_) return waiter.answer(refused(config::Kick::shutdown, "the proxy ends"));
  const WakeState now = state();
  const bool ready = now == WakeState::online && !knock.unreachable;
  if (ready) return waiter.answer({.kind = WakeAnswer::Kind::ready});
  // What is known may be out of date: look first, then answer. Where nothing of ours runs somebody
  // else may have started it, and a second one would find its port taken.
  const bool doubtful = may_answer(now) || (is_down(now) && absent_);
  Asking asking{looks_ + 1, knock, std::move(waiter)};
  if (!doubtful) return serve(asking);
  asking_.push_back(std::move(asking));
  look();
}

void Sleeper::serve(const Asking& asking) {
  const WakeState now = state();
  if (now == WakeState::online || may_answer(now)) {
    const bool ready = now == WakeState::online && !asking.knock.unreachable;
    const auto kind = ready ? WakeAnswer::Kind::ready : WakeAnswer::Kind::not_needed;
    return asking.waiter.answer({.kind = kind});
  }
  if (now != WakeState::starting && !(now == WakeState::stopping && after_stop_)) {
    if (const auto no = refusal_for(asking.knock)) return asking.waiter.answer(*no);
  }
  if (asking.knock.waits) {
    add_waiter(asking.waiter);
  } else {
    asking.waiter.answer({.kind = WakeAnswer::Kind::under_way});
  }
  if (now == WakeState::stopping) {
    if (!after_stop_) after_stop_ = asking.knock;
  } else if (is_down(now)) {
    begin_start(asking.knock);
  } else {
    run_.comes_again |= comes_again(asking.knock);
  }
}

// Those who left are struck out whenever the list would grow.
void Sleeper::add_waiter(WakeWaiter waiter) {
  if (waiters_.size() == waiters_.capacity())
    std::erase_if(waiters_, [](const WakeWaiter& one) { return one.alive.expired(); });
  waiters_.push_back(std::move(waiter));
}

void Sleeper::answer_waiters(const WakeAnswer& answer) {
  for (const WakeWaiter& one : std::exchange(waiters_, {}))
    if (!one.alive.expired()) one.answer(answer);
}

// Also those who wait for a look.
void Sleeper::answer_everybody(const WakeAnswer& answer) {
  for (Asking& one : std::exchange(asking_, {})) waiters_.push_back(std::move(one.waiter));
  answer_waiters(answer);
}

// --- Starting and stopping ---

void Sleeper::begin_start(const Knock& knock) {
  const api::WakeRequest& who = knock.who;
  log::info("wake", "starting",
            {{"server", server_->id()},
             {"for", who.player},
             {"source", knock.who.cause == api::WakeCause::api ? "" : knock.source.text()}});
  absent_ = stray_ = false;
  run_ = {};
  run_.ours = true;
  run_.comes_again = comes_again(knock);
  if (who.cause != api::WakeCause::api) run_.woken_by = knock.source;
  apply(WakeEvent::wake);
  keeper_->start(who, [this, alive = std::weak_ptr(employed_)](Result<KeeperReport> said) {
    if (alive.expired() || state() != WakeState::starting) return;
    if (!said) return apply(WakeEvent::start_failed, said.error().what);
    run_.confirmed = true;
    note_address(*said);
    schedule();
  });
}

Result<> Sleeper::stop(std::string why) {
  const WakeState now = state();
  if (now == WakeState::sleeping || now == WakeState::stopping) return {};
  if (!abilities_.stops) return fail(Fault::proxy, "its keeper cannot stop it");
  if (stray_) return fail(Fault::proxy, "its keeper did not start it, and cannot stop it");
  begin_stop(std::move(why));
  return {};
}

void Sleeper::begin_stop(std::string why) {
  log::info("wake", "stopping", {{"server", server_->id()}, {"why", why}});
  apply(WakeEvent::sleep, why);
  keeper_->stop({.why = std::move(why)}, [this, alive = std::weak_ptr(employed_)](Result<> said) {
    if (alive.expired() || state() != WakeState::stopping) return;
    if (!said) return apply(WakeEvent::stop_failed, said.error().what);
    look();
  });
}

void Sleeper::proxy_ends(std::function<void()> done) {
  ending_ = true;
  timer_.cancel();
  ping_timer_.cancel();
  answer_everybody(refused(config::Kick::shutdown, "the proxy ends"));
  keeper_->proxy_ends(std::move(done));
}

// --- States ---

void Sleeper::apply(WakeEvent event, std::string_view why) {
  const WakeState before = state();
  const WakeState next = after(before, event);
  if (next == before) return;
  since_ = Clock::now();
  record_->set_state(next, since_);
  const bool bad = next == WakeState::crashed || next == WakeState::unreachable ||
                   event == WakeEvent::stop_failed;
  log::write(bad ? log::Level::warn : log::Level::info, "wake", "server state",
             {{"server", server_->id()},
              {"was", name_of(before)},
              {"is", name_of(next)},
              {"because", name_of(event)},
              {"detail", why}});
  silent_ = closed_ = 0;
  entered(before, event);
  schedule();
}

void Sleeper::entered(WakeState before, WakeEvent event) {
  // A stop that failed is over: whoever wanted it back has it.
  if (state() != WakeState::stopping && !is_down(state())) after_stop_.reset();
  switch (state()) {
    case WakeState::starting:
      if (event != WakeEvent::wake) run_ = {};
      run_.begun = since_;
      start_deadline_ = since_ + keys().start_timeout;
      next_look_ = since_ + look_every();
      ping_timer_ = tools_.control.after(ping_every, [this] { ping_while_starting(); });
      break;
    case WakeState::online:
      came_online();
      break;
    case WakeState::stopping:
      stop_deadline_ = since_ + keys().shutdown_timeout + stop_margin + abilities_.lag;
      next_look_ = since_ + look_every();
      answer_waiters(refused(config::Kick::stopping, "it is being stopped"));
      break;
    case WakeState::sleeping:
    case WakeState::crashed:
      went_down(before, event);
      break;
    case WakeState::unknown:
      next_look_ = since_;
      break;
    case WakeState::unreachable:
      break;
  }
  tools_.status_changed(*server_);
}

void Sleeper::came_online() {
  run_.online_since = since_;
  was_put_off_ = false;
  run_.stayed_before = server_->state->stayed();
  not_idle_before_ = since_ + (run_.comes_again ? tools_.time_to_come_again() : Duration::zero());
  if (run_.ours) {
    const Duration took = since_ - run_.begun;
    run_.ours = false;
    starts_.push_back(took);
    if (starts_.size() > starts_remembered) starts_.pop_front();
    record_->set_usual_start(usual_start());
    log::info("wake", "started",
              {{"server", server_->id()},
               {"took", std::chrono::duration_cast<milliseconds>(took).count()},
               {"waiting", waiters_.size()}});
  }
  // What was refused while nothing ran says nothing about the addresses now.
  for (std::size_t i = 0; i < server_->pool->addresses().size(); ++i)
    server_->pool->shared_health(i)->reset(since_);
  tools_.changed();
  answer_waiters({.kind = WakeAnswer::Kind::ready});
}

void Sleeper::went_down(WakeState before, WakeEvent event) {
  next_look_ = since_ + look_every();
  if (record_->address()) {
    record_->set_address(nullptr);
    tools_.changed();
  }
  // A start that nobody made use of is held against who caused it; one that failed is not.
  if (run_.woken_by && before != WakeState::starting && event != WakeEvent::died) {
    const bool used = server_->state->stayed() != run_.stayed_before;
    if (used)
      tools_.budget.used(*run_.woken_by);
    else
      tools_.budget.wasted(*run_.woken_by, since_);
  }
  if (state() == WakeState::crashed)
    answer_waiters({.kind = WakeAnswer::Kind::failed,
                    .kick = config::Kick::start_failed,
                    .wait = {},
                    .detail = std::string(name_of(event))});
  run_ = {};
  stray_ = false;
}

// --- Looking ---

Duration Sleeper::look_every() const {
  const Duration every = keys().poll_interval;
  if (state() == WakeState::stopping) return std::min(every, stopping_every);
  if (silent_ > 0) return std::min(every, doubt_every);
  return every;
}

void Sleeper::look() {
  if (ending_) return;
  if (looking_) {
    look_again_ = true;
    return;
  }
  looking_ = true;
  ++looks_;
  keeper_->query([this, alive = std::weak_ptr(employed_)](Result<KeeperReport> report) {
    if (!alive.expired() && !ending_) looked(std::move(report));
  });
}

void Sleeper::looked(Result<KeeperReport> report) {
  if (!report) {
    if (!std::exchange(query_failed_, true))
      log::warn("wake", "the keeper cannot be asked",
                {{"server", server_->id()}, {"reason", report.error().what}});
    report = KeeperReport{};
  } else {
    query_failed_ = false;
  }
  const KeeperState said = report->state;
  absent_ = report->absent;
  take(*report, false);
  if (!wants_ping(said)) return look_ended();
  const bool stopped = said == KeeperState::stopped || absent_;
  tools_.ping(server_, [this, stopped, alive = std::weak_ptr(employed_)](PingOutcome outcome) {
    if (alive.expired() || ending_) return;
    take_ping(outcome, stopped);
    look_ended();
  });
}

// While it starts there are pings enough. Of what is down only a keeper that cannot say so needs
// one, or a server that came up after its time, or without its keeper.
bool Sleeper::wants_ping(KeeperState said) const {
  if (absent_ && is_down(state())) return true;
  switch (state()) {
    case WakeState::starting:
      return false;
    case WakeState::sleeping:
      return said == KeeperState::unknown && !query_failed_;
    case WakeState::stopping:
      return said == KeeperState::unknown;
    case WakeState::crashed:
      return said != KeeperState::stopped && said != KeeperState::crashed;
    case WakeState::unknown:
    case WakeState::online:
    case WakeState::unreachable:
      break;
  }
  return true;
}

void Sleeper::look_ended() {
  looking_ = false;
  next_look_ = Clock::now() + look_every();
  std::vector<Asking> ready;
  for (Asking& one : asking_)
    if (one.look <= looks_) ready.push_back(std::move(one));
  std::erase_if(asking_, [this](const Asking& one) { return one.look <= looks_; });
  for (const Asking& one : ready) serve(one);
  if (std::exchange(look_again_, false)) return look();
  schedule();
}

// A keeper's word. `certain`: it came by itself, as it happened.
void Sleeper::take(const KeeperReport& report, bool certain) {
  note_address(report);
  const TimePoint now = Clock::now();
  const bool may_be_old = !certain && now - since_ < abilities_.lag;
  switch (state()) {
    case WakeState::starting:
      return take_while_starting(report);
    case WakeState::sleeping:
      if (may_be_old) return;  // what ran before
      break;
    case WakeState::stopping:
      if (report.state == KeeperState::running && now >= stop_deadline_)
        return apply(WakeEvent::stop_failed, "it still runs");
      break;
    case WakeState::online:
      // From a cache it may be what was before the start, somebody else may have started it, and a
      // container's own check may be slower than its server: the ping that follows decides.
      if (!certain && report.state == KeeperState::starting) return;
      if (!certain && (report.absent ||
                       (abilities_.lag > Duration::zero() && report.state != KeeperState::crashed)))
        return;
      break;
    case WakeState::crashed:
      if ((report.state == KeeperState::stopped || report.state == KeeperState::crashed) &&
          now - since_ >= crash_rest)
        apply(WakeEvent::rested);
      return;
    case WakeState::unknown:
    case WakeState::unreachable:
      break;
  }
  switch (report.state) {
    case KeeperState::stopped:
      return apply(WakeEvent::said_stopped, report.detail);
    case KeeperState::starting:
      return apply(WakeEvent::said_starting, report.detail);
    case KeeperState::running:
      return apply(WakeEvent::said_running, report.detail);
    case KeeperState::stopping:
      return apply(WakeEvent::said_stopping, report.detail);
    case KeeperState::crashed:
      return apply(WakeEvent::died, report.detail);
    case KeeperState::unknown:
      break;
  }
}

// "Stopped" is what it was a moment ago, unless it has been seen running since.
void Sleeper::take_while_starting(const KeeperReport& report) {
  const bool ours_and_unconfirmed = run_.ours && !run_.confirmed;
  switch (report.state) {
    case KeeperState::running:
    case KeeperState::starting:
      run_.seen_alive = true;
      return;
    case KeeperState::crashed:
      if (!ours_and_unconfirmed) apply(WakeEvent::died, report.detail);
      return;
    case KeeperState::stopped: {
      const bool late = Clock::now() - since_ >= grace + abilities_.lag;
      if (!ours_and_unconfirmed && (run_.seen_alive || late))
        apply(WakeEvent::died, "it stopped while it was starting");
      return;
    }
    case KeeperState::stopping:
    case KeeperState::unknown:
      return;
  }
}

void Sleeper::ping_while_starting() {
  if (state() != WakeState::starting || ending_) return;
  // Whoever its keeper is by then.
  tools_.ping(server_, [this, here = std::weak_ptr(here_)](PingOutcome outcome) {
    if (here.expired() || ending_ || state() != WakeState::starting) return;
    take_ping(outcome, false);
    if (state() == WakeState::starting)
      ping_timer_ = tools_.control.after(ping_every, [this] { ping_while_starting(); });
  });
}

void Sleeper::take_ping(const PingOutcome& outcome, bool said_stopped) {
  if (outcome.kind == PingOutcome::Kind::ours) return;
  if (outcome.kind == PingOutcome::Kind::answered && outcome.json.size() <= longest_status)
    record_->set_status(outcome.json);
  const WakeState now = state();
  if (outcome.kind == PingOutcome::Kind::failed) {
    if (is_down(now)) return;  // as expected
    closed_ = 0;
    ++silent_;
    // Where nobody else can tell, silence is all there is.
    const bool means_stopped =
        said_stopped || (!abilities_.queries && (silent_ >= 2 || !asking_.empty()));
    if (now == WakeState::starting) return;
    if (means_stopped) return apply(WakeEvent::said_stopped, outcome.why);
    if (now == WakeState::unknown || silent_ >= silences_for_unreachable)
      apply(abilities_.queries ? WakeEvent::silent : WakeEvent::said_stopped, outcome.why);
    return;
  }
  silent_ = 0;
  if (outcome.kind == PingOutcome::Kind::closed && now == WakeState::starting) {
    if (++closed_ < closes_for_online) return;
    log::info("wake", "its port takes connections and closes pings, which counts as online",
              {{"server", server_->id()}, {"hint", "enable-status=true tells more"}});
  }
  if (now == WakeState::sleeping && outcome.kind == PingOutcome::Kind::closed) return;
  stray_ = absent_;
  apply(WakeEvent::answers, stray_ ? "its keeper did not start it, and leaves it alone" : "");
}

void Sleeper::note_address(const KeeperReport& report) {
  if (!report.address || report.address->empty()) return;
  auto parsed = config::parse_address(*report.address);
  if (!parsed) {
    log::warn(
        "wake", "the keeper's address is not used",
        {{"server", server_ ? server_->id() : std::string()}, {"reason", parsed.error().what}});
    return;
  }
  const auto known = record_->address();
  if (known && known->address == *parsed) return;
  record_->set_address(
      std::make_shared<RoutedAddress>(RoutedAddress{.address = *parsed, .allow = nullptr}));
  tools_.changed();
}

// --- Clocks ---

// When it has been empty for long enough; nothing: somebody is there, or it is never stopped.
std::optional<TimePoint> Sleeper::idle_at(TimePoint now) const {
  const config::ServerManager& rules = keys();
  if (!rules.shutdown_after || state() != WakeState::online || !abilities_.stops || stray_ ||
      confirming_)
    return std::nullopt;
  // Somebody who leaves now starts the clock.
  if (server_->state->settled() > 0) return now + *rules.shutdown_after;
  const TimePoint empty_since =
      std::max({run_.online_since, server_->state->settled_until(), not_idle_before_});
  return std::max(empty_since + *rules.shutdown_after, run_.online_since + rules.min_uptime);
}

void Sleeper::schedule() {
  if (ending_ || !keeper_) return;
  const TimePoint now = Clock::now();
  TimePoint next = looking_ ? TimePoint::max() : next_look_;
  if (state() == WakeState::starting) next = std::min(next, start_deadline_);
  if (state() == WakeState::stopping)
    next = std::min(next, std::max(stop_deadline_, now + stopping_every));
  if (const auto idle = idle_at(now)) next = std::min(next, *idle);
  if (after_stop_ && is_down(state())) next = now;
  if (next == TimePoint::max()) return;
  timer_ = tools_.control.after(std::max(next - now, Duration::zero()), [this] { step(); });
}

void Sleeper::step() {
  const TimePoint now = Clock::now();
  if (after_stop_ && is_down(state())) {
    const Knock again = *std::exchange(after_stop_, std::nullopt);
    return begin_start(again);
  }
  if (state() == WakeState::starting && now >= start_deadline_)
    return apply(WakeEvent::timed_out, "start_timeout is over; the server is left alone");
  if (state() == WakeState::stopping && now >= stop_deadline_ && !abilities_.queries)
    return apply(WakeEvent::stop_failed, "it still answers");
  const auto idle = idle_at(now);
  if (server_->state->settled() > 0) was_put_off_ = false;
  if (idle && *idle <= now && server_->state->settled() == 0 && !put_off_for_newcomers())
    return stop_because_idle();
  if (now >= next_look_ && !looking_) return look();
  schedule();
}

// Somebody may stand in configuration, with a pack to download: in the forwarding family that shows
// only after a while. Once, so that bots which come and go cannot keep a server running.
bool Sleeper::put_off_for_newcomers() {
  if (was_put_off_ || server_->state->players() == 0) return false;
  was_put_off_ = true;
  not_idle_before_ =
      Clock::now() + tools_.time_to_settle() - keys().shutdown_after.value_or(Duration::zero());
  return true;
}

void Sleeper::stop_because_idle() {
  if (!keys().confirm_empty) return begin_stop("idle");
  confirming_ = true;
  tools_.ping(server_, [this, alive = std::weak_ptr(employed_)](PingOutcome outcome) {
    if (alive.expired() || ending_) return;
    confirming_ = false;
    if (state() != WakeState::online) return;
    const auto facts = mc::read_status(outcome.json);
    const bool empty = outcome.kind == PingOutcome::Kind::answered && facts && facts->online <= 0;
    if (empty && server_->state->settled() == 0) return begin_stop("idle");
    not_idle_before_ = Clock::now();
    log::info("wake", "not stopped: its own status does not say that it is empty",
              {{"server", server_->id()}, {"players", facts ? facts->online : -1}});
    schedule();
  });
}

}  // namespace drawbridge::core
