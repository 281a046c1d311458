#include "core/gate/rules.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace drawbridge::core {

namespace {

std::vector<Country> countries_of(const std::vector<std::string>& codes) {
  std::vector<Country> out;
  for (const std::string& code : codes) out.push_back({code[0], code[1]});
  return out;
}

bool has(const std::vector<Country>& list, const std::optional<Country>& country) {
  return country && std::ranges::find(list, *country) != list.end();
}

}  // namespace

FilterRules::FilterRules(const config::IpFilter& filter)
    : white_(filter.whitelist),
      black_(filter.blacklist),
      white_countries_(countries_of(filter.country_whitelist)),
      black_countries_(countries_of(filter.country_blacklist)) {}

bool FilterRules::admits(const IpAddress& address, const CountryTable* countries) const {
  if (black_.contains(address)) return false;
  std::optional<Country> country;
  if (countries != nullptr && !(white_countries_.empty() && black_countries_.empty()))
    country = countries->find(address);
  if (has(black_countries_, country)) return false;
  if (white_.empty() && white_countries_.empty()) return true;
  return white_.contains(address) || has(white_countries_, country);
}

PlayerList::PlayerList(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const auto uuid = Uuid::parse(entry);
    entries_.insert(uuid ? uuid->text() : lowered(entry));
    has_uuids_ = has_uuids_ || uuid;
  }
}

bool PlayerList::has(std::string_view name, const std::optional<Uuid>& verified) const {
  return entries_.contains(lowered(name)) || (verified && entries_.contains(verified->text()));
}

GateRules make_gate_rules(const config::GlobalConfig& global, RateTables& tables,
                          CountryTablePtr countries) {
  GateRules out;
  const config::RateLimit& limit = global.rate_limit;
  out.ipv4_prefix = static_cast<int>(limit.ipv4_prefix);
  out.ipv6_prefix = static_cast<int>(limit.ipv6_prefix);
  out.connections_per_source = global.limits.connections_per_source;
  out.pre_login_per_source = global.limits.pre_login_per_source;
  out.filter = FilterRules(global.ip_filter);
  out.countries = std::move(countries);
  out.exempt = CidrSet(limit.exempt);
  if (!limit.enabled) return out;
  out.max_wait = limit.max_wait;
  out.buckets.push_back({.table = tables.of("", {.ipv4_prefix = out.ipv4_prefix,
                                                 .ipv6_prefix = out.ipv6_prefix,
                                                 .max_entries = limit.max_entries}),
                         .rules = {RateRule::of(limit.max_connections, limit.window),
                                   RateRule::of(limit.status_max, limit.status_window),
                                   RateRule::of(limit.accept_max, limit.accept_window)}});
  for (const config::RateBucket& wide : limit.bucket)
    out.buckets.push_back(
        {.table = tables.of(wide.name, {.ipv4_prefix = static_cast<int>(wide.ipv4_prefix),
                                        .ipv6_prefix = static_cast<int>(wide.ipv6_prefix),
                                        .max_entries = limit.max_entries}),
         .rules = {RateRule::of(wide.max_connections, wide.window),
                   RateRule::of(wide.status_max, wide.status_window), RateRule{}}});
  return out;
}

}  // namespace drawbridge::core
