// Route look-ups at 110,000 names (100,000 exact, 10,000 `*.suffix`), against two other ways to do
// the same in the same run: hash maps with a walk over the suffixes, and a list of patterns that
// are tried one by one (as proxies do that keep wildcards in a list), once with the usual greedy
// matcher and once with our own bit-parallel one.
//
//   route_bench --benchmark_out=FILE --benchmark_out_format=json
//
// Each look-up takes another host, in an order that no prefetcher knows, from a set that is larger
// than the caches; the hosts are folded already, as a connection's are.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/host_pattern.hpp"
#include "core/pattern_routes.hpp"
#include "core/routes.hpp"

namespace {

using drawbridge::core::HostBits;
using drawbridge::core::RouteClaim;
using drawbridge::core::RouteTable;

constexpr std::uint32_t exact_names = 100'000;
constexpr std::uint32_t wildcards = 10'000;
constexpr std::size_t hosts_asked = 1 << 16;

std::string exact_name(std::uint32_t i) {
  return fmt::format("srv{}.eu.play{}.example.net", i, i % 997);
}
std::string wildcard_suffix(std::uint32_t i) {
  return fmt::format("c{}.hosting{}.example.org", i, i % 89);
}

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
using NameMap = std::unordered_map<std::string, std::uint32_t, StringHash, std::equal_to<>>;

struct Names {
  RouteTable table;
  NameMap exact;
  NameMap suffixes;
  std::vector<std::pair<std::string, std::uint32_t>> patterns;
};

const Names& names() {
  static const Names all = [] {
    Names n;
    std::vector<RouteClaim> claims;
    for (std::uint32_t i = 0; i < exact_names; ++i) {
      claims.push_back({exact_name(i), i, 0, fmt::format("s{}", i)});
      n.exact.emplace(exact_name(i), i);
    }
    for (std::uint32_t i = 0; i < wildcards; ++i) {
      const std::uint32_t server = exact_names + i;
      const std::string suffix = wildcard_suffix(i);
      claims.push_back({"*." + suffix, server, 0, fmt::format("s{}", server)});
      n.suffixes.emplace(suffix, server);
      n.patterns.emplace_back("*." + suffix, server);
    }
    n.table = RouteTable(claims);
    return n;
  }();
  return all;
}

// Hosts to ask for; the letter of `kind` says what will be found.
std::vector<std::string> hosts(std::string_view kind) {
  std::mt19937 random(20260117);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < hosts_asked; ++i) {
    const auto n = static_cast<std::uint32_t>(random());
    if (kind == "exact") all.push_back(exact_name(n % exact_names));
    if (kind == "wildcard")
      all.push_back(fmt::format("p{}.{}", n % 64, wildcard_suffix(n % wildcards)));
    if (kind == "miss") all.push_back(fmt::format("x{}.eu.play{}.example.net", n, n % 997));
    // As deep as the wildcards are, so that every suffix has to be looked up.
    if (kind == "deep_miss") all.push_back(fmt::format("a.b{}.c.hosting{}.example.org", n, n % 89));
  }
  return all;
}

std::optional<std::uint32_t> find_in_table(std::string_view host) {
  const auto match = names().table.find(host);
  if (!match) return std::nullopt;
  return match->server;
}

std::optional<std::uint32_t> find_in_maps(std::string_view host) {
  const Names& n = names();
  if (const auto found = n.exact.find(host); found != n.exact.end()) return found->second;
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos;
       dot = host.find('.', dot + 1)) {
    const auto found = n.suffixes.find(host.substr(dot + 1));
    if (found != n.suffixes.end()) return found->second;
  }
  return std::nullopt;
}

