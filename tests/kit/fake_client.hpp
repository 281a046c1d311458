// A player's client, as far as a proxy sees it before the game: handshake, status, login start, and
// raw bytes after.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kit/wire.hpp"
#include "mc/handshake.hpp"
#include "mc/status.hpp"
#include "mc/version.hpp"

namespace drawbridge::kit {

// The frames, for tests that cut and join them.
ByteBuffer handshake_bytes(std::string_view host, mc::Version version, mc::Intent intent,
                           std::uint16_t port = 25565);
ByteBuffer login_start_bytes(std::string_view player, mc::Version version,
                             std::optional<Uuid> claimed = std::nullopt);
// Handshake and login start in one piece.
ByteBuffer login_bytes(std::string_view host, std::string_view player,
                       mc::Version version = mc::v1_21_4, mc::Intent intent = mc::Intent::login);
// The log-in of a client of 1.3 to 1.6.
ByteBuffer legacy_login_bytes(std::string_view host, std::string_view player);
// Handshake and status request in one piece.
ByteBuffer status_bytes(std::string_view host, mc::Version version = mc::v1_21_4);

class FakeClient {
 public:
  explicit FakeClient(const Endpoint& proxy, std::optional<IpAddress> from = std::nullopt)
      : wire(Wire::connect(proxy, from)) {}

  bool log_in(std::string_view host, std::string_view player, mc::Version version = mc::v1_21_4) {
    return wire.send(login_bytes(host, player, version));
  }
  // The JSON of the answer to a status ping; nothing if none came.
  std::optional<std::string> status(std::string_view host, mc::Version version = mc::v1_21_4);
  // After status(): the payload that came back for this one.
  std::optional<std::int64_t> ping(std::int64_t payload);
  // The words of a login disconnect, without codes; nothing if something else came.
  std::optional<std::string> kicked();
  // The answer to an old ping or log-in: the text inside the FF packet, NULs and all.
  std::optional<std::string> legacy_answer();

  Wire wire;
};

}  // namespace drawbridge::kit
