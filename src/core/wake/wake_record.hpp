// What everybody may know about a server that sleeps: status pings, log-ins, commands. One for each
// server id; it outlives worlds, like the number of players. The control thread writes it
// (sleeper.cpp), anybody reads it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/wake/wake_state.hpp"

namespace drawbridge::core {

struct RoutedAddress;

// Of one moment.
struct WakeLook {
  WakeState state = WakeState::unknown;
  TimePoint since;              // that it is in this state
  std::optional<Duration> eta;  // what a start takes, by experience; less what has passed of this
  // The answer to the last status ping that had one (JSON); may be null.
  std::shared_ptr<const std::string> last_status;

  [[nodiscard]] Duration elapsed(TimePoint now) const { return now - since; }
};

class WakeRecord {
 public:
  [[nodiscard]] WakeState state() const { return state_.load(std::memory_order_acquire); }
  [[nodiscard]] WakeLook look(TimePoint now) const;
  // Where it is served instead of its file's addresses, for this run of it; mostly null.
  [[nodiscard]] std::shared_ptr<const RoutedAddress> address() const;

  // --- The control thread ---
  void set_state(WakeState state, TimePoint now);
  void set_usual_start(std::optional<Duration> usual);
  void set_status(std::string json);
  void set_address(std::shared_ptr<const RoutedAddress> address);

 private:
  std::atomic<WakeState> state_ = WakeState::unknown;
  mutable std::mutex mutex_;  // guards all below; short, once a ping or log-in
  TimePoint since_;
  std::optional<Duration> usual_start_;
  std::shared_ptr<const std::string> last_status_;
  std::shared_ptr<const RoutedAddress> address_;
};

// By server id. Thread-safe; a record lives as long as somebody holds it.
class WakeRecords {
 public:
  std::shared_ptr<WakeRecord> of(std::string_view id);

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<WakeRecord>, std::less<>> records_;
};

}  // namespace drawbridge::core
