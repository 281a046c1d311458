#include "core/log_throttle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/siphash.hpp"

namespace drawbridge::core {

namespace {

constexpr int ipv6_prefix = 64;  // what one customer has; within it addresses cost nothing

IpAddress source_of(const IpAddress& address) {
  return address.is_v4() ? address : address.masked(ipv6_prefix);
}

std::string source_text(const IpAddress& source) {
  return source.is_v4() ? source.text() : fmt::format("{}/{}", source.text(), ipv6_prefix);
}

}  // namespace

std::string LogSummary::text() const {
  return fmt::format("{} more from {} in the last {} s", suppressed, source,
                     std::chrono::duration_cast<seconds>(window).count());
}

std::size_t LogThrottle::KeyHash::operator()(const Key& key) const {
  const SipKey of_source{IpHash()(key.source), key.shared ? 1U : 0U};
  return siphash(of_source, as_bytes(key.reason));
}

LogVerdict LogThrottle::allow(const IpAddress& source, std::string_view reason, TimePoint now) {
  const std::lock_guard lock(mutex_);
  Key key{source_of(source), reason, false};
  auto found = windows_.find(key);
  if (found == windows_.end() && windows_.size() >= rules_.max_sources) {
    key = {{}, reason, true};
    found = windows_.find(key);
  }
  if (found == windows_.end()) found = windows_.emplace(key, Window{now}).first;
  Window& window = found->second;
  if (now - window.began >= rules_.window) {
    // Should nobody call summaries(), this list is bounded like the table.
    if (ended_.size() < rules_.max_sources) close(key, window);
    window = {now};
  }
  return window.seen++ < rules_.lines ? LogVerdict::write : LogVerdict::suppress;
}

// Keeps what a window that is over has suppressed for the next summaries().
void LogThrottle::close(const Key& key, const Window& window) {
  if (window.seen <= rules_.lines) return;
  ended_.push_back({key.shared ? "other sources" : source_text(key.source), key.reason,
                    window.seen - rules_.lines, rules_.window});
}

std::vector<LogSummary> LogThrottle::summaries(TimePoint now) {
  std::vector<LogSummary> ended;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(windows_, [&](const auto& entry) {
      if (now - entry.second.began < rules_.window) return false;
      close(entry.first, entry.second);
      return true;
    });
    ended.swap(ended_);
  }
  std::ranges::sort(ended, [](const LogSummary& a, const LogSummary& b) {
    if (a.suppressed != b.suppressed) return a.suppressed > b.suppressed;
    return std::tie(a.source, a.reason) < std::tie(b.source, b.reason);
  });
  return ended;
}

std::size_t LogThrottle::size() const {
  const std::lock_guard lock(mutex_);
  return windows_.size();
}

}  // namespace drawbridge::core
