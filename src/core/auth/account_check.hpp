// Whether the player at the other end is who it says: encryption, then the session server's answer.
// For client_only, and before a server is woken on somebody's behalf (verify_before_wake).
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "config/types.hpp"
#include "core/connection.hpp"
#include "core/packet_stream.hpp"
#include "core/profile.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

struct AccountRefusal {
  std::optional<config::Kick> kick;  // none: the client is gone, or late
  std::string detail;                // for the log
};

// `client` is in its login phase, with nothing asked of it yet; it is encrypted afterwards, also
// after most refusals, so that their words can be read. All must be done by connection.deadline.
// The caller's frame keeps the references alive.
net::Task<std::expected<Profile, AccountRefusal>> check_account(Connection& connection,
                                                                PacketStream& client);

// Geyser with Floodgate: a Bedrock player, whose identity is encrypted for the backend's plugin and
// whom no Java session server knows.
bool is_bedrock(const mc::Host& host);

}  // namespace drawbridge::core
