// What systemd hears from a service of Type=notify: ready, reloading, signs of life, stopping.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <cstring>

#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

// The service manager's end.
class Systemd {
 public:
  explicit Systemd(const std::filesystem::path& path)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  // Waits for a message that contains `text`; others are passed over.
  [[nodiscard]] bool hears(std::string_view text) const {
    const TimePoint end = Clock::now() + patience;
    while (Clock::now() < end) {
      pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      if (poll(&entry, 1, 1000) <= 0) continue;
      std::array<char, 1024> room{};
      const ssize_t n = recv(fd_.get(), room.data(), room.size(), 0);
      if (n > 0 && std::string_view(room.data(), static_cast<std::size_t>(n)).contains(text))
        return true;
    }
    return false;
  }

 private:
  net::Fd fd_;
};

TEST(RunningNotify, systemd_hears_how_it_is) {
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  const auto path = folder.path() / "notify";
  const Systemd systemd(path);
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {},
                   .environment = {{"NOTIFY_SOCKET", path.string()}, {"WATCHDOG_USEC", "300000"}},
                   .folder = folder.path()});
  EXPECT_TRUE(systemd.hears("READY=1"));
  EXPECT_TRUE(systemd.hears("WATCHDOG=1"));
  EXPECT_TRUE(systemd.hears("WATCHDOG=1")) << "again and again";
  program.signal(SIGHUP);
  EXPECT_TRUE(systemd.hears("RELOADING=1"));
  EXPECT_TRUE(systemd.hears("READY=1"));
  program.signal(SIGTERM);
  EXPECT_TRUE(systemd.hears("STOPPING=1"));
  EXPECT_EQ(program.wait(), 0);
}

}  // namespace
}  // namespace drawbridge::kit
