#include "core/gate/rate_table.hpp"

#include <algorithm>
#include <limits>

namespace drawbridge::core {

namespace {

std::int64_t ns(TimePoint when) {
  return std::chrono::duration_cast<nanoseconds>(when.time_since_epoch()).count();
}

bool over(std::int64_t arrival, const RateRule& rule, std::int64_t now) {
  return rule.limits() && arrival - now > rule.tolerance;
}

RateAnswer judge(std::int64_t& arrival, const RateRule& rule, std::int64_t now, Duration patience) {
  const std::int64_t from = std::max(arrival, now);
  const std::int64_t wait = std::max<std::int64_t>(from - rule.tolerance - now, 0);
  if (wait > patience.count()) return {.passed = false, .wait = Duration(wait)};
  arrival = from + rule.emission;
  return {.passed = true, .wait = Duration(wait)};
}

}  // namespace

RateRule RateRule::of(std::uint32_t most, Duration window) {
  if (most == 0 || window <= Duration::zero()) return {};
  const std::int64_t emission = std::max<std::int64_t>(window.count() / most, 1);
  return {.emission = emission, .tolerance = emission * (static_cast<std::int64_t>(most) - 1)};
}

RateTable::RateTable(Shape shape, const SipKey& key)
    : shape_(shape),
      key_(key),
      stripes_(std::clamp<std::size_t>(shape.max_entries / places_in_stripe, 1, most_stripes)),
      sets_per_stripe_(std::max<std::size_t>(
          (shape.max_entries + stripes_ * set_size - 1) / (stripes_ * set_size), 1)),
      places_(stripes_ * sets_per_stripe_ * set_size),
      overflow_(overflow_size) {}

IpAddress RateTable::masked(const IpAddress& source) const {
  return source.masked(source.is_v4() ? shape_.ipv4_prefix : shape_.ipv6_prefix);
}

RateTable::Path RateTable::path_of(const IpAddress& masked) const {
  const std::uint64_t hash = siphash(key_, masked.bytes());
  const std::size_t stripe = hash % stripes_;
  const auto first_place = [&](std::uint64_t part) {
    return (stripe * sets_per_stripe_ + part % sets_per_stripe_) * set_size;
  };
  return {.stripe = stripe,
          .sets = {first_place((hash >> 6) & 0x1FFF'FFFF), first_place(hash >> 35)}};
}

std::size_t RateTable::overflow_of(const IpAddress& source) const {
  return siphash(key_, source.masked(source.is_v4() ? 16 : 32).bytes()) % overflow_size;
}

const RateTable::Place* RateTable::find(const Path& path, const IpAddress& masked) const {
  for (const std::size_t first : path.sets)
    for (std::size_t i = first; i < first + set_size; ++i)
      if (places_[i].source == masked && places_[i].arrival != decltype(Place::arrival){})
        return &places_[i];
  return nullptr;
}

RateTable::Place* RateTable::find_or_make(const Path& path, const IpAddress& masked,
                                          const RateRules& rules, std::int64_t now) {
  if (const Place* known = find(path, masked)) return const_cast<Place*>(known);
  // The place to take: of each set the one that owes least, and of the two sets the emptier one.
  Place* best = nullptr;
  std::int64_t best_debt = std::numeric_limits<std::int64_t>::max();
  std::size_t best_load = set_size + 1;
  for (const std::size_t first : path.sets) {
    Place* candidate = nullptr;
    std::int64_t candidate_debt = std::numeric_limits<std::int64_t>::max();
    std::size_t load = 0;
    for (std::size_t i = first; i < first + set_size; ++i) {
      Place& place = places_[i];
      std::int64_t debt = 0;
      bool used_up = false;
      for (std::size_t kind = 0; kind < rate_kinds; ++kind) {
        debt = std::max(debt, place.arrival[kind] - now);
        used_up = used_up || over(place.arrival[kind], rules[kind], now);
      }
      if (debt > 0) ++load;
      if (used_up || debt >= candidate_debt) continue;
      candidate = &place;
      candidate_debt = debt;
    }
    if (candidate == nullptr) continue;
    if (std::pair(candidate_debt, load) >= std::pair(best_debt, best_load)) continue;
    best = candidate;
    best_debt = candidate_debt;
    best_load = load;
  }
  if (best != nullptr) *best = {.source = masked, .arrival = {}};
  return best;
}

RateAnswer RateTable::take(const IpAddress& source, RateKind kind, const RateRules& rules,
                           TimePoint when, Duration patience) {
  const auto index = static_cast<std::size_t>(kind);
  const RateRule& rule = rules[index];
  if (!rule.limits()) return {.passed = true, .wait = {}};
  const std::int64_t now = ns(when);
  const IpAddress key = masked(source);
  const Path path = path_of(key);
  {
    const std::scoped_lock lock(locks_[path.stripe]);
    if (Place* place = find_or_make(path, key, rules, now))
      return judge(place->arrival[index], rule, now, patience);
  }
  shared_.fetch_add(1, std::memory_order_relaxed);
  const std::scoped_lock lock(overflow_lock_);
  return judge(overflow_[overflow_of(source)][index], rule, now, patience);
}

void RateTable::give_back(const IpAddress& source, RateKind kind, const RateRules& rules) {
  const auto index = static_cast<std::size_t>(kind);
  if (!rules[index].limits()) return;
  const IpAddress key = masked(source);
  const Path path = path_of(key);
  const auto refund = [&](std::int64_t& arrival) {
    arrival = std::max<std::int64_t>(arrival - rules[index].emission, 1);
  };
  {
    const std::scoped_lock lock(locks_[path.stripe]);
    if (auto* place = const_cast<Place*>(find(path, key))) return refund(place->arrival[index]);
  }
  // It had no place of its own.
  const std::scoped_lock lock(overflow_lock_);
  refund(overflow_[overflow_of(source)][index]);
}

bool RateTable::exhausted(const IpAddress& source, RateKind kind, const RateRules& rules,
                          TimePoint when) const {
  const auto index = static_cast<std::size_t>(kind);
  if (!rules[index].limits()) return false;
  const IpAddress key = masked(source);
  const Path path = path_of(key);
  const std::scoped_lock lock(locks_[path.stripe]);
  const Place* place = find(path, key);
  return place != nullptr && over(place->arrival[index], rules[index], ns(when));
}

std::size_t RateTable::known(TimePoint when) const {
  const std::int64_t now = ns(when);
  std::size_t count = 0;
  for (std::size_t stripe = 0; stripe < stripes_; ++stripe) {
    const std::scoped_lock lock(locks_[stripe]);
    const std::size_t span = sets_per_stripe_ * set_size;
    for (std::size_t i = stripe * span; i < (stripe + 1) * span; ++i)
      if (std::ranges::any_of(places_[i].arrival, [&](std::int64_t at) { return at > now; }))
        ++count;
  }
  return count;
}

std::shared_ptr<RateTable> RateTables::of(const std::string& name, RateTable::Shape shape) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(tables_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [known, weak] : tables_)
    if (known == name)
      if (auto table = weak.lock(); table && table->shape() == shape) return table;
  auto table = std::make_shared<RateTable>(shape);
  std::erase_if(tables_, [&](const auto& entry) { return entry.first == name; });
  tables_.emplace_back(name, table);
  return table;
}

}  // namespace drawbridge::core
