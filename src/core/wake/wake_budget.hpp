// How often servers may be started by players: each start costs somebody money. Two counts over the
// last hour (one source at one server, and the server as a whole), and a wait that doubles for a
// source whose starts nobody used: from 1 minute to 1 hour.
//
// Pure; one thread. An entry exists only for a start that was granted, so strangers cannot fill it;
// what is older than its last effect is dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/ip.hpp"

namespace drawbridge::core {

class WakeBudget {
 public:
  struct Limits {  // an hour; at least 1
    std::uint32_t per_source = 6;
    std::uint32_t per_server = 30;
  };
  static constexpr Duration first_wait = minutes(1);
  static constexpr Duration longest_wait = hours(1);

  // Nothing: the start is granted and counted. Else in how long to ask again.
  std::optional<Duration> take(const IpAddress& source, const std::string& server, Limits limits,
                               TimePoint now);
  // What became of the last start that this source caused.
  void wasted(const IpAddress& source, TimePoint now);
  void used(const IpAddress& source);

  // What is left of it, without taking any.
  struct Look {
    std::size_t of_source = 0, of_server = 0;  // starts in the last hour
    std::optional<Duration> wait;              // what take() would say
  };
  [[nodiscard]] Look look(const IpAddress& source, const std::string& server, Limits limits,
                          TimePoint now) const;

  [[nodiscard]] std::size_t size() const { return starts_.size() + waits_.size(); }

 private:
  using Starts = std::deque<TimePoint>;
  struct Wait {
    Duration length{};
    TimePoint until;
  };
  void drop_old(TimePoint now);

  std::map<std::pair<std::string, IpAddress>, Starts> starts_;
  std::map<std::string, Starts, std::less<>> servers_;
  std::map<IpAddress, Wait> waits_;
  TimePoint next_sweep_;
};

}  // namespace drawbridge::core
