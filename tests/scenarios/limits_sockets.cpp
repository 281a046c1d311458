// What the kernel is told about both sockets of a player: who is gone without a FIN or stopped
// taking bytes is found by it, not by a timer of ours.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <filesystem>

#include "base/strings.hpp"
#include "kit/door.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

std::vector<int> descriptors() {
  std::vector<int> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    if (const auto fd = parse_int<int>(entry.path().filename().string())) out.push_back(*fd);
  return out;
}

Endpoint name_of(int fd, int (*which)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (which(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return Endpoint::from_sockaddr(raw).value_or(Endpoint{});
}

// The proxy runs in this process: its end of a connection is the descriptor whose ends are the
// other way round.
int other_end_of(const Wire& wire) {
  for (const int fd : descriptors())
    if (name_of(fd, &getpeername) == wire.local() && name_of(fd, &getsockname) == wire.remote())
      return fd;
  ADD_FAILURE() << "no other end of " << wire.local().text();
  return -1;
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

TEST(LimitsSockets, both_ends_have_the_options_that_end_dead_connections) {
  Door door("play.example", {.server = "timeouts.write = \"17s\"",
                             .global = "keepalive.time = \"41s\"\nkeepalive.interval = \"7s\"\n"
                                       "keepalive.retries = 5\ntcp_congestion = \"reno\""});
  Player player(door.rig.endpoint(), door.backend);
  ASSERT_TRUE(player.plays());
  const int to_client = other_end_of(player.client.wire);
  const int to_backend = other_end_of(player.server);
  // Only a connection that lasts a second pays for them; the backend's come last.
  ASSERT_TRUE(
      eventually([&] { return option(to_backend, IPPROTO_TCP, TCP_USER_TIMEOUT) == 17'000; }));
  EXPECT_TRUE(player.plays());
  for (const int fd : {to_client, to_backend}) {
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 41);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 7);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 5);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 17'000);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  std::array<char, 16> congestion{};
  socklen_t size = congestion.size();
  EXPECT_EQ(getsockopt(to_client, IPPROTO_TCP, TCP_CONGESTION, congestion.data(), &size), 0);
  EXPECT_STREQ(congestion.data(), "reno");
}

TEST(LimitsSockets, without_settings_the_documented_values_hold) {
  Door door;
  const Player player(door.rig.endpoint(), door.backend);
  const int to_backend = other_end_of(player.server);
  ASSERT_TRUE(
      eventually([&] { return option(to_backend, IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000; }));
  for (const int fd : {other_end_of(player.client.wire), to_backend}) {
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
  }
}

TEST(LimitsSockets, a_player_costs_exactly_two_descriptors) {
  // One worker: another one may still be opening its spare descriptor.
  Door door("play.example", {.server = {}, .global = "worker_threads = 1"});
  std::vector<std::unique_ptr<Player>> players;
  players.push_back(std::make_unique<Player>(door.rig.endpoint(), door.backend));
  const std::size_t before = descriptors().size();
  for (int i = 0; i < 10; ++i) {
    players.push_back(std::make_unique<Player>(door.rig.endpoint(), door.backend));
    ASSERT_TRUE(players.back()->plays());
  }
  // Two of ours, two of the test's.
  EXPECT_EQ(descriptors().size(), before + 40);
  players.clear();
  // Without the first player's four.
  EXPECT_TRUE(eventually([&] { return descriptors().size() == before - 4; }));
}

}  // namespace
}  // namespace drawbridge::kit
