#include "core/prober.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "core/desk.hpp"
#include "core/opening.hpp"
#include "core/reach.hpp"
#include "core/status.hpp"

namespace drawbridge::core {

namespace {

constexpr Duration between_looks = seconds(1);
constexpr Duration after_first_failure = seconds(1);
constexpr mc::Version no_version{-1};

using Report = std::function<void(ProbeResult)>;

ProbeResult failure(const Error& error) {
  return {
      .kind = error.fault == Fault::proxy ? ProbeResult::Kind::unknown : ProbeResult::Kind::fails,
      .latency = {},
      .why = error.what};
}

net::Task<ProbeResult> ask(Desk& desk, ServerPtr server, std::size_t address,
                           config::ActiveHealth rules) {
  const TimePoint deadline = desk.worker().now() + rules.timeout;
  const config::Address at = server->config.addresses[address].address;
  auto dialled = co_await dial_backend(desk, at, nullptr, deadline);
  if (!dialled) co_return failure(dialled.error());
  ProbeResult works{.kind = ProbeResult::Kind::works, .latency = dialled->took, .why = {}};
  if (rules.kind == config::HealthProbe::status_ping) {
    auto answer = co_await ask_status(dialled->stream, server, at, {}, no_version, deadline);
    if (!answer) co_return failure(answer.error());
  } else if (server->config.send_proxy_protocol != config::SendProxy::off) {
    const ByteBuffer header = own_proxy_header_for(*server);
    auto sent = co_await dialled->stream.write_all(header, deadline);
    if (!sent) co_return failure(sent.error());
  }
  co_return works;
}

net::Task<> ask_and_report(Desk& desk, ServerPtr server, std::size_t address,
                           config::ActiveHealth rules, Report report) {
  auto result = co_await ask(desk, std::move(server), address, rules);
  report(std::move(result));
}

}  // namespace

bool ProbePlan::note(const ProbeResult& result, bool healthy, const config::ActiveHealth& rules,
                     TimePoint now) {
  if (result.kind == ProbeResult::Kind::unknown) {
    next_ = now + after_first_failure;
    return false;
  }
  if (result.kind == ProbeResult::Kind::works) {
    failures_ = 0;
    next_ = now + rules.interval;
    was_healthy_ = true;
    return false;
  }
  if (!healthy) {
    next_ = now + rules.unhealthy_interval;
    return false;
  }
  if (++failures_ < failures_to_eject) {
    next_ = now + after_first_failure;
    return false;
  }
  failures_ = 0;
  was_healthy_ = false;
  next_ = now + rules.unhealthy_interval;
  return true;
}

void ProbePlan::side(bool healthy, const config::ActiveHealth& rules, TimePoint now) {
  if (was_healthy_.has_value() && *was_healthy_ != healthy)
    next_ = now + (healthy ? rules.interval : rules.unhealthy_interval);
  was_healthy_ = healthy;
}

Prober::Prober(control::ControlThread& control, OnDesk on_desk)
    : control_(control), on_desk_(std::move(on_desk)) {}

Prober::~Prober() {
  stop();
}

void Prober::stop() {
  timer_.cancel();
  *alive_ = false;
  world_.reset();
  watched_.clear();
}

void Prober::set_world(WorldPtr world) {
  if (!*alive_) return;
  const bool first = !world_;
  world_ = std::move(world);
  if (first) timer_ = control_.after(between_looks, [this] { look(); });
}

const config::ActiveHealth& Prober::rules_of(const Server& server) const {
  return server.config.active_health ? *server.config.active_health : world_->global->active_health;
}

void Prober::look() {
  timer_ = control_.after(between_looks, [this] { look(); });
  ++looks_;
  std::vector<Due> due;
  for (const ServerPtr& server : world_->servers) look_at(server, due);
  std::erase_if(watched_, [this](const auto& one) {
    return !one.second.running && one.second.seen != looks_;
  });
  std::ranges::sort(due, {}, &Due::since);
  for (const Due& one : due)
    if (running_ < rules_of(*one.server).max_concurrent) probe(one.server, one.address);
}

void Prober::look_at(const ServerPtr& server, std::vector<Due>& due) {
  const config::ActiveHealth& rules = rules_of(*server);
  if (!rules.enabled) return;
  // Who sleeps is looked at by others.
  if (server->wake && !may_answer(server->wake->state())) return;
  const TimePoint now = Clock::now();
  for (std::size_t i = 0; i < server->pool->addresses().size(); ++i) {
    const AddressHealth& health = server->pool->health(i);
    const bool healthy = health.availability(now) == Availability::healthy;
    if (health.drained() || (healthy && !rules.probe_healthy)) continue;
    const auto [at, is_new] = watched_.try_emplace(
        &health, Watched{server->pool->shared_health(i), ProbePlan(healthy, rules, now)});
    Watched& watched = at->second;
    watched.seen = looks_;
    if (watched.running) continue;
    watched.plan.side(healthy, rules, now);
    if (watched.plan.next() <= now) due.push_back({watched.plan.next(), server, i});
  }
}

void Prober::probe(const ServerPtr& server, std::size_t address) {
  const std::shared_ptr<AddressHealth>& health = server->pool->shared_health(address);
  watched_.at(health.get()).running = true;
  ++running_;
  // When the window's one attempt is due the probe is it: its failure lengthens the time out.
  const DialKind kind = health->claim_attempt(Clock::now()).value_or(DialKind::ordinary);
  Report report = [this, &control = control_, alive = alive_, server, address,
                   kind](ProbeResult result) {
    control.post([this, alive, server, address, kind, result = std::move(result)] {
      if (*alive) ended(server, address, kind, result);
    });
  };
  on_desk_([server, address, rules = rules_of(*server), report = std::move(report)](Desk& desk) {
    desk.worker().spawn(ask_and_report(desk, server, address, rules, report));
  });
}

void Prober::ended(const ServerPtr& server, std::size_t address, DialKind kind,
                   const ProbeResult& result) {
  --running_;
  AddressHealth& health = *server->pool->shared_health(address);
  const TimePoint now = Clock::now();
  const bool healthy = health.availability(now) == Availability::healthy;
  const auto at = watched_.find(&health);
  bool eject = false;
  if (at != watched_.end()) {
    at->second.running = false;
    eject = at->second.plan.note(result, healthy, rules_of(*server), now);
  }
  if (result.kind == ProbeResult::Kind::works) {
    health.measured(result.latency, now);
    if (health.succeeded(now)) log_health(*server, address, true, {});
  } else if (result.kind == ProbeResult::Kind::fails && kind == DialKind::recovery) {
    health.failed(kind, now, EjectionRules{});
  } else if (eject && health.eject(now, EjectionRules{})) {
    log_health(*server, address, false, result.why);
  }
}

}  // namespace drawbridge::core
