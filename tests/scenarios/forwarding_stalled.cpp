// A client that stops reading: what the backend can push into us is bounded, nobody else notices,
// and not a byte is lost when the client reads on.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "kit/door.hpp"
#include "kit/pattern.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

// Small buffers in the test's own sockets, so that what is counted lies in the proxy.
void shrink(const Wire& wire, int option) {
  const int size = 32 * 1024;
  setsockopt(wire.fd(), SOL_SOCKET, option, &size, sizeof size);
}

// Sends the pattern until the socket has taken nothing for `quiet`, or `most` bytes.
std::size_t send_until_stuck(Wire& wire, std::size_t most) {
  constexpr int quiet = 400;  // ms
  std::size_t sent = 0;
  while (sent < most) {
    pollfd entry{.fd = wire.fd(), .events = POLLOUT, .revents = 0};
    if (poll(&entry, 1, quiet) == 0) break;
    const ByteBuffer piece = pattern(16'000, 3, sent);
    const ssize_t n = send(wire.fd(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) break;
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  return sent;
}

class ForwardingStalled : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Modes, ForwardingStalled, ::testing::Values("passthrough", "zero_copy"),
                         [](const auto& info) { return std::string(info.param); });

// Without limits in our sockets some 20 MB pile up here: 18 from the backend, 2.6 to the client.
TEST_P(ForwardingStalled, takes_little_from_the_backend_and_loses_nothing) {
  Door door("play.example",
            {.server = fmt::format("proxy_mode = \"{}\"", GetParam()), .global = {}});
  Player player(door.rig.endpoint(), door.backend);
  shrink(player.client.wire, SO_RCVBUF);
  shrink(player.server, SO_SNDBUF);
  constexpr std::size_t bound = 4'000'000;
  const std::size_t sent = send_until_stuck(player.server, bound);
  EXPECT_LT(sent, bound);
  EXPECT_GT(sent, 0U);
  player.server.half_close();
  const auto all = player.client.wire.receive_all();
  ASSERT_TRUE(all.has_value());
  EXPECT_TRUE(*all == pattern(sent, 3));
}

TEST_P(ForwardingStalled, disturbs_nobody_on_the_same_worker) {
  Door door("play.example", {.server = fmt::format("proxy_mode = \"{}\"", GetParam()),
                             .global = "worker_threads = 1"});
  Player stalled(door.rig.endpoint(), door.backend, "play.example", "Stalled");
  send_until_stuck(stalled.server, 30'000'000);
  Player other(door.rig.endpoint(), door.backend, "play.example", "Other");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(other.plays());
  EXPECT_EQ(door.rig.log_lines({"left"}), 0U);
}

}  // namespace
}  // namespace drawbridge::kit
