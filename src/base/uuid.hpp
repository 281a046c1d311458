// A player's 128-bit id. The one in a login start is only a claim; see core/ for which one may be
// trusted when.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace drawbridge {

struct Uuid {
  std::array<Byte, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;

  // 8-4-4-4-12 in lower case.
  [[nodiscard]] std::string text() const;
  // 32 hexadecimal digits without dashes, as the session server and BungeeCord write it.
  [[nodiscard]] std::string undashed() const;
  // Either form, any case; nothing for anything else.
  static std::optional<Uuid> parse(std::string_view text);
};

// The UUID of a player whom nobody has authenticated: version 3 (MD5) of "OfflinePlayer:" + name,
// as vanilla servers in offline mode make it (java.util.UUID.nameUUIDFromBytes).
Uuid offline_uuid(std::string_view player_name);

}  // namespace drawbridge
