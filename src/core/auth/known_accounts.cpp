#include "core/auth/known_accounts.hpp"

#include <iterator>
#include <utility>

#include "base/strings.hpp"

namespace drawbridge::core {

void KnownAccounts::note(const IpAddress& address, std::string_view name, const Uuid& uuid,
                         TimePoint now) {
  Key key(address, lowered(name));
  const std::scoped_lock lock(mutex_);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    by_age_.erase(known->second);
    by_key_.erase(known);
  }
  by_age_.push_back({.key = key, .uuid = uuid, .at = now});
  by_key_.emplace(std::move(key), std::prev(by_age_.end()));
  drop_old(now);
}

std::optional<Uuid> KnownAccounts::find(const IpAddress& address, std::string_view name,
                                        TimePoint now) {
  const Key key(address, lowered(name));
  const std::scoped_lock lock(mutex_);
  drop_old(now);
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return std::nullopt;
  return known->second->uuid;
}

void KnownAccounts::drop_old(TimePoint now) {
  while (!by_age_.empty() && (by_age_.size() > capacity_ || now - by_age_.front().at > lifetime)) {
    by_key_.erase(by_age_.front().key);
    by_age_.pop_front();
  }
}

std::size_t KnownAccounts::size() const {
  const std::scoped_lock lock(mutex_);
  return by_age_.size();
}

}  // namespace drawbridge::core
