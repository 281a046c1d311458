#include "core/address_health.hpp"

#include <algorithm>

namespace drawbridge::core {

namespace {

constexpr Duration measurement_holds = minutes(1);

std::int64_t to_ticks(TimePoint at) {
  return std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count();
}
TimePoint from_ticks(std::int64_t ticks) {
  return TimePoint(nanoseconds(ticks));
}

}  // namespace

Availability AddressHealth::availability(TimePoint now) const {
  const std::int64_t until = out_until_.load(std::memory_order_relaxed);
  if (until == 0) return Availability::healthy;
  return to_ticks(now) < until ? Availability::ejected : Availability::recovering;
}

TimePoint AddressHealth::out_until() const {
  return from_ticks(out_until_.load(std::memory_order_relaxed));
}

TimePoint AddressHealth::changed_at() const {
  return from_ticks(changed_at_.load(std::memory_order_relaxed));
}

std::optional<DialKind> AddressHealth::claim_attempt(TimePoint now) {
  if (out_until_.load(std::memory_order_relaxed) == 0) return DialKind::ordinary;
  const std::lock_guard lock(mutex_);
  const std::int64_t until = out_until_.load(std::memory_order_relaxed);
  if (until == 0) return DialKind::ordinary;
  if (to_ticks(now) < until) return std::nullopt;
  // If this attempt never reports, the next one may start when as much time as the address was out
  // has gone by.
  out_until_.store(to_ticks(now + out_for_), std::memory_order_relaxed);
  return DialKind::recovery;
}

bool AddressHealth::failed(DialKind kind, TimePoint now, const EjectionRules& rules) {
  if (rules.failures == 0) return false;
  const std::lock_guard lock(mutex_);
  if (out_until_.load(std::memory_order_relaxed) != 0) {
    // Only the recovery attempt lengthens the time out: others were under way before, or forced.
    if (kind != DialKind::recovery) return false;
    out_for_ = std::min(out_for_ * 2, rules.longest_out);
    out_until_.store(to_ticks(now + out_for_), std::memory_order_relaxed);
    return false;
  }
  recent_[recent_next_] = now;
  recent_next_ = (recent_next_ + 1) % recent_.size();
  recent_count_ = std::min(recent_count_ + 1, recent_.size());
  const std::size_t needed = std::min<std::size_t>(rules.failures, recent_.size());
  if (recent_count_ < needed) return false;
  const TimePoint oldest = recent_[(recent_next_ + recent_.size() - needed) % recent_.size()];
  if (now - oldest > rules.window) return false;
  put_out(now, rules);
  return true;
}

void AddressHealth::put_out(TimePoint now, const EjectionRules& rules) {
  recent_count_ = 0;
  out_for_ = rules.first_out;
  out_until_.store(to_ticks(now + out_for_), std::memory_order_relaxed);
  changed_at_.store(to_ticks(now), std::memory_order_relaxed);
}

bool AddressHealth::eject(TimePoint now, const EjectionRules& rules) {
  const std::lock_guard lock(mutex_);
  if (out_until_.load(std::memory_order_relaxed) != 0) return false;
  put_out(now, rules);
  return true;
}

void AddressHealth::joined(TimePoint now) {
  changed_at_.store(to_ticks(now), std::memory_order_relaxed);
}

void AddressHealth::measured(Duration took, TimePoint now) {
  // Never 0, which means "not known". Two at once lose one of both samples, which does no harm.
  const std::int64_t sample = std::max<std::int64_t>(took.count(), 1);
  const std::int64_t before = latency_.load(std::memory_order_relaxed);
  const bool old =
      from_ticks(measured_at_.load(std::memory_order_relaxed)) + measurement_holds < now;
  latency_.store(before == 0 || old ? sample : before + (sample - before) / 4,
                 std::memory_order_relaxed);
  measured_at_.store(to_ticks(now), std::memory_order_relaxed);
}

bool AddressHealth::claim_measurement(TimePoint now) {
  const auto is_recent = [now](std::int64_t at) {
    return at != 0 && to_ticks(now) - at < Duration(measurement_holds).count();
  };
  if (is_recent(measured_at_.load(std::memory_order_relaxed))) return false;
  std::int64_t since = measuring_since_.load(std::memory_order_relaxed);
  if (is_recent(since)) return false;
  return measuring_since_.compare_exchange_strong(since, to_ticks(now), std::memory_order_relaxed);
}

bool AddressHealth::succeeded(TimePoint now) {
  if (out_until_.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard lock(mutex_);
  recent_count_ = 0;
  if (out_until_.exchange(0, std::memory_order_relaxed) == 0) return false;
  changed_at_.store(to_ticks(now), std::memory_order_relaxed);
  return true;
}

LiveConnection& LiveConnection::operator=(LiveConnection&& other) noexcept {
  if (this != &other) {
    end();
    address_ = std::move(other.address_);
  }
  return *this;
}

void LiveConnection::end() {
  if (!address_) return;
  address_->live_.fetch_sub(1, std::memory_order_relaxed);
  address_.reset();
}

DialAttempt::DialAttempt(std::shared_ptr<AddressHealth> address, DialKind kind)
    : address_(std::move(address)), kind_(kind) {
  address_->connecting_.fetch_add(1, std::memory_order_relaxed);
}

DialAttempt& DialAttempt::operator=(DialAttempt&& other) noexcept {
  if (this != &other) {
    end();
    address_ = std::move(other.address_);
    kind_ = other.kind_;
  }
  return *this;
}

void DialAttempt::end() {
  if (!address_) return;
  address_->connecting_.fetch_sub(1, std::memory_order_relaxed);
  address_.reset();
}

LiveConnection DialAttempt::connected(TimePoint now, bool* recovered) {
  if (!address_) return {};
  const bool changed = address_->succeeded(now);
  if (recovered != nullptr) *recovered = changed;
  // Counted as live before it stops being counted as connecting: the load never dips between.
  address_->live_.fetch_add(1, std::memory_order_relaxed);
  LiveConnection live(address_);
  end();
  return live;
}

bool DialAttempt::failed(TimePoint now, const EjectionRules& rules) {
  if (!address_) return false;
  const bool changed = address_->failed(kind_, now, rules);
  end();
  return changed;
}

}  // namespace drawbridge::core
