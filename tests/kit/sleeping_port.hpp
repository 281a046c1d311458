// A port of the test's own where nobody listens until the test says so: an address that refuses,
// and later does not. While it is held no connection on its way out can take it, and another
// program may listen on it if it sets SO_REUSEPORT.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "base/ip.hpp"
#include "kit/wire.hpp"
#include "net/fd.hpp"

namespace drawbridge::kit {

class SleepingPort {
 public:
  SleepingPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    EXPECT_EQ(setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes), 0);
    sockaddr_storage raw{};
    socklen_t size = Endpoint{IpAddress::v4(INADDR_LOOPBACK), 0}.to_sockaddr(raw);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&raw), size), 0);
    size = sizeof raw;
    EXPECT_EQ(getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&raw), &size), 0);
    endpoint_ = Endpoint::from_sockaddr(raw).value_or(Endpoint{});
  }
  [[nodiscard]] std::string address() const { return endpoint_.text(); }
  [[nodiscard]] std::uint16_t port() const { return endpoint_.port; }
  void wake() { EXPECT_EQ(listen(fd_.get(), 16), 0); }
  // The connection that is made now; the wire is not open if none comes.
  [[nodiscard]] Wire accept() const {
    Wire out;
    eventually([&] {
      net::Fd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (fd.valid()) out = Wire(std::move(fd));
      return out.open();
    });
    return out;
  }

 private:
  net::Fd fd_;
  Endpoint endpoint_;
};

}  // namespace drawbridge::kit
