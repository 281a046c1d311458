// A player's client that logs in to the end, as vanilla clients do: it really encrypts, tells the
// session server, turns compression on and acknowledges.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "kit/fake_client.hpp"
#include "kit/packet_wire.hpp"
#include "kit/session_server.hpp"

namespace drawbridge::kit {

class LoginClient {
 public:
  struct Settings {
    std::string host = "play.example";
    std::string player = "Steve";
    mc::Version version = mc::v1_21_4;
    mc::Intent intent = mc::Intent::login;
    std::optional<IpAddress> from = std::nullopt;
    // Tells it before the encryption response; none: an offline launcher.
    SessionServer* session = nullptr;
    std::optional<mc::LoginKey> key = std::nullopt;  // 1.19 to 1.19.2
  };
  // Connects, and sends handshake and login start.
  LoginClient(const Endpoint& proxy, Settings settings);

  // What came of it: in, or the words of the kick (without codes), or neither.
  struct Outcome {
    bool in = false;
    std::string kicked;
  };
  // Goes on until `success` (with its acknowledgement), a kick or the end.
  Outcome log_in();
  // Takes the encryption request and answers it: the secret as `encrypted`. False if something else
  // came.
  bool answer_encryption();

  [[nodiscard]] const Settings& settings() const { return settings_; }

  PacketWire link;
  std::optional<mc::EncryptionRequest> request;  // what it was asked
  std::array<Byte, 16> secret{};
  std::optional<mc::LoginSuccess> success;

 private:
  bool answer(const mc::EncryptionRequest& asked);
  Settings settings_;
};

// RSA with a public key (SPKI DER), as clients do it.
ByteBuffer rsa_encrypted(ByteView public_der, ByteView plain);

// A backend that lets whoever comes in, in offline mode, as a vanilla server does.
class LoginBackend {
 public:
  // Reads the hello of the next connection; `link` then speaks its version.
  explicit LoginBackend(Wire connection);
  // `compress` (not negative) and `success`; from 1.20.2 on it then reads the acknowledgement.
  bool let_in(std::int32_t threshold = -1, std::optional<Uuid> uuid = std::nullopt);

  mc::Hello hello;
  mc::LoginStart start;
  PacketWire link;
};

}  // namespace drawbridge::kit
