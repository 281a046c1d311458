#include "core/wake/wake_budget.hpp"

#include <algorithm>

namespace drawbridge::core {

namespace {

constexpr Duration window = hours(1);

void forget_before(std::deque<TimePoint>& starts, TimePoint when) {
  while (!starts.empty() && starts.front() <= when) starts.pop_front();
}

// When the count of those since `after` falls below its limit again; nothing: it is below.
std::optional<Duration> until_free(const std::deque<TimePoint>& starts, std::uint32_t limit,
                                   TimePoint now) {
  const auto count =
      std::ranges::count_if(starts, [now](TimePoint at) { return at > now - window; });
  if (count < limit) return std::nullopt;
  return starts[starts.size() - limit] + window - now;
}

}  // namespace

std::optional<Duration> WakeBudget::take(const IpAddress& source, const std::string& server,
                                         Limits limits, TimePoint now) {
  drop_old(now);
  const Look found = look(source, server, limits, now);
  if (found.wait) return found.wait;
  for (Starts* starts : {&starts_[{server, source}], &servers_[server]}) {
    forget_before(*starts, now - window);
    starts->push_back(now);
  }
  return std::nullopt;
}

WakeBudget::Look WakeBudget::look(const IpAddress& source, const std::string& server, Limits limits,
                                  TimePoint now) const {
  Look out;
  const auto note = [&out](std::optional<Duration> wait) {
    if (wait) out.wait = std::max(out.wait.value_or(Duration::zero()), *wait);
  };
  const auto recent = [now](TimePoint at) { return at > now - window; };
  if (const auto wait = waits_.find(source); wait != waits_.end() && wait->second.until > now)
    note(wait->second.until - now);
  if (const auto at = starts_.find({server, source}); at != starts_.end()) {
    out.of_source = static_cast<std::size_t>(std::ranges::count_if(at->second, recent));
    note(until_free(at->second, limits.per_source, now));
  }
  if (const auto at = servers_.find(server); at != servers_.end()) {
    out.of_server = static_cast<std::size_t>(std::ranges::count_if(at->second, recent));
    note(until_free(at->second, limits.per_server, now));
  }
  return out;
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
