#include "net/dial.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <utility>

#include "net/connect_wait.hpp"
#include "net/socket_options.hpp"
#include "net/stream_socket.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace {

// The range that the kernel takes source ports from; its default where it cannot be read.
std::pair<int, int> source_ports() {
  std::pair<int, int> range{32768, 60999};
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  file >> range.first >> range.second;
  return range;
}

// A connect to a port of our own host where nobody listens may pick that very port as its source
// and meet itself.
bool met_itself(int fd, const Endpoint& to) {
  static const std::pair<int, int> sources = source_ports();
  if (to.port < sources.first || to.port > sources.second || !to.address.is_loopback())
    return false;
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) return false;
  const auto source = Endpoint::from_sockaddr(own);
  return source && *source == to;
}

}  // namespace

ConnectWait::ConnectWait(Stream& stream, const SocketAddress& to, TimePoint deadline)
    : Wait(stream.socket_->worker()), socket_(stream.socket_), to_(to), deadline_(deadline) {}

ConnectWait::~ConnectWait() {
  if (socket_ != nullptr && socket_->connecting_ == this) socket_->connecting_ = nullptr;
}

bool ConnectWait::await_ready() {
  // The second call tells a connection that was made meanwhile, as on loopback always, from one
  // that takes time.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (connect(socket_->fd(), reinterpret_cast<sockaddr*>(&to_.raw), to_.size) == 0) return true;
    if (errno == EISCONN) return true;
    if (errno != EINPROGRESS && errno != EALREADY && errno != EINTR) {
      // Ports in TIME_WAIT count: the backend is well, and must not be left out for our shortage.
      const bool no_ports = errno == EADDRNOTAVAIL && to_.raw.ss_family == AF_INET;
      result_ = std::unexpected(no_ports ? IoError{IoError::Kind::no_ports, Fault::proxy, errno}
                                         : IoError::from_errno(errno, Fault::backend));
      return true;
    }
  }
  return false;
}

bool ConnectWait::begin() {
  if (const auto watched = socket_->watch(); !watched) {
    result_ = std::unexpected(watched.error());
    return false;
  }
  socket_->connecting_ = this;
  return true;
}

bool ConnectWait::step(std::uint32_t events) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    result_ = std::unexpected(IoError::from_errno(error, Fault::backend));
    return true;
  }
  return (events & EPOLLOUT) != 0;
}

IoResult<> ConnectWait::await_resume() {
  if (socket_ != nullptr && socket_->connecting_ == this) socket_->connecting_ = nullptr;
  if (outcome() == Outcome::timed_out) {
    return std::unexpected(IoError{IoError::Kind::timed_out, Fault::backend, 0});
  }
  if (outcome() == Outcome::cancelled) {
    return std::unexpected(IoError{IoError::Kind::cancelled, Fault::proxy, 0});
  }
  return result_;
}

namespace {

// A stream that is connected to `to`.
Task<IoResult<Stream>> connected(Worker& worker, int family, SocketAddress to, TimePoint deadline) {
  Fd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) co_return std::unexpected(IoError::from_errno(errno, Fault::proxy));
  apply_backend_options(fd.get());
  Stream stream(worker, std::move(fd), Fault::backend);
  auto made = co_await ConnectWait(stream, to, deadline);
  if (!made) co_return std::unexpected(made.error());
  co_return std::move(stream);
}

}  // namespace

Task<IoResult<Stream>> dial(Worker& worker, Endpoint to, TimePoint deadline) {
  SocketAddress address;
  address.size = to.to_sockaddr(address.raw);
  auto stream =
      co_await connected(worker, to.address.is_v4() ? AF_INET : AF_INET6, address, deadline);
  if (stream && met_itself(stream->fd(), to)) {
    co_return std::unexpected(IoError{IoError::Kind::refused, Fault::backend, 0});
  }
  co_return stream;
}

Task<IoResult<Stream>> dial_unix(Worker& worker, std::string path, TimePoint deadline) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (path.size() >= sizeof un.sun_path) {
    co_return std::unexpected(IoError::from_errno(ENAMETOOLONG, Fault::backend));
  }
  std::memcpy(un.sun_path, path.data(), path.size());
  SocketAddress address;
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  std::memcpy(&address.raw, &un, sizeof un);
  auto stream = co_await connected(worker, AF_UNIX, address, deadline);
  co_return stream;
}

}  // namespace drawbridge::net
