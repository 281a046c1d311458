// What the gate's tables cost: 100,000 bans read from a file and asked for (what is banned, and
// what is not, which is the ordinary case), and one attempt at a rate limit whose table is full.
//
//   gate_bench --benchmark_out=FILE --benchmark_out_format=json
//
// Every question is another one, in an order that no prefetcher knows.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "core/bans/ban_file.hpp"
#include "core/bans/ban_list.hpp"
#include "core/gate/rate_table.hpp"

namespace {

using namespace drawbridge;

constexpr std::uint32_t bans = 100'000;
constexpr std::size_t questions = 1 << 16;
constexpr core::UnixSeconds today = 1'790'000'000;

// A quarter each of names, UUIDs, addresses and networks of 256 addresses.
std::string name_of(std::uint32_t i) {
  return fmt::format("Player{}", i);
}
IpAddress address_of(std::uint32_t i) {
  return IpAddress::v4(0x0A000000U + (i << 8) + 7);
}
IpAddress in_network(std::uint32_t i) {
  return IpAddress::v4(0x50000000U + (i << 8) + i % 256);
}

std::string ban_text(std::uint32_t i) {
  std::string type = "username";
  std::string value = name_of(i);
  if (i % 4 == 1) type = "uuid", value = offline_uuid(name_of(i)).text();
  if (i % 4 == 2) type = "ip", value = address_of(i).text();
  if (i % 4 == 3) type = "ip_range", value = IpAddress::v4(0x50000000U + (i << 8)).text() + "/24";
  return fmt::format(
      R"({{"id": "b{}", "target": {{"type": "{}", "value": "{}"}}, "reason": "some reason", )"
      R"("expires_at": null, "created_at": 1700000000, "source": {{"type": "console"}}}})",
      i + 1, type, value);
}

// The file, gone when the program ends.
class BansOnDisk {
 public:
  BansOnDisk()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("drawbridge-gate-bench-{}.json", getpid())) {
    std::ofstream out(path_, std::ios::binary);
    out << R"({"bans": [)";
    for (std::uint32_t i = 0; i < bans; ++i) out << (i == 0 ? "" : ",") << ban_text(i);
    out << R"(], "audit_log": [], "next_id": 100001})";
  }
  ~BansOnDisk() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  [[nodiscard]] core::BanList load() const {
    auto read = core::BanFile(path_).read();
    if (!read || !read->corrupt.empty() || read->document.bans().size() != bans) std::abort();
    return core::BanList(read->document.bans());
  }

 private:
  std::filesystem::path path_;
};

const BansOnDisk& on_disk() {
  static const BansOnDisk file;
  return file;
}
const core::BanList& list() {
  static const core::BanList all = on_disk().load();
  return all;
}

void load(benchmark::State& state) {
  on_disk();
  for (auto _ : state) benchmark::DoNotOptimize(on_disk().load());
}
BENCHMARK(load)->Unit(benchmark::kMillisecond);

// `kind`: which quarter of the bans; `banned`: whether what is asked for is among them.
template <class Ask>
void look_up(benchmark::State& state, std::uint32_t kind, bool banned, Ask ask) {
  std::mt19937 random(7);
  std::vector<std::uint32_t> asked(questions);
  for (std::uint32_t& i : asked) i = (random() % (bans / 4)) * 4 + kind + (banned ? 0 : bans);
  list();  // read before the clock runs
  std::size_t found = 0;
  std::size_t n = 0;
  auto answers = ask.prepare(asked);
  for (auto _ : state) found += ask.find(answers[n++ % questions]) != nullptr;
  if ((found != 0) != banned) state.SkipWithError("found what is not there, or the other way");
}

struct Names {
  static std::vector<std::string> prepare(const std::vector<std::uint32_t>& asked) {
    std::vector<std::string> out;
    for (const std::uint32_t i : asked) out.push_back(name_of(i));
    return out;
  }
  static const core::Ban* find(const std::string& name) { return list().by_name(name, today); }
};
struct Uuids {
  static std::vector<Uuid> prepare(const std::vector<std::uint32_t>& asked) {
    std::vector<Uuid> out;
    for (const std::uint32_t i : asked) out.push_back(offline_uuid(name_of(i)));
    return out;
  }
  static const core::Ban* find(const Uuid& uuid) { return list().by_uuid(uuid, today); }
};
template <IpAddress (*make)(std::uint32_t)>
struct Addresses {
  static std::vector<IpAddress> prepare(const std::vector<std::uint32_t>& asked) {
    std::vector<IpAddress> out;
    for (const std::uint32_t i : asked) out.push_back(make(i));
    return out;
  }
  static const core::Ban* find(const IpAddress& address) {
    return list().by_address(address, today);
  }
};

void look_up_name(benchmark::State& state) {
  look_up(state, 0, state.range(0) != 0, Names());
}
void look_up_uuid(benchmark::State& state) {
  look_up(state, 1, state.range(0) != 0, Uuids());
}
void look_up_address(benchmark::State& state) {
  look_up(state, 2, state.range(0) != 0, Addresses<address_of>());
}
void look_up_network(benchmark::State& state) {
  look_up(state, 3, state.range(0) != 0, Addresses<in_network>());
}
BENCHMARK(look_up_name)->ArgName("banned")->Arg(0)->Arg(1);
BENCHMARK(look_up_uuid)->ArgName("banned")->Arg(0)->Arg(1);
BENCHMARK(look_up_address)->ArgName("banned")->Arg(0)->Arg(1);
BENCHMARK(look_up_network)->ArgName("banned")->Arg(0)->Arg(1);

// From 16 times as many sources as the table holds.
void rate_limit(benchmark::State& state) {
  core::RateTable table({.ipv4_prefix = 32, .ipv6_prefix = 64, .max_entries = 65536});
  core::RateRules rules;
  rules.fill(core::RateRule::of(3, seconds(10)));
  std::mt19937 random(7);
  TimePoint now{};
  for (auto _ : state) {
    now += std::chrono::microseconds(10);
    benchmark::DoNotOptimize(
        table.take(IpAddress::v4(random() % (1U << 20)), core::RateKind::login, rules, now));
  }
}
BENCHMARK(rate_limit);

}  // namespace

BENCHMARK_MAIN();
