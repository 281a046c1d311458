// Two halves: the answers, which any thread reads (answer_cache.hpp), and the look-ups, which only
// the control thread knows.
#include "control/resolver.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "control/answer_cache.hpp"
#include "control/dns_channel.hpp"
#include "control/hosts_file.hpp"
#include "control/name_rules.hpp"
#include "control/service_records.hpp"

namespace drawbridge::control {

namespace {

struct Waiter {
  std::uint16_t port = 0;
  Resolver::Callback callback;
};

struct Lookup {
  std::string name;
  std::vector<Waiter> waiters;
  std::vector<IpAddress> v4, v6;
  Duration ttl = Duration::max();
  int unanswered = 2;
  bool done = false;
  std::string error;
  bool error_is_final = false;  // a time-out or the like says more than "no address of that family"
  Timer deadline, second_family, stale;

  // The timers hold the look-up, so they must be told.
  void end() {
    done = true;
    deadline.cancel();
    second_family.cancel();
    stale.cancel();
  }
};

// What the control thread keeps of a name.
struct Name {
  std::shared_ptr<Lookup> lookup;  // under way
  std::weak_ptr<Lookup> last;      // finished, but perhaps with a late answer yet to come
  int failures = 0;                // in a row
  Timer refresh;
};

}  // namespace

struct Resolver::State : std::enable_shared_from_this<State> {
  State(ControlThread& c, ResolverOptions o)
      : control(c), options(std::move(o)), answers(options.max_names), hosts(options.hosts_file) {}

  ControlThread& control;
  const ResolverOptions options;
  AnswerCache answers;

  // Control context from here.
  HostsFile hosts;
  std::shared_ptr<ServiceRecords> services;
  NameMap<Name> names;
  std::size_t lookups = 0;  // under way
  std::unique_ptr<DnsChannel> channel;
  struct stat resolv_conf_seen{};
  bool closing = false;

  void open_services();
  void open_channel();
  void follow_resolv_conf();
  void close();

