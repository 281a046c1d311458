#include "core/transfers.hpp"

#include <utility>

#include "base/siphash.hpp"
#include "base/strings.hpp"

namespace drawbridge::core {

namespace {

std::string key_of(const IpAddress& address, std::string_view name) {
  std::string key(1, address.is_v4() ? '4' : '6');  // first, so that the two kinds never meet
  key += as_text(address.bytes());
  key += lowered(name);
  return key;
}

}  // namespace

std::size_t TransferLedger::KeyHash::operator()(std::string_view key) const {
  return siphash(process_sip_key(), as_bytes(key));
}

void TransferLedger::note(const IpAddress& address, std::string_view name, TimePoint now) {
  std::string key = key_of(address, name);
  const std::lock_guard lock(mutex_);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    known->second->at = now;
    by_age_.splice(by_age_.end(), by_age_, known->second);
    return;
  }
  by_age_.push_back({std::move(key), now});
  by_key_.emplace(by_age_.back().key, std::prev(by_age_.end()));
  drop_old(now);
}

bool TransferLedger::take(const IpAddress& address, std::string_view name, TimePoint now) {
  const std::string key = key_of(address, name);
  const std::lock_guard lock(mutex_);
  drop_old(now);
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return false;
  const auto note = known->second;
  by_key_.erase(known);
  by_age_.erase(note);
  return true;
}

void TransferLedger::drop_old(TimePoint now) {
  while (!by_age_.empty() && (by_age_.size() > capacity_ || now - by_age_.front().at > lifetime)) {
    by_key_.erase(by_age_.front().key);
    by_age_.pop_front();
  }
}

std::size_t TransferLedger::size() const {
  const std::lock_guard lock(mutex_);
  return by_age_.size();
}

}  // namespace drawbridge::core
