// A pattern, a host and a table of patterns from arbitrary bytes. Beyond "does not crash": matching
// agrees with the usual greedy matcher, and a table never prefers a pattern that does not match.
//
// Input: lines; the first is the host, the others are domains of a table.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.hpp"
#include "core/host_pattern.hpp"
#include "core/routes.hpp"

namespace {

using namespace drawbridge;
using namespace drawbridge::core;

void require(bool holds) {
  if (!holds) std::abort();
}

bool greedy_match(std::string_view pattern, std::string_view host) {
  std::size_t p = 0;
  std::size_t h = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (h < host.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = h;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == host[h])) {
      ++p;
      ++h;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      h = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string_view> lines = split(input, '\n');
  const std::string_view host = lines[0];
  const HostBits bits(host);
  std::vector<RouteClaim> claims;
  bool some_match = false;
  for (std::uint32_t i = 1; i < lines.size() && i < 64; ++i) {
    const std::string_view raw = lines[i].substr(0, 600);
    if (host.size() <= max_host_length) require(bits.matches(raw) == greedy_match(raw, host));
    const Result<HostPattern> pattern = HostPattern::parse(raw);
    claims.push_back({std::string(raw), i, static_cast<int>(i % 3), std::string(1, 'a')});
    if (!pattern) continue;
    require(pattern->text.size() <= max_pattern_length);
    const Result<HostPattern> again = HostPattern::parse(pattern->text);
    require(again && again->text == pattern->text && again->kind == pattern->kind);
    const bool matches = !host.empty() && bits.matches(pattern->text);
    if (matches) require(("." + std::string(host)).ends_with(pattern->literal_tail()));
    some_match = some_match || matches || pattern->kind == PatternKind::any;
  }
  const RouteTable table(claims);
  const auto match = table.find(host);
  require(match.has_value() == some_match);
  if (match && match->kind != MatchKind::catch_all) require(bits.matches(match->pattern));
  const RouteExplanation explanation = table.explain(
      host, std::nullopt, [](std::uint32_t server) { return std::to_string(server); });
  require(explanation.match.has_value() == match.has_value());
  if (match) require(explanation.match->server == match->server);
  return 0;
}
