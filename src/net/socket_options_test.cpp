#include "net/socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <future>

#include "net/listener.hpp"
#include "net/testing.hpp"

namespace drawbridge::net {
namespace {

int option(const Fd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd.get(), level, name, &value, &size), 0);
  return value;
}

constexpr SocketOptions unusual{.keepalive_time = seconds(41),
                                .keepalive_interval = seconds(7),
                                .keepalive_retries = 5,
                                .user_timeout = milliseconds(17'001)};

// No system call a connection: this must hold by inheritance alone.
TEST(SocketOptions, AcceptedSocketsInheritWhatIsTheSameForAll) {
  testing::RunningWorker worker;
  std::promise<Fd> promise;
  auto listener = Listener::open({.bind = {{IpAddress::v4(INADDR_LOOPBACK), 0}},
                                  .on_accept = [&](Worker&, Fd fd, Endpoint, const Listener&) {
                                    promise.set_value(std::move(fd));
                                  }});
  ASSERT_TRUE(listener) << listener.error().what;
  (*listener)->start({&*worker});
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  const socklen_t size = (*listener)->address().to_sockaddr(address);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  const Fd fd = promise.get_future().get();
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 << 10);
  (*listener)->close();
}

TEST(SocketOptions, HoldForASocketThatIsToldItself) {
  auto pair = testing::tcp_pair();
  apply_options(pair.far.get(), unusual);
  EXPECT_EQ(option(pair.far, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(pair.far, IPPROTO_TCP, TCP_KEEPIDLE), 41);
  EXPECT_EQ(option(pair.far, IPPROTO_TCP, TCP_KEEPINTVL), 7);
  EXPECT_EQ(option(pair.far, IPPROTO_TCP, TCP_KEEPCNT), 5);
  EXPECT_EQ(option(pair.far, IPPROTO_TCP, TCP_USER_TIMEOUT), 17'001);
  apply_options(pair.far.get(),
                {.keepalive_time = Duration::zero(), .user_timeout = Duration::zero()});
  EXPECT_EQ(option(pair.far, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(pair.far, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

TEST(SocketOptions, OfABackendSaveThePacketThatOnlyAcknowledges) {
  const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_NE(option(fd, IPPROTO_TCP, TCP_QUICKACK), 0);
  apply_backend_options(fd.get());
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_QUICKACK), 0);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 2 * 256 * 1024);  // the kernel doubles it
}

TEST(SocketOptions, UnknownCongestionControlIsToldOnce) {
  EXPECT_TRUE(check_congestion("reno").has_value());
  const auto unknown = check_congestion("carrier-pigeon");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().what.find("carrier-pigeon"), std::string::npos);
}

}  // namespace
}  // namespace drawbridge::net
