#include "net/socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "net/fd.hpp"

namespace drawbridge::net {

namespace {

constexpr int client_unsent = 128 << 10;
constexpr int backend_receive = 256 << 10;

void set(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

int whole_seconds(Duration d) {
  const auto s = std::chrono::ceil<seconds>(d).count();
  return static_cast<int>(std::clamp<decltype(s)>(s, 1, 32767));  // the kernel's own ceiling
}

}  // namespace

void apply_options(int fd, const SocketOptions& options) {
  const bool keepalive = options.keepalive_time > Duration::zero();
  if (keepalive) {
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, whole_seconds(options.keepalive_time));
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, whole_seconds(options.keepalive_interval));
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, std::clamp(options.keepalive_retries, 1, 127));
  }
  set(fd, SOL_SOCKET, SO_KEEPALIVE, keepalive ? 1 : 0);
  const auto ms = std::chrono::ceil<milliseconds>(options.user_timeout).count();
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
      static_cast<int>(std::clamp<decltype(ms)>(ms, 0, 86'400'000)));
}

void apply_listener_options(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, client_unsent);
}

void apply_backend_options(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_RCVBUF, backend_receive);
  set(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
}

void apply_congestion(int fd, const std::string& name) {
  if (name.empty()) return;
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size()));
}

Result<> check_congestion(const std::string& name) {
  const Fd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return fail(Fault::proxy, "no socket to try congestion control on");
  if (setsockopt(probe.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(),
                 static_cast<socklen_t>(name.size())) == 0) {
    return {};
  }
  return fail(Fault::proxy, "congestion control \"{}\": {}", name,
              std::generic_category().message(errno));
}

}  // namespace drawbridge::net
