// Routes by regular expression: `[[route]]` tables of the global file and `routes` of servers, in
// the order in which they are tried. They come after every exact name, suffix and glob, so none of
// those gets slower by them.
//
// All expressions are tried in one pass over the host (RE2::Set), in time linear in its length,
// whatever anybody writes into them; only those that match are run again for their groups.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"

namespace drawbridge::core {

struct RoutedAddress;

struct PatternClaim {
  std::string origin;     // for people: "route 1", "lobby, route 2"
  std::string match;      // over the whole host, without regard to case
  std::string server_id;  // where it leads
  std::string address;    // empty: the server's own; else with $1, ${name} and $$
  std::optional<std::vector<Cidr>> resolve_allow;
  bool operator==(const PatternClaim&) const = default;
};

struct PatternMatch {
  std::size_t claim = 0;                        // position
  std::shared_ptr<const RoutedAddress> routed;  // null: the server's own addresses
};

class PatternRoutes {
 public:
  PatternRoutes();
  explicit PatternRoutes(std::vector<PatternClaim> claims);
  ~PatternRoutes();
  PatternRoutes(const PatternRoutes&) = delete;
  PatternRoutes& operator=(const PatternRoutes&) = delete;

  [[nodiscard]] const std::vector<PatternClaim>& claims() const { return claims_; }
  // Claims whose expression or address cannot be used, with the reason; they match nothing.
  [[nodiscard]] const std::vector<std::string>& rejections() const { return rejections_; }

  // Positions of all claims that match the (folded) host, in order.
  [[nodiscard]] std::vector<std::size_t> matching(std::string_view host) const;
  // What that claim makes of the host. An error: its groups do not make a valid address, so the
  // next one is to be tried.
  [[nodiscard]] Result<PatternMatch> fill(std::size_t claim, std::string_view host) const;

 private:
  struct Compiled;
  struct Set;
  std::vector<PatternClaim> claims_;
  std::vector<std::string> rejections_;
  std::vector<std::unique_ptr<const Compiled>> compiled_;  // null: rejected
  std::unique_ptr<const Set> set_;                         // null: try one after the other
};

}  // namespace drawbridge::core
