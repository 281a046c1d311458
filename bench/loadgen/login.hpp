// A whole log-in of many players at once, both ends: the clients answer what the relay asks of
// them (encryption, compression), the backends compress and go through configuration. What the
// suites that play with real packets begin with; a relay that moves bytes does not notice.
#pragma once

#include <optional>
#include <vector>

#include "players.hpp"

namespace drawbridge::bench {

// Numbered from `first`, `burst` of them under way at the same time. The backends compress from
// `threshold` on (negative: not at all). The players' links are set; their sockets do not block.
std::vector<Player> play_in(Door& door, int first, int count, int burst, int threshold);

// How a suite's players log in. Options read: --threshold N, a whole log-in with backends that
// compress from N on; without it only the hello is sent, which every relay of bytes understands.
class Login {
 public:
  explicit Login(Args& args);
  // With `halves` as Door::log_in has it; a whole log-in has all of a burst under way anyway.
  std::vector<Player> log_in(Door& door, int first, int count, int burst,
                             bool halves = false) const;
  [[nodiscard]] bool whole() const { return threshold_.has_value(); }

 private:
  std::optional<int> threshold_;
};

}  // namespace drawbridge::bench
