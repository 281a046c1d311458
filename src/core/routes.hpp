// The route table: which server is meant by a host name. Immutable; a reload builds a new one.
//
// Order: exact name > longest `*.suffix` > other patterns (most literal characters first, then by
// text) > regular expressions (pattern_routes.hpp) > default_server of the listener > the global
// one > a server whose domain is `*` > none.
//
// One flat open-addressing table holds every name, suffix and pattern tail. A look-up walks the
// labels of the host once from right to left; the hash of every suffix falls out on the way, all
// slots are prefetched, and only then read: the cost is a few overlapping cache misses however many
// entries there are, also for hosts that nobody knows (which is what attackers send). Figures:
// bench/README.md, suite `route`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/host_pattern.hpp"

namespace drawbridge::core {

// One domain of one server. `server` is the caller's index (a world's position of the server); the
// table only hands it back. A lower `provider_rank` is believed first (file 0, api 1, docker 2,
// ...).
struct RouteClaim {
  std::string domain;
  std::uint32_t server = 0;
  int provider_rank = 0;
  std::string server_id;
};

enum class MatchKind : std::uint8_t {
  exact,
  suffix,
  glob,
  route,  // of PatternRoutes
  listener_default,
  global_default,
  catch_all,
};
std::string_view name_of(MatchKind kind);

struct Match {
  std::uint32_t server = 0;
  MatchKind kind = MatchKind::exact;
  std::string_view
      pattern;  // as configured, folded; empty for the two defaults. Lives as long as the table.
};

// Several servers claim one domain: the winner, and who steps in, in this order, when it goes.
struct RouteConflict {
  std::string domain;
  std::string winner;
  std::vector<std::string> losers;
};

// A claim that is not in the table at all.
struct RouteRejection {
  std::string domain;
  std::string server_id;
  std::string reason;
};

// One stage of the order, for `drawbridge route HOST`.
struct RouteStep {
  std::string stage;     // "exact name", "wildcard suffix", ...
  bool matched = false;  // this stage has an answer
  bool chosen = false;   // ... and no earlier stage had one
  std::string text;      // what was looked at and why it matched or did not
};
struct RouteExplanation {
  std::string host;
  std::optional<Match> match;
  std::vector<RouteStep> steps;
};

class RouteTable {
 public:
  // At most this many globs are kept (the most specific ones, whatever the load order); more are
  // rejected. They bound the worst look-up: only globs whose literal tail the host ends in are
  // tried at all.
  static constexpr std::size_t max_globs = 8192;

  RouteTable();  // no routes
  // Bad domains are in rejections(); they never stop the others. The result does not depend on the
  // order of `claims`. `global_default`: the server of the global default_server, if it exists.
  explicit RouteTable(const std::vector<RouteClaim>& claims,
                      std::optional<std::uint32_t> global_default = std::nullopt);
  ~RouteTable();
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;

  // `host`: folded by the caller (lower case, no final dot, no real-IP tail, no NUL parts); empty
  // for a ping without a host. Any bytes and any length are safe. No allocation, no lock.
  [[nodiscard]] std::optional<Match> find(
      std::string_view host, std::optional<std::uint32_t> listener_default = std::nullopt) const;

  // The two halves of find(), for what stands between them: names and patterns; defaults.
  [[nodiscard]] std::optional<Match> find_domain(std::string_view host) const;
  [[nodiscard]] std::optional<Match> find_default(
      std::optional<std::uint32_t> listener_default) const;

  // What regular expressions make of the host, found by the caller.
  struct RouteAnswer {
    std::optional<Match> match;
    std::string text;  // why, or why not
  };
  // The same look-up told in words; slow. `server_name` gives the id of a server by its index.
  [[nodiscard]] RouteExplanation explain(
      std::string_view host, std::optional<std::uint32_t> listener_default,
      const std::function<std::string(std::uint32_t)>& server_name,
      const std::optional<RouteAnswer>& routes = std::nullopt) const;

  // Sorted by domain.
  [[nodiscard]] const std::vector<RouteConflict>& conflicts() const;
  [[nodiscard]] const std::vector<RouteRejection>& rejections() const;
  // Domains in the table, conflicts counted once.
  [[nodiscard]] std::size_t size() const;
  // Heap bytes of what a look-up touches.
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Data;
  std::unique_ptr<const Data> data_;
};

}  // namespace drawbridge::core
