#include "meter.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace drawbridge::bench {

namespace {

double clock_seconds(clockid_t clock) {
  timespec time{};
  // A relay that has died counts no further; the suite notices by its connections.
  if (::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

CpuClocks::CpuClocks(const std::vector<int>& pids) {
  for (const int pid : pids) {
    clockid_t clock{};
    if (const int error = ::clock_getcpuclockid(pid, &clock); error != 0) {
      die("process {}: {}", pid, std::strerror(error));
    }
    clocks_.push_back(clock);
  }
}

double CpuClocks::seconds() const {
  double sum = 0;
  for (const clockid_t clock : clocks_) sum += clock_seconds(clock);
  return sum;
}

Report& Report::add(std::string_view key, double value) {
  body_ += fmt::format("{}\"{}\": {:.9g}", body_.empty() ? "" : ", ", key, value);
  return *this;
}

Report& Report::add(std::string_view key, std::int64_t value) {
  body_ += fmt::format("{}\"{}\": {}", body_.empty() ? "" : ", ", key, value);
  return *this;
}

Report& Report::add(std::string_view key, std::string_view value) {
  body_ += fmt::format("{}\"{}\": \"{}\"", body_.empty() ? "" : ", ", key, value);
  return *this;
}

void Report::print() const {
  fmt::print("{{{}}}\n", body_);
  std::fflush(stdout);
}

Stretch::Stretch(Args& args) : relay_(args.pids("relay")), others_(args.pids("others")) {}

void Stretch::begin() {
  before_ = sample();
}
void Stretch::end() {
  after_ = sample();
}

Stretch::Sample Stretch::sample() const {
  Sample now;
  now.wall = static_cast<double>(now_ns()) * 1e-9;
  now.relay = relay_.seconds();
  now.self = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  now.others = others_.seconds();
  std::ifstream stat("/proc/stat");
  std::string label;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  stat >> label >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> now.steal;
  const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
  now.busy = (user + nice + system) / tick;
  now.steal /= tick;
  return now;
}

void Stretch::describe(Report& report) const {
  const double processors = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)) * wall();
  const double ours = relay_cpu() + own_cpu() + (after_.others - before_.others);
  const double foreign = (after_.busy - before_.busy - ours) / processors;
  report.add("wall", wall())
      .add("relay_cpu", relay_cpu())
      .add("own_cpu", own_cpu())
      .add("foreign", std::max(0.0, foreign))
      .add("steal", (after_.steal - before_.steal) / processors);
}

double percentile(std::vector<std::uint32_t>& values, double q) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
  return values[rank];
}

std::int64_t resident_bytes(const std::vector<int>& pids) {
  std::int64_t sum = 0;
  for (const int pid : pids) {
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
    std::string line;
    std::int64_t kib = -1;
    while (std::getline(rollup, line)) {
      if (line.starts_with("Rss:")) std::istringstream(line.substr(4)) >> kib;
    }
    if (kib < 0) die("cannot read the memory of process {}", pid);
    sum += kib * 1024;
  }
  return sum;
}

std::int64_t open_descriptors(const std::vector<int>& pids) {
  std::int64_t count = 0;
  for (const int pid : pids) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", pid), error), end;
         !error && entry != end; entry.increment(error)) {
      ++count;
    }
    if (error) die("cannot read the descriptors of process {}", pid);
  }
  return count;
}

}  // namespace drawbridge::bench
