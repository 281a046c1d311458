#include "control/service_records.hpp"

#include <algorithm>
#include <utility>

#include "control/name_rules.hpp"

namespace drawbridge::control {

ServiceRecords::ServiceRecords(ControlThread& control, ServiceRecordsOptions options, Ask ask)
    : control_(control), options_(options), ask_(std::move(ask)) {}

ServiceRecords::Known* ServiceRecords::find(std::string_view name) {
  if (const auto at = young_.find(name); at != young_.end()) return &at->second;
  const auto at = old_.find(name);
  if (at == old_.end()) return nullptr;
  auto node = old_.extract(at);
  return &young_.insert(std::move(node)).position->second;
}

void ServiceRecords::keep(const std::string& name, Known known) {
  const std::lock_guard lock(mutex_);
  old_.erase(name);
  if (young_.size() >= options_.max_names / 2 && !young_.contains(name)) {
    old_ = std::move(young_);
    young_ = {};
  }
  young_.insert_or_assign(name, std::move(known));
}

std::optional<std::vector<ServiceTarget>> ServiceRecords::cached(std::string_view name) {
  const std::lock_guard lock(mutex_);
  Known* known = find(name);
  if (known == nullptr) return std::nullopt;
  if (!known->asked_again && Clock::now() >= known->valid_until) {
    known->asked_again = true;
    control_.post([weak = weak_from_this(), asked = std::string(name)] {
      if (const auto self = weak.lock()) self->start(asked);
    });
  }
  return known->targets;
}

void ServiceRecords::resolve(const std::string& name, Callback callback) {
  std::optional<std::vector<ServiceTarget>> known;
  if (closed_ || fault_of_name(name)) known.emplace();
  if (!known) known = cached(name);
  if (!known) start(name);
  const auto running = lookups_.find(name);
  if (!known && running != lookups_.end()) {
    running->second->waiters.push_back(std::move(callback));
    return;
  }
  if (!known) known = cached(name);  // answered at once
  control_.post([callback = std::move(callback),
                 targets = known.value_or(std::vector<ServiceTarget>{})] { callback(targets); });
}

void ServiceRecords::start(const std::string& name) {
  // A question that nobody answered counts until the channel gives it up.
  if (closed_ || lookups_.contains(name)) return;
  if (open_questions_ >= options_.max_lookups) {
    const std::lock_guard lock(mutex_);
    if (Known* known = find(name)) known->asked_again = false;  // the next one who asks tries again
    return;
  }
  const auto lookup = std::make_shared<Lookup>();
  lookups_[name] = lookup;
  ++open_questions_;
  lookup->limit = control_.after(options_.wait, [this, name] {
    DnsServices none;
    none.status = DnsStatus::failed;
    answered(name, none);
  });
  ask_(name, [weak = weak_from_this(), name](DnsServices answer) {
    const auto self = weak.lock();
    if (!self) return;
    --self->open_questions_;
    self->answered(name, std::move(answer));
  });
}

// Comes a second time when the name servers answer after those who waited were told: then only the
// memory profits.
void ServiceRecords::answered(const std::string& name, DnsServices answer) {
  if (closed_) return;
  Known known;
  const TimePoint now = Clock::now();
  if (answer.status == DnsStatus::ok) {
    std::erase_if(answer.targets, [](const ServiceTarget& target) {
      return target.port == 0 || fault_of_name(target.host).has_value();
    });
    std::ranges::sort(answer.targets, {}, &ServiceTarget::priority);
    known.targets = std::move(answer.targets);
    known.valid_until = now + std::clamp(answer.ttl, options_.min_ttl, options_.max_ttl);
  } else if (answer.status == DnsStatus::failed || answer.status == DnsStatus::abandoned) {
    const std::lock_guard lock(mutex_);
    if (const Known* before = find(name)) known.targets = before->targets;
    known.valid_until = now + options_.failure_ttl;
  } else {
    known.valid_until = now + options_.none_ttl;
  }
  const std::vector<ServiceTarget> targets = known.targets;
  keep(name, std::move(known));
  end(name, targets);
}

void ServiceRecords::end(const std::string& name, const std::vector<ServiceTarget>& targets) {
  const auto at = lookups_.find(name);
  if (at == lookups_.end()) return;
  const std::shared_ptr<Lookup> lookup = std::move(at->second);
  lookups_.erase(at);
  lookup->limit.cancel();
  if (lookup->waiters.empty()) return;
  control_.post([waiters = std::move(lookup->waiters), targets] {
    for (const Callback& waiter : waiters) waiter(targets);
  });
}

void ServiceRecords::close() {
  while (!lookups_.empty()) end(lookups_.begin()->first, {});
  closed_ = true;
}

}  // namespace drawbridge::control
