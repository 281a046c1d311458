// A ban: whom it means, why, from whom, and until when. The forms in the ban file are those of
// Infrarust's (contract: the ban file).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"

namespace drawbridge::core {

// Wall-clock seconds since 1970, as the file has them.
using UnixSeconds = std::int64_t;
UnixSeconds unix_now();

struct BanTarget {
  enum class Kind : std::uint8_t { ip, ip_range, username, uuid };
  Kind kind = Kind::username;
  std::string value;  // as it is written: an address, a network, a name in its own case, a UUID

  // What somebody typed: a UUID, an address, a network, else a player's name. What looks like a
  // mistyped address is an error, not a name.
  static Result<BanTarget> parse(std::string_view typed);
  // The file's two words; nothing if they do not fit.
  static std::optional<BanTarget> of(std::string_view type, std::string_view value);

  [[nodiscard]] std::string_view type() const;  // "ip", "ip_range", "username", "uuid"
  // Only for addresses and networks, resp. UUIDs.
  [[nodiscard]] Cidr network() const;
  [[nodiscard]] Uuid uuid() const;
  // Whether both mean the same (names without regard to case).
  [[nodiscard]] bool same_as(const BanTarget& other) const;
};

struct BanSource {
  std::string type = "console";  // console, web_api, player, plugin, system
  std::string value;             // the player's name, the plugin's id
};

struct Ban {
  std::string id;  // never used twice
  BanTarget target;
  std::optional<std::string> reason;
  std::optional<UnixSeconds> expires_at;  // none: never
  UnixSeconds created_at = 0;
  BanSource source;

  [[nodiscard]] bool holds_at(UnixSeconds now) const { return !expires_at || *expires_at > now; }
};

struct BanAudit {
  std::string action;  // ban, unban, expired
  BanTarget target;
  std::optional<std::string> reason;
  BanSource source;
  UnixSeconds timestamp = 0;
  std::string ban_id;
};

// "for ever", "3 days", "2 h 5 min": what is left of a ban, for the player.
std::string remaining_text(const Ban& ban, UnixSeconds now);

}  // namespace drawbridge::core
