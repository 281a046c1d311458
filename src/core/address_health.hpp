// What we know about one address of one server: connections there, and whether it is left out
// because it failed. This state lives outside worlds: a reload neither resets nor pins it.
//
// An address that fails 3 times in 10 s is out for 30 s. Then one connection may try it (the
// recovery attempt); if that fails it is out for twice as long, up to 5 minutes, and one success
// makes it healthy again. A recovery attempt that never reports counts as none: the next window
// allows another one.
//
// Beside that it keeps how long connecting takes (for lowest_latency) and whether somebody has
// taken the address out of service by hand (drained): no new connections, those that are there
// stay.
//
// Threads: everything may be called from every worker. Reads are relaxed atomics; outcomes take a
// mutex of this address (per connection, never per packet).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.hpp"

namespace drawbridge::core {

struct EjectionRules {
  // At most max_failures failures are remembered.
  static constexpr std::size_t max_failures = 8;
  std::uint32_t failures = 3;  // 1..max_failures; 0 = never eject
  Duration window = seconds(10);
  Duration first_out = seconds(30);
  Duration longest_out = minutes(5);
};

enum class Availability : std::uint8_t {
  healthy,
  recovering,  // out, but its time is over: one attempt is due
  ejected,
};

enum class DialKind : std::uint8_t { ordinary, recovery };

class AddressHealth {
 public:
  [[nodiscard]] Availability availability(TimePoint now) const;
  // When the next attempt is due; the epoch if the address is healthy.
  [[nodiscard]] TimePoint out_until() const;

  // Since when it is healthy or out; the epoch if it never changed.
  [[nodiscard]] TimePoint changed_at() const;

  // Asks to try the address: ordinary while it is healthy; recovery if this is the one attempt of
  // this window; nothing if it is out or somebody else has that attempt.
  std::optional<DialKind> claim_attempt(TimePoint now);
  // Outcomes of connections (and of probes). They return true if the address changed sides, to
  // exactly one caller, who writes the log line. Successes in between do not excuse failures: an
  // address that fails every other time is out.
  bool failed(DialKind kind, TimePoint now, const EjectionRules& rules);
  bool succeeded(TimePoint now);
  // Out at once, whatever was before: for probes, which count their failures themselves. True if it
  // changed sides.
  bool eject(TimePoint now, const EjectionRules& rules);
  // Forgets all failures; healthy as if nothing had been. True if it was out.
  bool reset(TimePoint now) { return succeeded(now); }
  // It has just been added to addresses that players use already, so that slow_start holds for it.
  void joined(TimePoint now);

  [[nodiscard]] bool drained() const { return drained_.load(std::memory_order_relaxed); }
  void set_drained(bool drained) { drained_.store(drained, std::memory_order_relaxed); }

  // Time that connecting takes, as a moving average; 0 = never measured.
  [[nodiscard]] Duration latency() const {
    return Duration(latency_.load(std::memory_order_relaxed));
  }
  void measured(Duration took, TimePoint now);
  // True for one caller if the latency is not known or older than a minute: who then connects there
  // first measures it anew.
  bool claim_measurement(TimePoint now);

  // Connections that are being made, and that are made.
  [[nodiscard]] std::uint32_t connecting() const {
    return connecting_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t live() const { return live_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t load() const { return connecting() + live(); }

 private:
  friend class DialAttempt;
  friend class LiveConnection;
  void put_out(TimePoint now, const EjectionRules& rules);  // under the mutex

  std::atomic<std::uint32_t> connecting_ = 0;
  std::atomic<std::uint32_t> live_ = 0;
  // Steady nanoseconds; 0 = healthy.
  std::atomic<std::int64_t> out_until_ = 0;
  std::atomic<std::int64_t> changed_at_ = 0;
  std::atomic<bool> drained_ = false;
  std::atomic<std::int64_t> latency_ = 0;  // nanoseconds
  std::atomic<std::int64_t> measured_at_ = 0;
  std::atomic<std::int64_t> measuring_since_ = 0;  // when somebody last set out to measure

  std::mutex mutex_;                                             // guards all below
  std::array<TimePoint, EjectionRules::max_failures> recent_{};  // ring of failures
  std::size_t recent_count_ = 0;
  std::size_t recent_next_ = 0;
  Duration out_for_{};  // length of the present or last time out; doubles
};

// Counts one relayed connection at its address for as long as it exists. 16 bytes; movable; any
// thread.
class LiveConnection {
 public:
  LiveConnection() = default;
  LiveConnection(LiveConnection&& other) noexcept = default;
  LiveConnection& operator=(LiveConnection&& other) noexcept;
  ~LiveConnection() { end(); }
  void end();

 private:
  friend class DialAttempt;
  explicit LiveConnection(std::shared_ptr<AddressHealth> address) : address_(std::move(address)) {}
  std::shared_ptr<AddressHealth> address_;
};

// One try to connect: counted as connecting until it reports or goes away. An attempt that is
// dropped without a report (the player left) says nothing about the address.
class DialAttempt {
 public:
  DialAttempt() = default;
  DialAttempt(std::shared_ptr<AddressHealth> address, DialKind kind);
  DialAttempt(DialAttempt&& other) noexcept = default;
  DialAttempt& operator=(DialAttempt&& other) noexcept;
  ~DialAttempt() { end(); }

  // False if the address is out and its recovery attempt is taken: try the next candidate.
  explicit operator bool() const { return address_ != nullptr; }
  // Both end the attempt. `recovered` and the result of failed() say whether the address changed
  // sides just now.
  LiveConnection connected(TimePoint now, bool* recovered = nullptr);
  bool failed(TimePoint now, const EjectionRules& rules);

 private:
  void end();
  std::shared_ptr<AddressHealth> address_;
  DialKind kind_ = DialKind::ordinary;
};

}  // namespace drawbridge::core
