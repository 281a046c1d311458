// Keeps one source from filling the log: of each source and reason the first lines of a window are
// written, the rest is counted and told in one line when the window ends. Attackers choose how many
// sources they have, so the table is bounded; when it is full, further sources share one count per
// reason.
//
// Thread-safe: one mutex, used once a log line about a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"

namespace drawbridge::core {

enum class LogVerdict : std::uint8_t { write, suppress };

struct LogSummary {
  std::string source;  // an address, an IPv6 /64, or "other sources"
  std::string_view reason;
  std::uint64_t suppressed = 0;
  Duration window{};

  // "412 more from 1.2.3.4 in the last 10 s"
  [[nodiscard]] std::string text() const;
};

class LogThrottle {
 public:
  struct Rules {
    std::uint32_t lines = 5;  // written in each window
    Duration window = seconds(10);
    std::size_t max_sources = 4096;
  };
  LogThrottle() : LogThrottle(Rules{}) {}
  explicit LogThrottle(Rules rules) : rules_(rules) {}

  // `reason` names the kind of line ("bad handshake"); it must be a literal or live for ever.
  LogVerdict allow(const IpAddress& source, std::string_view reason, TimePoint now);

  // Windows that have ended and in which lines were suppressed, largest first. Call it every second
  // or so; it also frees the places of sources that are quiet.
  std::vector<LogSummary> summaries(TimePoint now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Key {
    IpAddress source;  // IPv6: its /64
    std::string_view reason;
    bool shared = false;  // the count of all sources that found no place
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Window {
    TimePoint began;
    std::uint64_t seen = 0;
  };
  void close(const Key& key, const Window& window);

  Rules rules_;
  mutable std::mutex mutex_;
  std::unordered_map<Key, Window, KeyHash> windows_;
  std::vector<LogSummary> ended_;  // windows that a later line of the same source closed
};

}  // namespace drawbridge::core
