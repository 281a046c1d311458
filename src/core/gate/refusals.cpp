#include "core/gate/refusals.hpp"

#include <algorithm>
#include <numeric>

namespace drawbridge::core {

namespace {

std::int64_t minute_of(TimePoint now) {
  return std::chrono::duration_cast<minutes>(now.time_since_epoch()).count();
}

// Each source once, whoever was refused most first.
void add_up(std::vector<std::pair<IpAddress, std::uint64_t>>& sources) {
  std::ranges::sort(sources, {}, &std::pair<IpAddress, std::uint64_t>::first);
  std::size_t kept = 0;
  for (const auto& [source, count] : sources) {
    if (kept > 0 && sources[kept - 1].first == source)
      sources[kept - 1].second += count;
    else
      sources[kept++] = {source, count};
  }
  sources.resize(kept);
  std::ranges::sort(sources, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
}

}  // namespace

std::string_view name_of(RefusalReason refusal) {
  constexpr std::array<std::string_view, refusal_reasons> names = {
      "listener full",
      "connection rate",
      "connections of one source",
      "unfinished connections of one source",
      "PROXY header",
      "address filter",
      "address ban",
      "no valid hello",
      "rate limit (logins)",
      "rate limit (pings)",
      "name ban",
      "UUID ban",
      "proxy full",
      "unknown host",
      "server withheld",
      "not on the allow list",
      "maintenance",
      "server full",
      "memory of strangers",
      "no backend",
      "stopping",
      "other",
  };
  return names[static_cast<std::size_t>(refusal)];
}

void RefusalReport::merge(const RefusalReport& other) {
  for (std::size_t i = 0; i < refusal_reasons; ++i) by_reason[i] += other.by_reason[i];
  sources.insert(sources.end(), other.sources.begin(), other.sources.end());
  add_up(sources);
}

std::uint64_t RefusalReport::total() const {
  return std::accumulate(by_reason.begin(), by_reason.end(), std::uint64_t{0});
}

// Empties what the ring held for the minutes since the newest one.
void RefusalBook::turn_to(std::int64_t minute) {
  if (minute <= minute_) return;
  const std::int64_t from = std::max(minute_ + 1, minute - minutes_kept + 1);
  for (std::int64_t m = from; m <= minute; ++m)
    by_minute_[static_cast<std::size_t>(m % minutes_kept)] = {};
  minute_ = minute;
}

void RefusalBook::count(Slice& slice, const IpAddress& source) {
  if (const auto known = slice.counts.find(source); known != slice.counts.end()) {
    ++known->second;
    return;
  }
  std::uint64_t inherited = 0;
  if (slice.counts.size() >= sources_in_slice) {
    const auto least = std::ranges::min_element(slice.counts, {},
                                                &std::pair<const IpAddress, std::uint64_t>::second);
    inherited = least->second;
    slice.counts.erase(least);
  }
  slice.counts.emplace(source, inherited + 1);
}

void RefusalBook::note(RefusalReason reason, const IpAddress& source, TimePoint now) {
  const std::int64_t minute = minute_of(now);
  const std::scoped_lock lock(mutex_);
  turn_to(minute);
  ++by_minute_[static_cast<std::size_t>(minute_ % minutes_kept)][static_cast<std::size_t>(reason)];
  const std::int64_t number = minute_ / slice_minutes;
  Slice& slice = slices_[static_cast<std::size_t>(number) % slices];
  if (slice.number != number) {
    slice.counts.clear();
    slice.number = number;
  }
  count(slice, source.is_v4() ? source : source.masked(64));
}

RefusalReport RefusalBook::report(TimePoint now) const {
  const std::int64_t minute = minute_of(now);
  RefusalReport out;
  const std::int64_t oldest = minute - minutes_kept + 1;
  std::unique_lock lock(mutex_);  // a worker that refuses somebody waits for it: copied, no more
  for (std::int64_t m = std::max<std::int64_t>(minute_ - minutes_kept + 1, 0); m <= minute_; ++m) {
    if (m < oldest) continue;
    const Minute& counts = by_minute_[static_cast<std::size_t>(m % minutes_kept)];
    for (std::size_t i = 0; i < refusal_reasons; ++i) out.by_reason[i] += counts[i];
  }
  for (const Slice& slice : slices_) {
    if (slice.number < 0 || (slice.number + 1) * slice_minutes <= oldest) continue;
    out.sources.insert(out.sources.end(), slice.counts.begin(), slice.counts.end());
  }
  lock.unlock();
  add_up(out.sources);
  return out;
}

}  // namespace drawbridge::core
