// The gate: every check that a connection passes, in this order, each before the work that it
// protects. Old clients, transfers and pings go the same way as everybody else.
//
// clang-format off
//   check        when                   what
//   at_accept    nothing is read        the listener's own cap (Desk::accept); rate and number of
//                                       the source's connections; refused: closed without a word
//   (its turn)   nothing is read        so many of one source are read at a time, the others wait
//   (read_peer)  PROXY header           a trusted proxy's connection skips at_accept; its player's
//                                       address goes through it then
//   at_address   address known          filter (networks, countries), bans of addresses; refused:
//                                       told so, once its hello says in which form
//   at_hello     hello read, no route   rate limits by kind, name ban
//   at_server    server found           its filter, UUID ban (forwarding family), maintenance,
//                                       allow list
//   (place)      before the dial        max_players with reserved places (Server::most_for)
//   at_identity  intercepted: who it is UUID ban, name ban, lists by UUID
// clang-format on
//
// The address that counts is the player's, from a trusted PROXY header if there is one.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/uuid.hpp"
#include "config/types.hpp"
#include "core/bans/ban_list.hpp"
#include "core/gate/refusals.hpp"
#include "core/gate/rules.hpp"
#include "core/gate/source_counts.hpp"
#include "mc/hello.hpp"

namespace drawbridge::core {

struct Server;

// What a check says. Passing is the default.
struct Verdict {
  std::optional<RefusalReason> refusal;  // none: it may go on
  config::Kick kick = config::Kick::not_allowed;
  Duration wait{};  // passed: not before this long; refused: when to try again
  // For a ban: why, and how long still.
  std::string reason;
  std::string remaining;

  [[nodiscard]] bool passed() const { return !refusal; }
};

// Made for one question after the other; what it refers to lives longer.
class Gate {
 public:
  Gate(const GateRules& rules, const BanList* bans, SourceCounts& sources)
      : rules_(rules), bans_(bans), sources_(sources) {}

  // Fills `hold` in if the connection may stay.
  [[nodiscard]] std::optional<RefusalReason> at_accept(const IpAddress& address, TimePoint now,
                                                       SourceHold& hold) const;
  [[nodiscard]] Verdict at_address(const IpAddress& address) const;
  [[nodiscard]] Verdict at_hello(const IpAddress& address, const mc::Hello& hello,
                                 TimePoint now) const;
  [[nodiscard]] Verdict at_server(const IpAddress& address, const mc::Hello& hello,
                                  const Server& server) const;
  // Intercepted modes: the name and UUID by which the player is known from now on. `verified`: we
  // have checked them ourselves; else the UUID is made from the name, or claimed
  // (auth.offline_uuid), and the one made from the name counts too.
  [[nodiscard]] Verdict at_identity(std::string_view name, const Uuid& uuid, bool verified,
                                    const Server& server) const;

  // How many of this source are read at a time; 0 = no limit.
  [[nodiscard]] std::uint32_t most_reading(const IpAddress& address) const;

 private:
  [[nodiscard]] Verdict rate(const IpAddress& address, const mc::Hello& hello, TimePoint now) const;

  const GateRules& rules_;
  const BanList* bans_;  // null: nobody is banned
  SourceCounts& sources_;
};

// The ban that meets somebody who plays or is about to: by address, name, or one of two UUIDs. In
// the forwarding family these are the one that was claimed and the one made from the name.
const Ban* ban_of(const BanList& bans, const IpAddress& address, std::string_view name,
                  const std::optional<Uuid>& claimed, UnixSeconds now);
// What `status` counts a kick as, and a ban.
RefusalReason reason_for(config::Kick kick);
RefusalReason reason_for(const Ban& ban);
Verdict banned(const Ban& ban, RefusalReason refusal, UnixSeconds now);

}  // namespace drawbridge::core
