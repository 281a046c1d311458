// What was refused in the last hour, by reason, and which sources it came from: for `drawbridge
// status`, so that an operator sees an attack (or a limit that is too tight) without reading the
// log. One book a worker, merged when somebody asks.
//
// Counts by reason are exact to the minute. Sources are kept in ten-minute slices of 256, by the
// "space saving" rule: a new source takes over the count of the least one, so a heavy source is
// never missed and a count is never too low. Memory is fixed.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/siphash.hpp"

namespace drawbridge::core {

enum class RefusalReason : std::uint8_t {
  listener_full,
  accept_rate,
  source_connections,
  source_reading,
  proxy_header,
  ip_filter,
  ip_ban,
  bad_hello,
  rate_login,
  rate_status,
  name_ban,
  uuid_ban,
  proxy_full,
  unknown_host,
  withheld,
  not_allowed,
  maintenance,
  server_full,
  memory,
  no_backend,
  stopping,
  other
};
inline constexpr std::size_t refusal_reasons = static_cast<std::size_t>(RefusalReason::other) + 1;
// As `status` and the log name it: "rate limit (logins)".
std::string_view name_of(RefusalReason refusal);

struct RefusalReport {
  std::array<std::uint64_t, refusal_reasons> by_reason{};
  std::vector<std::pair<IpAddress, std::uint64_t>> sources;  // most first; IPv6: the /64

  // Adds another worker's numbers.
  void merge(const RefusalReport& other);
  [[nodiscard]] std::uint64_t total() const;
};

class RefusalBook {
 public:
  static constexpr std::size_t sources_in_slice = 256;

  // Any thread; one short lock.
  void note(RefusalReason reason, const IpAddress& source, TimePoint now);
  // The last 60 minutes.
  [[nodiscard]] RefusalReport report(TimePoint now) const;

 private:
  using Minute = std::array<std::uint32_t, refusal_reasons>;
  static constexpr std::int64_t minutes_kept = 60;
  static constexpr std::int64_t slice_minutes = 10;
  static constexpr std::size_t slices = minutes_kept / slice_minutes + 1;

  struct Slice {
    std::int64_t number = -1;
    std::unordered_map<IpAddress, std::uint64_t, IpHash> counts;
  };
  void turn_to(std::int64_t minute);
  static void count(Slice& slice, const IpAddress& source);

  mutable std::mutex mutex_;
  std::int64_t minute_ = -1;  // the newest that was written
  std::array<Minute, minutes_kept> by_minute_{};
  std::array<Slice, slices> slices_;
};

}  // namespace drawbridge::core
