// What a run cost: processor time of the relay and of everybody else, memory, and a JSON line to
// say it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "args.hpp"

namespace drawbridge::bench {

// Nanoseconds of CLOCK_MONOTONIC: the same clock on both ends, since both ends are this process.
inline std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Processor time of a set of processes in seconds, read from their CPU clocks: exact to the
// nanosecond and with the time of threads that have ended, which /proc/PID/stat has in ticks of 10
// ms only.
class CpuClocks {
 public:
  explicit CpuClocks(const std::vector<int>& pids);
  [[nodiscard]] double seconds() const;

 private:
  std::vector<clockid_t> clocks_;
};

// One JSON object on one line; keys are written as given and must need no escaping.
class Report {
 public:
  Report& add(std::string_view key, double value);
  Report& add(std::string_view key, std::int64_t value);
  Report& add(std::string_view key, std::string_view value);
  void print() const;  // to standard output, flushed

 private:
  std::string body_;
};

// The measured stretch of a run. Options read: --relay PIDS (the program under test), --others PIDS
// (ours, but not it).
class Stretch {
 public:
  explicit Stretch(Args& args);
  void begin();
  void end();

  [[nodiscard]] double wall() const { return after_.wall - before_.wall; }
  [[nodiscard]] double relay_cpu() const { return after_.relay - before_.relay; }
  [[nodiscard]] double own_cpu() const { return after_.self - before_.self; }
  // wall, relay_cpu, own_cpu in seconds; foreign: share of all processors that other programs used,
  // steal likewise.
  void describe(Report& report) const;

 private:
  struct Sample {
    double wall = 0, relay = 0, self = 0, others = 0, busy = 0, steal = 0;
  };
  [[nodiscard]] Sample sample() const;

  CpuClocks relay_, others_;
  Sample before_, after_;
};

// Sorts `values`; 0 when there are none. `q` in 0..1.
double percentile(std::vector<std::uint32_t>& values, double q);

// Resident bytes of the processes together (smaps_rollup: exact, not the kernel's cached counters).
std::int64_t resident_bytes(const std::vector<int>& pids);
// Open descriptors of the processes together.
std::int64_t open_descriptors(const std::vector<int>& pids);

}  // namespace drawbridge::bench
