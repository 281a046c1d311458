// What the gate checks, prepared from the configuration once so that no connection has to.
// Immutable and part of the world; the rate tables hang off it and outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/ip.hpp"
#include "base/uuid.hpp"
#include "config/global.hpp"
#include "core/gate/countries.hpp"
#include "core/gate/rate_table.hpp"

namespace drawbridge::core {

// Who may come in by address: of the whole proxy, or of one server.
class FilterRules {
 public:
  FilterRules() = default;
  explicit FilterRules(const config::IpFilter& filter);

  // Deny wins; if either whitelist has an entry the address must be on one of them. A country
  // database that is missing or does not know the address is on no list.
  [[nodiscard]] bool admits(const IpAddress& address, const CountryTable* countries) const;

 private:
  CidrSet white_, black_;
  std::vector<Country> white_countries_, black_countries_;
};

// Names (without regard to case) and UUIDs of a configuration list.
class PlayerList {
 public:
  PlayerList() = default;
  explicit PlayerList(const std::vector<std::string>& entries);

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] bool has_uuids() const { return has_uuids_; }
  // `verified`: the UUID that the proxy itself has checked. A claimed one matches nothing.
  [[nodiscard]] bool has(std::string_view name, const std::optional<Uuid>& verified) const;

 private:
  std::unordered_set<std::string> entries_;  // lower case names, and UUIDs as text
  bool has_uuids_ = false;
};

struct GateRules {
  // Rate limits; the first is that of single sources, the others are wider. Empty: off.
  struct Bucket {
    std::shared_ptr<RateTable> table;
    RateRules rules;
  };
  std::vector<Bucket> buckets;
  CidrSet exempt;
  Duration max_wait{};

  int ipv4_prefix = 32;
  int ipv6_prefix = 64;
  std::uint32_t connections_per_source = 0;  // 0 = no limit
  std::uint32_t pre_login_per_source = 0;

  FilterRules filter;
  CountryTablePtr countries;  // may be null

  [[nodiscard]] IpAddress source_of(const IpAddress& address) const {
    return address.masked(address.is_v4() ? ipv4_prefix : ipv6_prefix);
  }
};

GateRules make_gate_rules(const config::GlobalConfig& global, RateTables& tables,
                          CountryTablePtr countries);

}  // namespace drawbridge::core
