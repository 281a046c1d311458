#include "sock.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "args.hpp"

namespace drawbridge::bench {

void Fd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Address parse_address(std::string_view text) {
  Address address{};
  address.sin_family = AF_INET;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) die("no port in {}", text);
  const std::string ip(text.substr(0, colon));
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) {
    die("not a port: {}", text);
  }
  if (inet_pton(AF_INET, ip.c_str(), &address.sin_addr) != 1) die("not an address: {}", text);
  if ((ntohl(address.sin_addr.s_addr) >> 24) != 127) die("not a loopback address: {}", text);
  address.sin_port = htons(port);
  return address;
}

Fd listen_on(const Address& address) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) die("socket: {}", std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 4096) != 0) {
    die("cannot listen on port {}: {}", ntohs(address.sin_port), std::strerror(errno));
  }
  return fd;
}

Fd connect_to(const Address& address) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) die("socket: {}", std::strerror(errno));
  set_nodelay(fd.get());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    die("cannot connect to port {}: {}", ntohs(address.sin_port), std::strerror(errno));
  }
  return fd;
}

void set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    die("fcntl: {}", std::strerror(errno));
  }
}

void set_nodelay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd waiting{fd, POLLOUT, 0};
      if (::poll(&waiting, 1, 10'000) <= 0) die("send: nothing moved for 10 s");
    } else if (errno != EINTR) {
      die("send: {}", std::strerror(errno));
    }
  }
}

bool wait_readable(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, timeout_ms) > 0;
}

Fd make_epoll() {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) die("epoll_create1: {}", std::strerror(errno));
  return epoll;
}

void epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    die("epoll_ctl: {}", std::strerror(errno));
  }
}

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace drawbridge::bench
