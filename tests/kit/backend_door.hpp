// A proxy that reads packets, with one backend whose part the test plays.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "kit/door.hpp"
#include "kit/login_client.hpp"
#include "kit/player_info_request.hpp"
#include "kit/session_server.hpp"

namespace drawbridge::kit {

struct BackendDoor {
  struct Settings {
    std::string mode = "offline";
    std::string forwarding = "none";
    std::string server = {};  // further lines of the server's file
    std::string global = {};  // further lines of drawbridge.toml
  };
  explicit BackendDoor(Settings settings)
      : session(settings.mode == "client_only" ? std::make_unique<SessionServer>() : nullptr),
        door("play.example",
             {.server = fmt::format("proxy_mode = \"{}\"\nforwarding_mode = \"{}\"\n{}",
                                    settings.mode, settings.forwarding, settings.server),
              .global = (session ? session->config() : std::string()) + settings.global}) {
    std::ifstream file(door.rig.folder().path() / "forwarding.secret");
    std::getline(file, secret);
  }

  [[nodiscard]] LoginClient::Settings player(mc::Version version = mc::v1_21_4) const {
    return {.version = version, .session = session.get()};
  }
  LoginClient client(mc::Version version = mc::v1_21_4) { return client(player(version)); }
  LoginClient client(LoginClient::Settings settings) {
    LoginClient out(door.rig.endpoint(), std::move(settings));
    if (session) EXPECT_TRUE(out.answer_encryption());
    return out;
  }
  // The connection that arrives at the backend, its hello read.
  LoginBackend backend() { return LoginBackend(door.backend.accept()); }
  // Whether nobody comes to the backend.
  [[nodiscard]] bool backend_is_left_alone() {
    return !door.backend.accept(milliseconds(20)).open();
  }
  [[nodiscard]] ProxyRig& rig() { return door.rig; }

  std::unique_ptr<SessionServer> session;
  Door door;
  std::string secret;  // empty if no server needs one
};

// As the backend lets somebody in: without waiting for the acknowledgement.
inline bool say_success(LoginBackend& backend, std::optional<Uuid> uuid = std::nullopt) {
  return backend.link.write(
      mc::LoginSuccess{.uuid = uuid.value_or(offline_uuid(backend.hello.player)),
                       .player = backend.hello.player,
                       .properties = {}});
}
inline bool say_no(LoginBackend& backend, std::string_view reason) {
  return backend.link.write(mc::LoginDisconnect{.reason = std::string(reason)});
}

}  // namespace drawbridge::kit
