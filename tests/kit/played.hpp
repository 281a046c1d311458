// A player of an intercepted server who has got in: both ends are the test's, in configuration from
// 1.20.2 on and else in play.
#pragma once

#include <string>
#include <thread>

#include "kit/door.hpp"
#include "kit/login_client.hpp"
#include "kit/session_server.hpp"

namespace drawbridge::kit {

// Client and backend at one table; their links have the phase of each direction's next packet.
struct Seated {
  PacketWire client;
  PacketWire backend;

  // Both in play, through what is left of the configuration phase.
  bool begin_play() {
    if (client.state == mc::State::play) return true;
    if (!backend.write(mc::FinishConfiguration{}) || !client.expect<mc::FinishConfiguration>() ||
        !client.write(mc::FinishConfiguration{}) || !backend.expect<mc::FinishConfiguration>())
      return false;
    client.state = backend.state = mc::State::play;
    return true;
  }
};

class Played {
 public:
  struct Settings {
    std::string mode = "offline";
    std::int32_t threshold = 256;
    bool forwards = false;    // in the handshake; the backend believes it
    std::string server = {};  // further lines of the server's file
    std::string global = {};  // further lines of drawbridge.toml
  };
  explicit Played(Settings settings)
      : settings_(std::move(settings)),
        door("play.example",
             {.server = "proxy_mode = \"" + settings_.mode + "\"\n" +
                        (settings_.forwards ? "forwarding_mode = \"bungee_cord\"\n" : "") +
                        settings_.server,
              .global = session_.config() + settings_.global}) {}

  // One more player, let in.
  Seated seat(const std::string& player = "Steve", mc::Version version = mc::v1_21_4) {
    return seat_at("play.example", door.backend, player, version);
  }
  // The same at another server, whose file the test has written.
  Seated seat_at(const std::string& host, FakeServer& server, const std::string& player,
                 mc::Version version) {
    const bool verified = settings_.mode == "client_only";
    LoginClient client(door.rig.endpoint(), {.host = host,
                                             .player = player,
                                             .version = version,
                                             .session = verified ? &session_ : nullptr});
    if (verified) EXPECT_TRUE(client.answer_encryption());
    LoginBackend backend(server.accept());
    // The backend reads the acknowledgement only when the client has had its success.
    const std::int32_t threshold = version < mc::v1_8 ? -1 : settings_.threshold;
    const Uuid uuid = verified && settings_.forwards ? account_uuid(player) : offline_uuid(player);
    std::thread letting_in([&] { EXPECT_TRUE(backend.let_in(threshold, uuid)); });
    const auto outcome = client.log_in();
    letting_in.join();
    EXPECT_TRUE(outcome.in) << outcome.kicked;
    return {std::move(client.link), std::move(backend.link)};
  }
  Seated seat_in_play(const std::string& player = "Steve", mc::Version version = mc::v1_21_4) {
    Seated seated = seat(player, version);
    EXPECT_TRUE(seated.begin_play());
    return seated;
  }
  // The line that a session leaves in the log says this.
  [[nodiscard]] bool left(std::string_view why) const {
    return door.rig.logged({"session", "left", why});
  }

 private:
  Settings settings_;
  SessionServer session_;

 public:
  Door door;
};

// The words of the kick that comes next on the client's link, without codes; empty if something
// else came.
inline std::string kick_words(PacketWire& client) {
  const auto packet = client.read();
  if (!packet ||
      (packet->kind != mc::Kind::kick_disconnect && packet->kind != mc::Kind::disconnect))
    return {};
  const auto kick = mc::decode<mc::KickDisconnect>(packet->fields, client.version, Fault::proxy);
  if (!kick) return {};
  const auto text = mc::read_wire_text(kick->reason, client.version, Fault::proxy);
  return text ? mc::to_plain(*text) : std::string();
}

// The words of the line of chat that comes next on the client's link; empty if something else came.
inline std::string chat_words(PacketWire& client) {
  const auto packet = client.read();
  if (!packet) return {};
  std::optional<mc::WireText> words;
  if (packet->kind == mc::Kind::system_chat) {
    if (auto line = mc::decode<mc::SystemChat>(packet->fields, client.version, Fault::proxy))
      words = std::move(line->content);
  } else if (packet->kind == mc::Kind::chat) {
    if (auto line = mc::decode<mc::Chat>(packet->fields, client.version, Fault::proxy))
      words = std::move(line->message);
  }
  if (!words) return {};
  const auto text = mc::read_wire_text(*words, client.version, Fault::proxy);
  return text ? mc::to_plain(*text) : std::string();
}

// A packet of no kind that the proxy knows, of so many bytes.
inline ByteBuffer some_packet(std::size_t size, Byte fill = 'x') {
  ByteBuffer packet(size, fill);
  packet[0] = 0x7F;
  return packet;
}

}  // namespace drawbridge::kit
