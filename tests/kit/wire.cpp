#include "kit/wire.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "mc/frame.hpp"

namespace drawbridge::kit {

namespace {

Endpoint end_of(int fd, int (*which)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (which(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return Endpoint::from_sockaddr(raw).value_or(Endpoint{});
}

void no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Wire Wire::connect(const Endpoint& to, std::optional<IpAddress> from) {
  sockaddr_storage raw{};
  const socklen_t size = to.to_sockaddr(raw);
  net::Fd fd(socket(raw.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (from) {
    sockaddr_storage own{};
    const socklen_t own_size = Endpoint{*from, 0}.to_sockaddr(own);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&own), own_size), 0) << from->text();
  }
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&raw), size) != 0) return {};
  no_delay(fd.get());
  return Wire(std::move(fd));
}

Endpoint Wire::local() const {
  return end_of(fd_.get(), &getsockname);
}
Endpoint Wire::remote() const {
  return end_of(fd_.get(), &getpeername);
}

bool Wire::send(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

bool Wire::send_byte_by_byte(ByteView bytes) {
  return std::ranges::all_of(bytes, [this](const Byte& byte) { return send(ByteView(&byte, 1)); });
}

Wire::Wait Wire::wait_readable(TimePoint deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const int n = poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (n > 0) return Wait::ready;
    if (n == 0) return Wait::late;
  }
}

// Bytes read; 0 at the end (FIN or RST); nothing when late.
std::optional<std::size_t> Wire::read_into(ByteSpan space, TimePoint deadline) {
  if (!pushed_back_.empty()) {
    const std::size_t n = std::min(space.size(), pushed_back_.size());
    std::copy_n(pushed_back_.begin(), n, space.begin());
    pushed_back_.erase(pushed_back_.begin(), pushed_back_.begin() + static_cast<std::ptrdiff_t>(n));
    return n;
  }
  if (wait_readable(deadline) == Wait::late) return std::nullopt;
  const ssize_t n = recv(fd_.get(), space.data(), space.size(), 0);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

ByteBuffer Wire::receive(std::size_t count) {
  const TimePoint deadline = Clock::now() + patience;
  ByteBuffer out(count);
  std::size_t filled = 0;
  while (filled < count) {
    const auto n = read_into(ByteSpan(out).subspan(filled), deadline);
    if (!n || *n == 0) break;
    filled += *n;
  }
  out.resize(filled);
  return out;
}

std::optional<ByteBuffer> Wire::receive_all(Duration limit) {
  const TimePoint deadline = Clock::now() + limit;
  ByteBuffer out;
  std::array<Byte, 16384> chunk;
  for (;;) {
    const auto n = read_into(chunk, deadline);
    if (!n) return std::nullopt;
    if (*n == 0) return out;
    out.insert(out.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

std::optional<ByteBuffer> Wire::receive_frame() {
  const TimePoint deadline = Clock::now() + patience;
  ByteBuffer got;
  std::array<Byte, 16384> chunk;
  for (;;) {
    const auto frame = mc::next_frame(got, mc::max_frame, Fault::backend);
    if (!frame) return std::nullopt;
    if (frame->has_value()) {
      ByteBuffer body((*frame)->body.begin(), (*frame)->body.end());
      pushed_back_.insert(pushed_back_.begin(),
                          got.begin() + static_cast<std::ptrdiff_t>((*frame)->size), got.end());
      return body;
    }
    const auto n = read_into(chunk, deadline);
    if (!n || *n == 0) return std::nullopt;
    got.insert(got.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

bool Wire::ends(Duration limit) {
  std::array<Byte, 1> one;
  const auto n = read_into(one, Clock::now() + limit);
  return n && *n == 0;
}

bool Wire::closes(Duration limit) {
  if (!pushed_back_.empty() || wait_readable(Clock::now() + limit) == Wait::late) return false;
  Byte one = 0;
  return recv(fd_.get(), &one, 1, 0) == 0;
}

bool Wire::resets(Duration limit) {
  if (wait_readable(Clock::now() + limit) == Wait::late) return false;
  Byte one = 0;
  return recv(fd_.get(), &one, 1, 0) < 0 && errno == ECONNRESET;
}

bool Wire::stays_quiet(Duration time) {
  return pushed_back_.empty() && wait_readable(Clock::now() + time) == Wait::late;
}

void Wire::half_close() {
  shutdown(fd_.get(), SHUT_WR);
}

void Wire::reset() {
  const linger abort{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  fd_.reset();
}

Harbour::Harbour(const std::string& address, int backlog, std::uint16_t port) {
  const Endpoint wanted{IpAddress::parse(address).value(), port};
  sockaddr_storage raw{};
  const socklen_t size = wanted.to_sockaddr(raw);
  fd_ = net::Fd(socket(raw.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&raw), size), 0);
  EXPECT_EQ(listen(fd_.get(), backlog), 0);
  endpoint_ = end_of(fd_.get(), &getsockname);
}

Wire Harbour::accept(Duration limit) {
  pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  const auto left = std::chrono::ceil<milliseconds>(limit).count();
  if (poll(&entry, 1, static_cast<int>(left)) <= 0) return {};
  net::Fd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (fd.valid()) no_delay(fd.get());
  return Wire(std::move(fd));
}

}  // namespace drawbridge::kit
