// Building a route table: claims are parsed and sorted, of equal patterns one wins, and each name
// gets its record. Nothing here depends on the order in which claims came.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/routes_data.hpp"

namespace drawbridge::core {

using route_detail::PaddedHost;
using route_detail::Parsed;

namespace route_detail {

// A claim whose pattern is understood.
struct Parsed {
  HostPattern pattern;
  const RouteClaim* claim = nullptr;
  std::string_view key = {};  // the name under which its record is found
  std::uint32_t rank = none;  // of a glob that is kept
};

}  // namespace route_detail

std::vector<Parsed> RouteTable::Data::parse(const std::vector<RouteClaim>& claims) {
  std::vector<Parsed> parsed;
  parsed.reserve(claims.size());
  for (const RouteClaim& claim : claims) {
    Result<HostPattern> pattern = HostPattern::parse(claim.domain);
    if (pattern) {
      parsed.push_back({std::move(*pattern), &claim});
    } else {
      rejections.push_back({claim.domain, claim.server_id, pattern.error().what});
    }
  }
  return parsed;
}

// Leaves one claim for each pattern: the lowest provider rank, then the first id.
void RouteTable::Data::settle_conflicts(std::vector<Parsed>& parsed) {
  const auto order = [](const Parsed& p) {
    return std::tie(p.pattern.text, p.claim->provider_rank, p.claim->server_id, p.claim->server);
  };
  std::ranges::sort(parsed, [&](const Parsed& a, const Parsed& b) { return order(a) < order(b); });
  std::size_t kept = 0;
  for (Parsed& p : parsed) {
    if (kept == 0 || parsed[kept - 1].pattern.text != p.pattern.text) {
      if (&parsed[kept] != &p) parsed[kept] = std::move(p);
      ++kept;
      continue;
    }
    const Parsed& winner = parsed[kept - 1];
    if (winner.claim->server_id == p.claim->server_id) continue;  // one server said it twice
    if (conflicts.empty() || conflicts.back().domain != winner.pattern.text) {
      conflicts.push_back({winner.pattern.text, winner.claim->server_id, {}});
    }
    std::vector<std::string>& losers = conflicts.back().losers;
    if (std::ranges::find(losers, p.claim->server_id) == losers.end()) {
      losers.push_back(p.claim->server_id);
    }
  }
  parsed.erase(parsed.begin() + static_cast<std::ptrdiff_t>(kept), parsed.end());
}

void RouteTable::Data::keep_best_globs(std::vector<Parsed>& parsed) {
  std::vector<Parsed*> found;
  for (Parsed& p : parsed) {
    if (p.pattern.kind == PatternKind::glob) found.push_back(&p);
  }
  std::ranges::sort(found, [](const Parsed* a, const Parsed* b) {
    if (a->pattern.literals != b->pattern.literals)
      return a->pattern.literals > b->pattern.literals;
    return a->pattern.text < b->pattern.text;
  });
  for (std::size_t i = max_globs; i < found.size(); ++i) {
    rejections.push_back({found[i]->pattern.text, found[i]->claim->server_id,
                          fmt::format("more than {} patterns with '*' or '?' inside", max_globs)});
  }
  found.resize(std::min(found.size(), max_globs));
  for (Parsed* p : found) {
    p->rank = static_cast<std::uint32_t>(globs.size());
    globs.push_back({p->pattern.text, p->claim->server});
  }
}

std::uint32_t RouteTable::Data::add_glob_list(std::vector<std::uint32_t> ranks) {
  if (ranks.empty()) return none;
  std::ranges::sort(ranks);
  const auto at = static_cast<std::uint32_t>(glob_lists.size());
  glob_lists.push_back(static_cast<std::uint32_t>(ranks.size()));
  glob_lists.insert(glob_lists.end(), ranks.begin(), ranks.end());
  return at;
}

void RouteTable::Data::add_record(const Record& record, std::string_view name) {
  const std::size_t at = records.size();
  const std::size_t bytes = sizeof(Record) + 2 + name.size();
  records.resize(at + (bytes + 3) / 4);
  char* to = reinterpret_cast<char*>(records.data() + at);
  std::memcpy(to, &record, sizeof record);
  std::memcpy(to + sizeof record, "*.", 2);
  std::memcpy(to + sizeof record + 2, name.data(), name.size());
}

// One record for each name.
void RouteTable::Data::add_records(const std::vector<const Parsed*>& by_key) {
  std::size_t count = 0;
  std::vector<std::uint32_t> tailless;
  std::vector<std::uint32_t> ranks;
  for (std::size_t i = 0; i < by_key.size();) {
    const std::string_view key = by_key[i]->key;
    Record record;
    ranks.clear();
    for (; i < by_key.size() && by_key[i]->key == key; ++i) {
      const Parsed& p = *by_key[i];
      if (p.pattern.kind == PatternKind::exact) record.exact = p.claim->server;
      if (p.pattern.kind == PatternKind::suffix) record.suffix = p.claim->server;
      if (p.pattern.kind == PatternKind::any) catch_all = p.claim->server;
      if (p.rank != none) ranks.push_back(p.rank);
    }
    if (key.empty()) {
      tailless = ranks;
      continue;
    }
    record.globs = add_glob_list(ranks);
    if (record.exact == none && record.suffix == none && record.globs == none) continue;
    record.length = static_cast<std::uint32_t>(key.size());
    add_record(record, key);
    ++count;
    if (record.suffix != none || record.globs != none) {
      depths.set(static_cast<std::size_t>(std::ranges::count(key, '.')) + 1);
    }
  }
  tailless_globs = add_glob_list(tailless);
  index_records(count);
}

void RouteTable::Data::index_records(std::size_t count) {
  const int bits = std::max(1, static_cast<int>(std::bit_width(count * 2 + 1)));
  slots.assign(std::size_t{1} << bits, Slot{});
  shift = 64 - bits;
  for (std::size_t at = 1; at < records.size();) {
    Record record;
    std::memcpy(&record, records.data() + at, sizeof record);
    const std::string_view name = text_at(static_cast<std::uint32_t>(at), record.length).substr(2);
    std::uint64_t hash = 0;
    PaddedHost(name).walk([&](std::size_t, std::uint64_t value) { hash = value; });
    std::size_t i = hash >> shift;
    while (slots[i].record != 0) i = (i + 1) & (slots.size() - 1);
    slots[i] = {static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(at)};
    at += (sizeof(Record) + 2 + record.length + 3) / 4;
  }
}

void RouteTable::Data::build(const std::vector<RouteClaim>& claims) {
  std::vector<Parsed> parsed = parse(claims);
  settle_conflicts(parsed);
  size = parsed.size();
  keep_best_globs(parsed);
  for (Parsed& p : parsed) {
    if (p.pattern.kind == PatternKind::exact) p.key = p.pattern.text;
    if (p.pattern.kind == PatternKind::suffix) p.key = std::string_view(p.pattern.text).substr(2);
    if (p.pattern.kind == PatternKind::glob) p.key = p.pattern.literal_tail();
  }
  std::vector<const Parsed*> by_key;
  by_key.reserve(parsed.size());
  for (const Parsed& p : parsed) by_key.push_back(&p);
  std::ranges::sort(by_key, {}, &Parsed::key);
  add_records(by_key);
  std::ranges::sort(rejections, {},
                    [](const RouteRejection& r) { return std::tie(r.domain, r.server_id); });
  records.shrink_to_fit();
}

}  // namespace drawbridge::core
