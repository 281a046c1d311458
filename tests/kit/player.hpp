// A player past the hello: both ends of one relayed connection in the test's hands.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string_view>

#include "kit/fake_client.hpp"
#include "kit/fake_server.hpp"

namespace drawbridge::kit {

struct Player {
  // Logs in through the proxy and takes the connection that arrives at `backend`.
  Player(const Endpoint& proxy, FakeServer& backend, std::string_view host = "play.example",
         std::string_view name = "Steve", std::optional<IpAddress> from = std::nullopt)
      : client(proxy, from) {
    EXPECT_TRUE(client.log_in(host, name));
    server = backend.accept();
    const auto arrived = FakeServer::read_hello(server);
    EXPECT_TRUE(arrived.has_value()) << name << " did not arrive";
    if (arrived) hello = *arrived;
  }

  // A few bytes each way arrive.
  [[nodiscard]] bool plays() {
    const ByteBuffer up{'u', 'p', '!'};
    const ByteBuffer down{'d', 'o', 'w', 'n'};
    return client.wire.send(up) && server.receive(up.size()) == up && server.send(down) &&
           client.wire.receive(down.size()) == down;
  }

  // Both ends close, so that the relay is over.
  void leave() {
    client.wire.close();
    EXPECT_TRUE(server.ends());
    server.close();
  }

  FakeClient client;
  Wire server;
  Arrived hello;
};

}  // namespace drawbridge::kit
