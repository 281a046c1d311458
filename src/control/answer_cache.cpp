#include "control/answer_cache.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::control {

const AnswerCache::Shard& AnswerCache::shard_of(std::string_view name) const {
  // Not the low bits: those choose the bucket within the shard.
  return shards_[(NameHash{}(name) >> 48) % shard_count];
}

std::optional<DnsKnowledge> AnswerCache::find(std::string_view name) const {
  const Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.names.find(name);
  if (found == shard.names.end()) return std::nullopt;
  return found->second;
}

std::optional<DnsKnowledge> AnswerCache::use_valid(std::string_view name) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.names.find(name);
  if (found == shard.names.end()) return std::nullopt;
  found->second.last_used = Clock::now();
  if (found->second.last_used >= found->second.valid_until) return std::nullopt;
  return found->second;
}

std::optional<AnswerCache::Addresses> AnswerCache::use_addresses(std::string_view name) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.names.find(name);
  if (found == shard.names.end()) return std::nullopt;
  DnsKnowledge& known = found->second;
  known.last_used = Clock::now();
  if (known.addresses.empty()) return std::nullopt;
  const bool wanted =
      known.last_used >= known.valid_until && !std::exchange(known.refresh_asked, true);
  return Addresses{known.addresses, wanted};
}

void AnswerCache::refresh_dropped(std::string_view name) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.names.find(name);
  if (found != shard.names.end()) found->second.refresh_asked = false;
}

std::optional<std::string> AnswerCache::put(const std::string& name,
                                            std::vector<IpAddress> addresses,
                                            TimePoint valid_until) {
  std::optional<std::string> gone;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  DnsKnowledge& known = place_for(shard, name, gone);
  known.addresses = std::move(addresses);
  known.valid_until = valid_until;
  known.stale = known.refresh_asked = false;
  known.error.clear();
  return gone;
}

std::optional<std::string> AnswerCache::put_failure(const std::string& name,
                                                    const std::string& error,
                                                    TimePoint valid_until) {
  std::optional<std::string> gone;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  DnsKnowledge& known = place_for(shard, name, gone);
  known.stale = !known.addresses.empty();
  known.valid_until = valid_until;
  known.refresh_asked = false;
  known.error = error;
  return gone;
}

// The shard's lock is held. Each shard has its share of the names, so that a full cache costs a
// walk over one shard.
DnsKnowledge& AnswerCache::place_for(Shard& shard, const std::string& name,
                                     std::optional<std::string>& gone) {
  const auto found = shard.names.find(name);
  if (found != shard.names.end()) return found->second;
  if (shard.names.size() >= std::max<std::size_t>(1, max_names_ / shard_count)) {
    const auto oldest = std::min_element(
        shard.names.begin(), shard.names.end(),
        [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; });
    gone = oldest->first;
    shard.names.erase(oldest);
  }
  DnsKnowledge& known = shard.names[name];
  known.last_used = Clock::now();
  return known;
}

std::size_t AnswerCache::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.names.size();
  }
  return total;
}

}  // namespace drawbridge::control
