// Sockets of the load generator. It uses none of the proxy's own networking: a fault there must not
// hide in the tool that measures it.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace drawbridge::bench {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

using Address = sockaddr_in;

// "127.0.0.1:25565". Only loopback addresses are taken: this program floods whatever it is pointed
// at.
Address parse_address(std::string_view text);

// Backlog 4096, non-blocking, close-on-exec.
Fd listen_on(const Address& address);
// Blocking connect with TCP_NODELAY; on loopback it returns as soon as the listen queue has taken
// the connection.
Fd connect_to(const Address& address);

void set_nonblocking(int fd);
void set_nodelay(int fd);
// Blocks, also on a non-blocking socket (poll); ends the program on an error.
void send_all(int fd, std::string_view bytes);
// False on time-out.
bool wait_readable(int fd, int timeout_ms);

Fd make_epoll();
void epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t data);

// Raises the soft descriptor limit to the hard one.
void raise_descriptor_limit();

}  // namespace drawbridge::bench
