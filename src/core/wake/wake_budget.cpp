#include "core/wake/wake_budget.hpp"

#include <algorithm>

namespace drawbridge::core {

namespace {

constexpr Duration window = hours(1);

void forget_before(std::deque<TimePoint>& starts, TimePoint when) {
  while (!starts.empty() && starts.front() <= when) starts.pop_front();
}

// When the count falls below its limit again; nothing: it is below.
std::optional<Duration> until_free(const std::deque<TimePoint>& starts, std::uint32_t limit,
                                   TimePoint now) {
  if (starts.size() < limit) return std::nullopt;
  return starts[starts.size() - limit] + window - now;
}

}  // namespace

std::optional<Duration> WakeBudget::take(const IpAddress& source, const std::string& server,
                                         Limits limits, TimePoint now) {
  drop_old(now);
  std::optional<Duration> longest;
  const auto note = [&longest](std::optional<Duration> wait) {
    if (wait) longest = std::max(longest.value_or(Duration::zero()), *wait);
  };
  if (const auto wait = waits_.find(source); wait != waits_.end() && wait->second.until > now)
    note(wait->second.until - now);
  Starts& of_source = starts_[{server, source}];
  Starts& of_server = servers_[server];
  forget_before(of_source, now - window);
  forget_before(of_server, now - window);
  note(until_free(of_source, limits.per_source, now));
  note(until_free(of_server, limits.per_server, now));
  if (!longest) {
    of_source.push_back(now);
    of_server.push_back(now);
  } else if (of_source.empty()) {
    starts_.erase({server, source});
  }
  return longest;
}

void WakeBudget::wasted(const IpAddress& source, TimePoint now) {
  Wait& wait = waits_[source];
  wait.length = std::clamp<Duration>(wait.length * 2, first_wait, longest_wait);
  wait.until = now + wait.length;
}

void WakeBudget::used(const IpAddress& source) {
  waits_.erase(source);
}

// A wait counts as long again after its end: whoever comes back then has the next one doubled.
void WakeBudget::drop_old(TimePoint now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + minutes(1);
  for (auto& [key, starts] : starts_) forget_before(starts, now - window);
  for (auto& [key, starts] : servers_) forget_before(starts, now - window);
  std::erase_if(starts_, [](const auto& entry) { return entry.second.empty(); });
  std::erase_if(servers_, [](const auto& entry) { return entry.second.empty(); });
  std::erase_if(waits_, [now](const auto& entry) {
    return entry.second.until + std::max<Duration>(entry.second.length, window) <= now;
  });
}

}  // namespace drawbridge::core
