// The encrypted part of a log-in: our public key goes out, the client's secret comes back, and both
// sides encrypt from then on.
#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "core/packet_stream.hpp"
#include "mc/cipher.hpp"
#include "mc/handshake.hpp"
#include "mc/server_key.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

using LinkSecret = std::array<Byte, mc::shared_secret_size>;

struct EncryptionFailure {
  // The socket's end, or the deadline: the words for it are the caller's. Else the client's answer
  // is not what it must be.
  bool no_answer = false;
  std::string why;  // for the log
};

// Ends with `client` encrypted, wherever the secret could be read: also where it fails afterwards,
// so that the words of a refusal can be read. `player_key` is the one that a client of 1.19 to
// 1.19.2 sent with its login start; such a client signs the token. The caller's frame keeps the
// references alive.
net::Task<std::expected<LinkSecret, EncryptionFailure>> encrypt_link(
    PacketStream& client, const mc::ServerKey& key, std::optional<mc::LoginKey> player_key,
    TimePoint deadline);

}  // namespace drawbridge::core
