#include "core/balance.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/siphash.hpp"

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

namespace {

constexpr std::uint32_t full_share = 1024;  // of an address of weight 1
constexpr double least_ramp = 0.02;
// Fixed, so that a client finds the same backend after a restart and behind another proxy.
constexpr SipKey client_key{0x6472617762726964, 0x67652d69702d6861};

// A number in (0, 1] from 64 random bits.
double fraction(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 1) * 0x1p-53;
}

// The smallest of these wins with the probability of its weight: exponential times of arrival.
double arrival(std::uint64_t bits, std::uint32_t weight) {
  return -std::log(fraction(bits)) / std::max(weight, 1U);
}

// The spares last; then by key, then by turn.
void sort_by_key(std::span<Candidate> list) {
  std::ranges::sort(list, [](const Candidate& a, const Candidate& b) {
    if ((a.weight == 0) != (b.weight == 0)) return b.weight == 0;
    if (a.key != b.key) return a.key < b.key;
    return a.turn < b.turn;
  });
}

}  // namespace

BackendPool::BackendPool(std::vector<WeightedAddress> addresses,
                         std::vector<std::shared_ptr<AddressHealth>> health)
    : addresses_(std::move(addresses)), health_(std::move(health)), rotation_(addresses_.size()) {
  for (const WeightedAddress& address : addresses_)
    seeds_.push_back(siphash(client_key, as_bytes(address.text)));
}

CandidateList BackendPool::usable(TimePoint now) const {
  CandidateList list;
  for (std::uint32_t i = 0; i < health_.size(); ++i) {
    if (health_[i]->drained()) continue;
    if (health_[i]->availability(now) != Availability::ejected) list.push_back({.index = i});
  }
  if (!list.empty()) return list;
  for (std::uint32_t i = 0; i < health_.size(); ++i)
    if (!health_[i]->drained()) list.push_back({.index = i, .forced = true});
  return list;
}

void BackendPool::weigh(std::span<Candidate> list, const Pick& pick) const {
  const bool only_spares = std::ranges::none_of(
      list, [&](const Candidate& c) { return addresses_[c.index].weight > 0; });
  for (Candidate& c : list) {
    c.weight = full_share * (only_spares ? 1 : addresses_[c.index].weight);
    if (pick.slow_start <= Duration::zero() || c.weight == 0) continue;
    const TimePoint since = health_[c.index]->changed_at();
    if (since == TimePoint() || pick.now - since >= pick.slow_start) continue;
    const double part =
        std::max(0.0, std::chrono::duration<double>(pick.now - since) / pick.slow_start);
    const double ramp = std::max(least_ramp, std::pow(part, 1 / pick.aggression));
    c.weight = std::max(1U, static_cast<std::uint32_t>(c.weight * ramp));
  }
}

// Every address gains its weight, the one that then leads pays the sum of all: over a round each
// leads as often as its weight says, spread evenly. The others follow by what they have gathered,
// so that a failed dial goes on fairly too.
void BackendPool::rotate(std::span<Candidate> list) {
  const std::lock_guard lock(mutex_);
  std::int64_t total = 0;
  for (const Candidate& c : list) {
    rotation_[c.index] += c.weight;
    total += c.weight;
  }
  std::ranges::sort(list, [&](const Candidate& a, const Candidate& b) {
    const bool a_is_spare = a.weight == 0;
    const bool b_is_spare = b.weight == 0;
    if (a_is_spare != b_is_spare) return b_is_spare;
    if (rotation_[a.index] != rotation_[b.index]) return rotation_[a.index] > rotation_[b.index];
    return a.index < b.index;
  });
  rotation_[list[0].index] -= total;
  for (std::uint32_t i = 0; i < list.size(); ++i) list[i].turn = i;
}

// The load as it would be with this connection, by weight. It is read once: it moves while we sort.
void BackendPool::key_by_load(std::span<Candidate> list) const {
  for (Candidate& c : list) c.key = (health_[c.index]->load() + 1.0) / std::max(c.weight, 1U);
}

// An address that nobody has measured for a minute is tried first by one connection; until there is
// an outcome the others pass it over.
void BackendPool::key_by_latency(std::span<Candidate> list, TimePoint now) const {
  bool measures = false;
  for (Candidate& c : list) {
    AddressHealth& health = *health_[c.index];
    if (!measures && c.weight != 0 && !c.forced && health.claim_measurement(now)) {
      measures = true;
      c.key = -1;
      continue;
    }
    const auto known = static_cast<double>(health.latency().count());
    c.key = known == 0 ? std::numeric_limits<double>::max() : known / std::max(c.weight, 1U);
  }
}

void BackendPool::key_by_lot(std::span<Candidate> list) {
  for (Candidate& c : list) {
    const std::uint64_t lot = lots_.fetch_add(1, std::memory_order_relaxed);
    std::array<Byte, sizeof lot> bytes{};
    std::memcpy(bytes.data(), &lot, sizeof lot);
    c.key = arrival(siphash(process_sip_key(), bytes), c.weight);
  }
}

// Each address draws for each client by itself, so one that comes or goes moves only the clients
// that it wins or had.
void BackendPool::key_by_client(std::span<Candidate> list, const IpAddress& client) const {
  // Players change within the /64 of their home all the time.
  const IpAddress source = client.is_v4() ? client : client.masked(64);
  for (Candidate& c : list)
    c.key = arrival(siphash({seeds_[c.index], client_key[1]}, source.bytes()), c.weight);
}

CandidateList BackendPool::order(const Pick& pick) {
  CandidateList list = usable(pick.now);
  if (list.size() < 2) return list;
  const std::span<Candidate> items = list.items();
  weigh(items, pick);
  switch (pick.strategy) {
    case BalanceStrategy::first_available:
      if (items[0].forced) rotate(items);
      return list;
    case BalanceStrategy::round_robin:
      rotate(items);
      return list;
    case BalanceStrategy::least_conn:
      rotate(items);
      key_by_load(items);
      break;
    case BalanceStrategy::lowest_latency:
      rotate(items);
      key_by_latency(items, pick.now);
      break;
    case BalanceStrategy::random:
      key_by_lot(items);
      break;
    case BalanceStrategy::ip_hash:
      if (pick.client)
        key_by_client(items, *pick.client);
      else
        key_by_lot(items);
      break;
  }
  sort_by_key(items);
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
  // Beside addresses that players use, a new one begins slowly.
  const bool some_in_use =
      std::ranges::any_of(known.addresses, [](const auto& a) { return !a.second.expired(); });
  std::vector<std::shared_ptr<AddressHealth>> health;
  for (const WeightedAddress& address : addresses) {
    std::weak_ptr<AddressHealth>& slot = known.addresses[address.text];
    std::shared_ptr<AddressHealth> state = slot.lock();
    if (!state) {
      state = std::make_shared<AddressHealth>();
      if (some_in_use) state->joined(Clock::now());
      state->set_drained(drained_.contains({std::string(server_id), address.text}));
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

void BackendPools::set_drained(DrainList drained) {
  const std::lock_guard lock(mutex_);
  drained_ = std::move(drained);
  for (const auto& [id, known] : servers_)
    for (const auto& [text, address] : known.addresses)
      if (const auto state = address.lock()) state->set_drained(drained_.contains({id, text}));
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
