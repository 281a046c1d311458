// The limbo handler `reconnect`: whoever has lost a server waits until it answers pings again, and
// is brought back. No keeper is needed.
//
// A server is pinged every two seconds, by whichever worker comes first; all players of the process
// share the answer. They go back one after the other, in the order in which they see it: a server
// that has just come up must not get a thousand log-ins at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/limbo.hpp"
#include "base/clock.hpp"
#include "core/wake/knock.hpp"

namespace drawbridge::core {

class LimboVisit;

class Reconnect final : public api::LimboHandler, public std::enable_shared_from_this<Reconnect> {
 public:
  static constexpr std::string_view name = "reconnect";

  api::LimboOutcome on_enter(api::LimboGuest& guest) override;
  [[nodiscard]] bool allows_our_commands() const override { return true; }
  void on_second(api::LimboGuest& guest, std::uint32_t held) override;
  api::LimboOutcome on_refused(api::LimboGuest& guest, std::string_view why) override;
  void on_leave(const api::LimboPlayer& player, api::LimboLeave why) override;

 private:
  // One server that somebody waits for.
  struct Watch {
    TimePoint next_ping{};
    TimePoint next_place{};  // when the next player may go
    bool up = false;
    int closed = 0;           // taken and closed, so many times running
    std::size_t waiting = 0;  // goes with the last one
  };
  using Watches = std::map<std::string, Watch, std::less<>>;

  api::LimboOutcome wait(LimboVisit& visit);
  bool may_go(LimboVisit& visit);
  bool is_due(const std::string& server, TimePoint now);
  void note(const std::string& server, const PingOutcome& said);

  std::mutex mutex_;  // guards all below; once a second for each player who waits
  Watches watches_;
  struct Waiting {
    Watches::iterator watch;
    std::optional<TimePoint> place;  // when it may go; none: the server is down
  };
  std::map<std::uint64_t, Waiting> waiting_;  // by session
};

}  // namespace drawbridge::core