  void resolve(const std::string& name, std::uint16_t port, Callback callback);
  void refresh(const std::string& name);
  bool answer_from_cache(const std::string& name, Waiter& waiter);
  void deliver(std::vector<Waiter> waiters, Result<ResolvedAddresses> result);
  void start(const std::string& name, std::vector<Waiter> waiters);
  void ask(const std::shared_ptr<Lookup>& lookup, DnsChannel::Family family);
  void answered(const std::shared_ptr<Lookup>& lookup, DnsChannel::Family family, DnsAnswer answer);
  void finish(const std::shared_ptr<Lookup>& lookup);
  void give_stale_later(const std::shared_ptr<Lookup>& lookup);
  void publish(const Lookup& lookup);
  void publish_failure(const Lookup& lookup, int failures);
  void forget(const std::optional<std::string>& name);
  void keep_warm(const std::string& name, TimePoint when);
  [[nodiscard]] Duration negative_ttl(int failures) const;
};

// --- DNS set-up

void Resolver::State::open_channel() {
  DnsChannelOptions out;
  out.servers = options.servers;
  out.resolv_conf = options.resolv_conf;
  out.port = options.port;
  out.query_timeout = options.query_timeout;
  if (stat(options.resolv_conf.c_str(), &resolv_conf_seen) != 0) resolv_conf_seen = {};
  // The old one goes last: its open questions are asked again, of the new one.
  const auto old = std::exchange(channel, std::make_unique<DnsChannel>(control, out));
}

void Resolver::State::open_services() {
  services = std::make_shared<ServiceRecords>(
      control,
      ServiceRecordsOptions{.min_ttl = options.min_ttl,
                            .max_ttl = options.max_ttl,
                            .wait = options.service_wait,
                            .max_names = options.max_names,
                            .max_lookups = options.max_lookups},
      [this](const std::string& name, std::function<void(DnsServices)> callback) {
        follow_resolv_conf();
        channel->query_services(name, std::move(callback));
      });
}

void Resolver::State::follow_resolv_conf() {
  if (!options.servers.empty()) return;
  struct stat now{};
  if (stat(options.resolv_conf.c_str(), &now) != 0) now = {};
  if (same_file_state(now, resolv_conf_seen)) return;
  log::info("dns", "name servers are read again", {{"file", options.resolv_conf.string()}});
  open_channel();
}

void Resolver::State::close() {
  closing = true;
  services->close();
  std::vector<Waiter> waiters;
  for (auto& [name, known] : names) {
    known.refresh.cancel();
    if (!known.lookup) continue;
    known.lookup->end();
    for (Waiter& waiter : known.lookup->waiters) waiters.push_back(std::move(waiter));
  }
  channel.reset();
  names.clear();
  for (const Waiter& waiter : waiters) {
    waiter.callback(fail(Fault::proxy, "the resolver is shutting down"));
  }
}

// --- Asking

void Resolver::State::resolve(const std::string& name, std::uint16_t port, Callback callback) {
  Waiter waiter{port, std::move(callback)};
  if (const auto fault = fault_of_name(name)) {
    std::vector<Waiter> one;
    one.push_back(std::move(waiter));
    return deliver(std::move(one),
                   fail(Fault::backend, "cannot resolve {}: {}", escaped_for_log(name), *fault));
  }
  if (answer_from_cache(name, waiter)) return;
  std::vector<Waiter> one;
  one.push_back(std::move(waiter));
  start(name, std::move(one));
}

void Resolver::State::refresh(const std::string& name) {
  const auto answer = answers.find(name);
  if (closing || !answer || Clock::now() < answer->valid_until) return;
  if (lookups < options.max_lookups) return start(name, {});
  answers.refresh_dropped(name);
}

namespace {

std::vector<Endpoint> with_port(const std::vector<IpAddress>& addresses, std::uint16_t port) {
  std::vector<Endpoint> out;
  out.reserve(addresses.size());
  for (const IpAddress& address : addresses) out.push_back({address, port});
  return out;
}

// Endpoints with port 0; deliver() puts each waiter's own in.
Result<ResolvedAddresses> result_of(const std::string& name, const DnsKnowledge& answer) {
  if (answer.addresses.empty()) {
    return fail(Fault::backend, "cannot resolve {}: {}", escaped_for_log(name), answer.error);
  }
  return ResolvedAddresses{with_port(answer.addresses, 0), answer.valid_until, answer.stale};
}

}  // namespace

bool Resolver::State::answer_from_cache(const std::string& name, Waiter& waiter) {
  std::optional<Result<ResolvedAddresses>> result;
  if (const auto known = known_without_asking(name)) {
    result = ResolvedAddresses{with_port(*known, 0), TimePoint::max(), false};
  } else {
    const auto answer = answers.use_valid(name);
    if (!answer) return false;
    result = result_of(name, *answer);
  }
  std::vector<Waiter> one;
  one.push_back(std::move(waiter));
  deliver(std::move(one), *std::move(result));
  return true;
}

// Posted, so that a callback may do anything, destroy the resolver included, and never runs inside
// c-ares.
void Resolver::State::deliver(std::vector<Waiter> waiters, Result<ResolvedAddresses> result) {
  if (waiters.empty()) return;
  control.post([waiters = std::move(waiters), result = std::move(result)]() mutable {
    for (const Waiter& waiter : waiters) {
      if (result) {
        for (Endpoint& endpoint : result->endpoints) endpoint.port = waiter.port;
      }
      waiter.callback(result);
    }
  });
}

// --- A look-up

void Resolver::State::start(const std::string& name, std::vector<Waiter> waiters) {
  const auto found = names.find(name);
  if (found != names.end() && found->second.lookup) {
    const auto running = found->second.lookup;
    std::move(waiters.begin(), waiters.end(), std::back_inserter(running->waiters));
    give_stale_later(running);
    return;
  }
  if (lookups >= options.max_lookups) {
    return deliver(std::move(waiters), fail(Fault::proxy, "too many names are being looked up"));
  }
  const auto lookup = std::make_shared<Lookup>();
  lookup->name = name;
  lookup->waiters = std::move(waiters);
  names[name].lookup = lookup;
  ++lookups;

  for (const IpAddress& address : hosts.find(name)) {
    (address.is_v4() ? lookup->v4 : lookup->v6).push_back(address);
  }
  if (!lookup->v4.empty() || !lookup->v6.empty()) {
    lookup->ttl = options.hosts_file_ttl;
    lookup->unanswered = 0;
    return finish(lookup);
  }
  lookup->deadline = control.after(options.lookup_timeout, [this, lookup] {
    if (!lookup->error_is_final) lookup->error = "no answer from the name servers";
    finish(lookup);
  });
  give_stale_later(lookup);
  follow_resolv_conf();
  ask(lookup, DnsChannel::Family::v4);
  ask(lookup, DnsChannel::Family::v6);
}

void Resolver::State::give_stale_later(const std::shared_ptr<Lookup>& lookup) {
  if (lookup->waiters.empty() || lookup->stale.pending()) return;
  const auto answer = answers.find(lookup->name);
  if (!answer || answer->addresses.empty()) return;
  lookup->stale = control.after(options.stale_wait, [this, lookup] {
    auto old = answers.find(lookup->name);
    if (!old || old->addresses.empty()) return;
    old->stale = true;
    deliver(std::exchange(lookup->waiters, {}), result_of(lookup->name, *old));
  });
}

void Resolver::State::ask(const std::shared_ptr<Lookup>& lookup, DnsChannel::Family family) {
  if (lookup->done) return;
  channel->query(lookup->name, family, [this, lookup, family](DnsAnswer answer) {
    answered(lookup, family, std::move(answer));
  });
}

void Resolver::State::answered(const std::shared_ptr<Lookup>& lookup, DnsChannel::Family family,
                               DnsAnswer answer) {
  if (closing) return;
  if (answer.status == DnsStatus::abandoned) return ask(lookup, family);
  --lookup->unanswered;
  const bool useful = answer.status == DnsStatus::ok;
  if (useful) {
    (family == DnsChannel::Family::v4 ? lookup->v4 : lookup->v6) = std::move(answer.addresses);
    lookup->ttl = std::min(lookup->ttl, answer.ttl);
  } else if (lookup->error.empty() || answer.status == DnsStatus::failed) {
    lookup->error = std::move(answer.why);
    lookup->error_is_final = answer.status == DnsStatus::failed;
  }
  if (!lookup->done) {
    if (lookup->unanswered == 0) return finish(lookup);
    if (!useful) return;
    lookup->second_family =
        control.after(options.second_family_wait, [this, lookup] { finish(lookup); });
    return;
  }
  // Too late for those who waited, but the next ones profit, unless a newer look-up knows better.
  const auto known = names.find(lookup->name);
  if (useful && known != names.end() && !known->second.lookup &&
      known->second.last.lock() == lookup) {
    known->second.failures = 0;
    publish(*lookup);
  }
}

void Resolver::State::finish(const std::shared_ptr<Lookup>& lookup) {
  if (lookup->done) return;
  lookup->end();
  Name& known = names[lookup->name];
  known.lookup.reset();
  known.last = lookup;
  --lookups;
  if (lookup->v4.empty() && lookup->v6.empty()) {
    publish_failure(*lookup, ++known.failures);
  } else {
    if (const auto before = answers.find(lookup->name); before && before->stale) {
      log::info("dns", "a name resolves again", {{"name", lookup->name}});
    }
    known.failures = 0;
    publish(*lookup);
  }
  const auto answer = answers.find(lookup->name);
  deliver(std::exchange(lookup->waiters, {}), result_of(lookup->name, *answer));
}

// --- Answers

Duration Resolver::State::negative_ttl(int failures) const {
  const int doublings = std::clamp(failures - 1, 0, 16);
  return std::min(options.first_negative_ttl * (std::int64_t{1} << doublings),
                  options.max_negative_ttl);
}

void Resolver::State::publish(const Lookup& lookup) {
  std::vector<IpAddress> addresses;
  for (const auto* family : {&lookup.v4, &lookup.v6}) {
    for (const IpAddress& address : *family) {
      if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
        addresses.push_back(address);
      }
    }
  }
  const TimePoint until = Clock::now() + std::clamp(lookup.ttl, options.min_ttl, options.max_ttl);
  forget(answers.put(lookup.name, std::move(addresses), until));
  keep_warm(lookup.name, until);
}

