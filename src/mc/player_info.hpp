// Who a player is, as a proxy tells a backend that does not check accounts itself. Pure bytes; what
// is told to whom is decided in core/. Three forms are in use:
//
//   velocity      asked for by the backend in a login plugin request, answered with the player's
//                 address, UUID, name and properties behind an HMAC-SHA256 of them. Clients from
//                 1.13. Four versions: 1 plain, 2 and 3 with the signed key of a 1.19 and a
//                 1.19.1-1.19.2 client, 4 for clients that send their key later (1.19.3 on).
//   bungee_cord   address, UUID and properties behind NULs in the host field of the handshake;
//                 whoever reaches the backend can say the same.
//   bungee_guard  the same, with a secret among the properties.
//
// Read in the sources of Velocity, BungeeCord, Paper and Spigot, of which none is documented.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "mc/handshake.hpp"
#include "mc/packets/login.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

struct PlayerInfo {
  IpAddress address;  // the player's, not the proxy's
  Uuid uuid;
  std::string name;
  std::vector<Property> properties;
  std::optional<LoginKey> key;  // 1.19 to 1.19.2
  std::optional<Uuid> signer;   // whom the key was signed for; 1.19.1 and later
};

// --- velocity ---

inline constexpr std::string_view player_info_channel = "velocity:player_info";
inline constexpr std::size_t hmac_size = 32;

enum class InfoVersion : std::uint8_t { plain = 1, with_key = 2, with_signer = 3, late_key = 4 };

// The highest version that a backend can read: the one byte of its request; `plain` where there is
// no such byte, or none that means anything. A number beyond those above counts as the highest.
InfoVersion asked_for(ByteView request);
// The version to answer with: the best that the backend can read and that suits the client.
InfoVersion best_version(InfoVersion asked, Version client, bool has_key);

// The whole answer. REQUIRES: info.key where the version needs one. An error (of the proxy): a name
// or a property beyond its cap.
Result<ByteBuffer> player_info_answer(const PlayerInfo& info, InfoVersion version, Version client,
                                      std::string_view secret);

// --- bungee_cord and bungee_guard ---

// The host field. `name` is the host name that the backend shall read (cut at a NUL), `kept` what
// the client put behind it and may keep (Host::kept): Floodgate's part stays in place for its
// plugin; a mod's marker would be counted as one of our parts, so it becomes the property
// `extraData` (with \1 for NUL), as forks of BungeeCord send it. An empty `token` is bungee_cord.
std::string bungee_host(std::string_view name, std::string_view kept, const PlayerInfo& info,
                        std::string_view token = {});

}  // namespace drawbridge::mc
