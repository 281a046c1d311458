#include "core/wake/wake_record.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::core {

WakeLook WakeRecord::look(TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  WakeLook out{.state = state(), .since = since_, .eta = usual_start_, .last_status = last_status_};
  // A start that takes longer than usual is about to be over, as far as anybody knows.
  if (out.eta && out.state == WakeState::starting)
    out.eta = std::max<Duration>(*out.eta - (now - since_), seconds(1));
  return out;
}

std::shared_ptr<const RoutedAddress> WakeRecord::address() const {
  const std::scoped_lock lock(mutex_);
  return address_;
}

void WakeRecord::set_state(WakeState state, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  state_.store(state, std::memory_order_release);
  since_ = now;
}

void WakeRecord::set_usual_start(std::optional<Duration> usual) {
  const std::scoped_lock lock(mutex_);
  usual_start_ = usual;
}

void WakeRecord::set_status(std::string json) {
  auto kept = std::make_shared<const std::string>(std::move(json));
  const std::scoped_lock lock(mutex_);
  last_status_ = std::move(kept);
}

void WakeRecord::set_address(std::shared_ptr<const RoutedAddress> address) {
  const std::scoped_lock lock(mutex_);
  address_ = std::move(address);
}

std::shared_ptr<WakeRecord> WakeRecords::of(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  auto& known = records_[std::string(id)];
  if (auto record = known.lock()) return record;
  auto record = std::make_shared<WakeRecord>();
  known = record;
  return record;
}

}  // namespace drawbridge::core