// The usual matcher: on a mismatch the last `*` takes one character more.
bool greedy_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::optional<std::uint32_t> find_in_list(std::string_view host) {
  const Names& n = names();
  if (const auto found = n.exact.find(host); found != n.exact.end()) return found->second;
  for (const auto& [pattern, server] : n.patterns) {
    if (greedy_match(pattern, host)) return server;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> find_in_list_by_bits(std::string_view host) {
  const Names& n = names();
  if (const auto found = n.exact.find(host); found != n.exact.end()) return found->second;
  const HostBits bits(host);
  for (const auto& [pattern, server] : n.patterns) {
    if (bits.matches(pattern)) return server;
  }
  return std::nullopt;
}

using Find = std::optional<std::uint32_t> (*)(std::string_view);

void look_up(benchmark::State& state, Find find, std::string_view kind) {
  const std::vector<std::string> asked = hosts(kind);
  const bool should_match = !kind.ends_with("miss");
  if (find(asked[0]).has_value() != should_match || find(asked[0]) != find_in_maps(asked[0])) {
    state.SkipWithError("a wrong answer");
    return;
  }
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(find(asked[i]));
    i = (i + 1) % asked.size();
  }
  state.counters["names"] = static_cast<double>(names().table.size());
}

// The same table with a thousand regular expressions behind it, as World::route asks them: names
// and wildcards must not notice.
const drawbridge::core::PatternRoutes& expressions() {
  static const drawbridge::core::PatternRoutes all = [] {
    std::vector<drawbridge::core::PatternClaim> claims;
    for (int i = 0; i < 1000; ++i)
      claims.push_back({.origin = {},
                        .match = fmt::format("([a-z]+)-{}\\.rooms[0-9]+\\.example\\.com", i),
                        .server_id = {},
                        .address = "$1.lan",
                        .resolve_allow = {}});
    return drawbridge::core::PatternRoutes(std::move(claims));
  }();
  return all;
}

std::optional<std::uint32_t> find_with_expressions(std::string_view host) {
  const auto match = names().table.find_domain(host);
  if (match) return match->server;
  const std::vector<std::size_t> matching = expressions().matching(host);
  if (matching.empty() || !expressions().fill(matching[0], host)) return std::nullopt;
  return static_cast<std::uint32_t>(matching[0]);
}

void look_up_expression(benchmark::State& state) {
  std::vector<std::string> asked;
  for (int i = 0; i < 1000; ++i) asked.push_back(fmt::format("red-{}.rooms7.example.com", i));
  std::size_t i = 0;
  for (auto _ : state) {
    const auto found = find_with_expressions(asked[i]);
    if (found != i) return state.SkipWithError("a wrong answer");
    i = (i + 1) % asked.size();
  }
}

void build_table(benchmark::State& state) {
  std::vector<RouteClaim> claims;
  for (std::uint32_t i = 0; i < exact_names; ++i) {
    claims.push_back({exact_name(i), i, 0, fmt::format("s{}", i)});
  }
  for (std::uint32_t i = 0; i < wildcards; ++i) {
    claims.push_back({"*." + wildcard_suffix(i), i, 0, fmt::format("s{}", exact_names + i)});
  }
  for (auto _ : state) {
    const RouteTable table(claims);
    benchmark::DoNotOptimize(table.size());
    state.counters["bytes"] = static_cast<double>(table.memory());
  }
}

void register_all() {
  const auto add = [](std::string_view way, Find find, std::string_view kind) {
    benchmark::RegisterBenchmark(fmt::format("look_up/{}/{}", way, kind).c_str(), look_up, find,
                                 kind);
  };
  for (const std::string_view kind : {"exact", "wildcard", "miss", "deep_miss"}) {
    add("table", find_in_table, kind);
    add("maps", find_in_maps, kind);
    add("table_and_1000_expressions", find_with_expressions, kind);
    if (kind == "exact") continue;  // a list has no part in exact names
    add("list", find_in_list, kind);
    add("list_by_bits", find_in_list_by_bits, kind);
  }
  benchmark::RegisterBenchmark("look_up/table_and_1000_expressions/expression", look_up_expression);
  benchmark::RegisterBenchmark("build_table", build_table)->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
