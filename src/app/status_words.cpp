#include "app/status_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.hpp"
#include "config/tree.hpp"

namespace drawbridge::app {

namespace {

constexpr std::size_t top_sources = 10;

struct Count {
  std::string name;
  std::uint64_t count;
};

std::vector<Count> by_reason(const core::RefusalReport& report) {
  std::vector<Count> out;
  for (std::size_t i = 0; i < core::refusal_reasons; ++i)
    if (report.by_reason[i] > 0)
      out.push_back(
          {std::string(name_of(static_cast<core::RefusalReason>(i))), report.by_reason[i]});
  std::ranges::sort(out, [](const Count& a, const Count& b) {
    return a.count != b.count ? a.count > b.count : a.name < b.name;
  });
  return out;
}

std::vector<Count> by_source(const core::RefusalReport& report) {
  std::vector<Count> out;
  for (const auto& [source, count] : report.sources) {
    if (out.size() == top_sources) break;
    out.push_back({source.is_v4() ? source.text() : source.text() + "/64", count});
  }
  return out;
}

config::Node json_of(const std::vector<Count>& counts, std::string_view key) {
  config::Node list = config::Node::list();
  for (const Count& entry : counts) {
    config::Node one;
    one.add(key, std::string_view(entry.name));
    one.add("count", config::Node::of(static_cast<std::int64_t>(entry.count)));
    list.children.push_back(std::move(one));
  }
  return list;
}

std::string rate_lines(const std::vector<RateTableFacts>& tables) {
  std::string out;
  for (const RateTableFacts& table : tables)
    out += fmt::format("rate limit of {}: {} of {} places taken, {} attempts judged together\n",
                       table.name, table.sources, table.places, table.shared);
  return out;
}

config::Node rate_json(const std::vector<RateTableFacts>& tables) {
  config::Node list = config::Node::list();
  for (const RateTableFacts& table : tables) {
    config::Node one;
    one.add("name", std::string_view(table.name));
    one.add("sources", config::Node::of(static_cast<std::int64_t>(table.sources)));
    one.add("places", config::Node::of(static_cast<std::int64_t>(table.places)));
    one.add("shared", config::Node::of(static_cast<std::int64_t>(table.shared)));
    list.children.push_back(std::move(one));
  }
  return list;
}

}  // namespace

std::string status_text(const StatusFacts& facts) {
  const auto up = std::chrono::duration_cast<milliseconds>(facts.uptime).count();
  std::string out =
      fmt::format("drawbridge {}, up {}\nconnections {}, servers {}, bans {}\n", facts.version,
                  readable_duration(up), facts.connections, facts.servers, facts.bans);
  out += rate_lines(facts.rate_tables);
  const auto reasons = by_reason(facts.refusals);
  if (reasons.empty()) return out + "nobody was refused in the last hour\n";
  out += "refused in the last hour:\n";
  for (const Count& entry : reasons) out += fmt::format("  {:>10}  {}\n", entry.count, entry.name);
  out += "most of them from:\n";
  for (const Count& entry : by_source(facts.refusals))
    out += fmt::format("  {:>10}  {}\n", entry.count, entry.name);
  return out;
}

std::string status_json(const StatusFacts& facts) {
  config::Node out;
  out.add("version", std::string_view(facts.version));
  out.add(
      "uptime_seconds",
      config::Node::of(std::int64_t{std::chrono::duration_cast<seconds>(facts.uptime).count()}));
  out.add("connections", config::Node::of(std::int64_t{facts.connections}));
  out.add("servers", config::Node::of(static_cast<std::int64_t>(facts.servers)));
  out.add("bans", config::Node::of(static_cast<std::int64_t>(facts.bans)));
  out.add("refusals", json_of(by_reason(facts.refusals), "reason"));
  out.add("rate_tables", rate_json(facts.rate_tables));
  out.add("sources", json_of(by_source(facts.refusals), "source"));
  return config::to_json(out) + "\n";
}

}  // namespace drawbridge::app