void Resolver::State::publish_failure(const Lookup& lookup, int failures) {
  const TimePoint until = Clock::now() + negative_ttl(failures);
  forget(answers.put_failure(lookup.name, lookup.error, until));
  if (const auto now = answers.find(lookup.name); !now || !now->stale) return;
  if (failures == 1) {
    log::warn("dns", "a name does not resolve any more, its last addresses stay in use",
              {{"name", lookup.name}, {"error", lookup.error}});
  }
  keep_warm(lookup.name, until);
}

// The cache was full and let this name go.
void Resolver::State::forget(const std::optional<std::string>& name) {
  if (!name) return;
  const auto known = names.find(*name);
  if (known != names.end() && !known->second.lookup) names.erase(known);
}

void Resolver::State::keep_warm(const std::string& name, TimePoint when) {
  names[name].refresh = control.after(when - Clock::now(), [this, name] {
    const auto answer = answers.find(name);
    if (answer && answer->last_used + options.keep_warm > Clock::now()) refresh(name);
  });
}

// --- Resolver

Resolver::Resolver(ControlThread& control, ResolverOptions options)
    : state_(std::make_shared<State>(control, std::move(options))) {
  state_->open_channel();
  state_->open_services();
}

Resolver::~Resolver() {
  state_->close();
}

void Resolver::resolve(std::string host, std::uint16_t port, Callback callback) {
  // The job may outlive the resolver; it then still owes its caller an answer.
  state_->control.post([weak = std::weak_ptr(state_), name = lowered(host), port,
                        callback = std::move(callback)]() mutable {
    if (const auto state = weak.lock(); state && !state->closing) {
      state->resolve(name, port, std::move(callback));
    } else {
      callback(fail(Fault::proxy, "the resolver is shutting down"));
    }
  });
}

std::optional<std::vector<IpAddress>> Resolver::cached(std::string_view host) const {
  const std::string name = lowered(host);
  if (auto literal = known_without_asking(name)) return literal;
  auto known = state_->answers.use_addresses(name);
  if (!known) return std::nullopt;
  if (known->refresh_wanted) {
    state_->control.post([weak = std::weak_ptr(state_), name] {
      if (const auto state = weak.lock()) state->refresh(name);
    });
  }
  return std::move(known->addresses);
}

void Resolver::resolve_service(std::string name,
                               std::function<void(std::vector<ServiceTarget>)> callback) {
  state_->control.post([weak = std::weak_ptr(state_), asked = lowered(name),
                        callback = std::move(callback)]() mutable {
    if (const auto state = weak.lock(); state && !state->closing) {
      state->services->resolve(asked, std::move(callback));
    } else {
      callback({});
    }
  });
}

std::optional<std::vector<ServiceTarget>> Resolver::cached_service(std::string_view name) const {
  return state_->services->cached(lowered(name));
}

std::size_t Resolver::size() const {
  return state_->answers.size();
}

}  // namespace drawbridge::control
