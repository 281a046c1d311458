// The smallest useful set-up: one backend, and a proxy that leads one domain to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kit/fake_client.hpp"
#include "kit/fake_server.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {

struct Door {
  struct More {
    std::string server;  // further lines of the server's file
    std::string global;  // further lines of drawbridge.toml
  };
  explicit Door(std::string_view domain = "play.example") : Door(domain, More{}) {}
  Door(std::string_view domain, const More& more)
      : rig({.global = more.global,
             .servers = {{"lobby", server_file(domain, backend.address(), more.server)}}}) {}

  [[nodiscard]] FakeClient client(std::optional<IpAddress> from = std::nullopt) {
    return FakeClient(rig.endpoint(), from);
  }

  FakeServer backend;
  ProxyRig rig;
};

}  // namespace drawbridge::kit
