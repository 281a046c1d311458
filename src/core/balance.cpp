#include "core/balance.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::core {

void CandidateList::push_back(Candidate candidate) {
  if (size_ < inline_size) {
    inline_[size_++] = candidate;
    return;
  }
  if (size_ == inline_size) overflow_.assign(inline_.begin(), inline_.end());
  overflow_.push_back(candidate);
  ++size_;
}

BackendPool::BackendPool(std::vector<WeightedAddress> addresses,
                         std::vector<std::shared_ptr<AddressHealth>> health)
    : addresses_(std::move(addresses)), health_(std::move(health)), rotation_(addresses_.size()) {}

CandidateList BackendPool::usable(TimePoint now) const {
  CandidateList list;
  for (std::uint32_t i = 0; i < health_.size(); ++i) {
    if (health_[i]->availability(now) != Availability::ejected) list.push_back({i, false});
  }
  if (!list.empty()) return list;
  for (std::uint32_t i = 0; i < health_.size(); ++i) list.push_back({i, true});
  return list;
}

// Every address gains its weight, the one that then leads pays the sum of all: over a round each
// leads as often as its weight says, spread evenly. The others follow by what they have gathered,
// so that a failed dial goes on fairly too.
void BackendPool::rotate(std::span<Candidate> list) {
  const bool only_zeros = std::ranges::none_of(
      list, [&](const Candidate& c) { return addresses_[c.index].weight > 0; });
  const auto weight = [&](const Candidate& c) -> std::int64_t {
    return only_zeros ? 1 : addresses_[c.index].weight;
  };
  const std::lock_guard lock(mutex_);
  std::int64_t total = 0;
  for (const Candidate& c : list) {
    rotation_[c.index] += weight(c);
    total += weight(c);
  }
  std::ranges::sort(list, [&](const Candidate& a, const Candidate& b) {
    const bool a_is_spare = weight(a) == 0;
    const bool b_is_spare = weight(b) == 0;
    if (a_is_spare != b_is_spare) return b_is_spare;
    if (rotation_[a.index] != rotation_[b.index]) return rotation_[a.index] > rotation_[b.index];
    return a.index < b.index;
  });
  rotation_[list[0].index] -= total;
}

void BackendPool::sort_by_load(std::span<Candidate> list) {
  rotate(list);  // so that ties go round
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    list[i].turn = i;
    list[i].load = health_[list[i].index]->load();  // read once: it moves while we sort
  }
  std::ranges::sort(list, [&](const Candidate& a, const Candidate& b) {
    const std::uint64_t a_weight = addresses_[a.index].weight;
    const std::uint64_t b_weight = addresses_[b.index].weight;
    if ((a_weight == 0) != (b_weight == 0)) return b_weight == 0;
    // Load as it would be with this connection, by weight; without fractions.
    const std::uint64_t a_share =
        (a.load + std::uint64_t{1}) * std::max<std::uint64_t>(b_weight, 1);
    const std::uint64_t b_share =
        (b.load + std::uint64_t{1}) * std::max<std::uint64_t>(a_weight, 1);
    if (a_share != b_share) return a_share < b_share;
    return a.turn < b.turn;
  });
}

CandidateList BackendPool::order(BalanceStrategy strategy, TimePoint now) {
  CandidateList list = usable(now);
  if (list.size() < 2) return list;
  switch (strategy) {
    case BalanceStrategy::first_available:
      break;
    case BalanceStrategy::round_robin:
      rotate(list.items());
      break;
    case BalanceStrategy::least_conn:
      sort_by_load(list.items());
      break;
  }
  return list;
}

DialAttempt BackendPool::attempt(const Candidate& candidate, TimePoint now) {
  const std::shared_ptr<AddressHealth>& health = health_[candidate.index];
  const std::optional<DialKind> kind = health->claim_attempt(now);
  if (!kind && !candidate.forced) return {};
  return {health, kind.value_or(DialKind::ordinary)};
}

std::shared_ptr<BackendPool> BackendPools::pool(std::string_view server_id,
                                                std::vector<WeightedAddress> addresses) {
  const std::lock_guard lock(mutex_);
  forget_unused();
  Known& known = servers_.try_emplace(std::string(server_id)).first->second;
  std::shared_ptr<BackendPool> in_use = known.pool.lock();
  if (in_use && std::ranges::equal(in_use->addresses(), addresses)) return in_use;
  std::vector<std::shared_ptr<AddressHealth>> health;
  for (const WeightedAddress& address : addresses) {
    std::weak_ptr<AddressHealth>& slot = known.addresses[address.text];
    std::shared_ptr<AddressHealth> state = slot.lock();
    if (!state) {
      state = std::make_shared<AddressHealth>();
      slot = state;
    }
    health.push_back(std::move(state));
  }
  auto made = std::make_shared<BackendPool>(std::move(addresses), std::move(health));
  known.pool = made;
  return made;
}

// A sweep costs as much as there are servers, so it comes once for as many calls.
void BackendPools::forget_unused() {
  if (calls_until_sweep_ > 0) {
    --calls_until_sweep_;
    return;
  }
  for (auto& server : servers_) {
    std::erase_if(server.second.addresses, [](const auto& a) { return a.second.expired(); });
  }
  std::erase_if(servers_, [](const auto& server) { return server.second.addresses.empty(); });
  calls_until_sweep_ = servers_.size();
}

std::size_t BackendPools::live_addresses() {
  const std::lock_guard lock(mutex_);
  calls_until_sweep_ = 0;
  forget_unused();
  std::size_t count = 0;
  for (const auto& server : servers_) count += server.second.addresses.size();
  return count;
}

}  // namespace drawbridge::core
