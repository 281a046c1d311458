// The backend's side of Velocity's forwarding, as Paper and the mods for other servers have it. It
// shares no code with what the proxy answers with: the HMAC is OpenSSL's, the layout is read here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kit/packet_wire.hpp"
#include "mc/handshake.hpp"

namespace drawbridge::kit {

struct ForwardedPlayer {
  int version = 0;
  std::string address;
  Uuid uuid;
  std::string name;
  std::vector<mc::Property> properties;
  std::optional<mc::LoginKey> key;  // version 2 and 3
  std::optional<Uuid> signer;       // version 3
};

// What a request carries: one byte with the highest version that the backend reads, or nothing.
ByteBuffer reads_up_to(int version);

// Asks, and reads the answer. Nothing, with a failure of the test, if there is none, it is not
// signed with this secret, or it has another form than its version says.
std::optional<ForwardedPlayer> ask_who(PacketWire& link, const ByteBuffer& payload,
                                       std::string_view secret);

// Asks only. The answer is the next packet.
bool send_who(PacketWire& link, const ByteBuffer& payload, std::int32_t id = 7);
// The answer's data; nothing if something else came, or "not understood".
std::optional<ByteBuffer> receive_who(PacketWire& link, std::int32_t id = 7);
// Whether it is signed with the secret: Paper's check.
bool is_signed(ByteView answer, std::string_view secret);

}  // namespace drawbridge::kit
