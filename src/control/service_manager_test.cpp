#include "control/service_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace drawbridge::control {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A datagram socket at a path, or at an abstract name ("@...").
class Listens {
 public:
  explicit Listens(const std::string& name) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
  }
  ~Listens() { close(fd_); }
  Listens(const Listens&) = delete;
  Listens& operator=(const Listens&) = delete;
  // The next message; empty if there is none.
  [[nodiscard]] std::string next() const {
    std::array<char, 512> room{};
    const ssize_t n = recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    return n < 0 ? std::string() : std::string(room.data(), static_cast<std::size_t>(n));
  }

 private:
  int fd_;
};

std::string own_name() {
  return "@drawbridge-notify-test-" + std::to_string(getpid());
}

TEST(ServiceManager, SaysWhatHappens) {
  const Listens systemd(own_name());
  const ServiceManager manager({.socket = own_name(), .watchdog = {}});
  manager.ready("serving 3 servers");
  EXPECT_EQ(systemd.next(), "READY=1\nSTATUS=serving 3 servers\n");
  manager.reloading();
  EXPECT_THAT(systemd.next(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  manager.stopping(seconds(40));
  EXPECT_THAT(systemd.next(), HasSubstr("EXTEND_TIMEOUT_USEC=40000000\n"));
  manager.alive();
  EXPECT_EQ(systemd.next(), "WATCHDOG=1\n");
  EXPECT_EQ(systemd.next(), "");
}

TEST(ServiceManager, ReachesASocketFile) {
  std::string folder = "/tmp/drawbridge-notify-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const Listens systemd(folder + "/notify");
  ServiceManager({.socket = folder + "/notify", .watchdog = {}}).alive();
  EXPECT_EQ(systemd.next(), "WATCHDOG=1\n");
  std::filesystem::remove_all(folder);
}

TEST(ServiceManager, NobodyThereIsNoError) {
  ServiceManager({.socket = "", .watchdog = {}}).ready("x");
  ServiceManager({.socket = "/nowhere/notify", .watchdog = {}}).ready("x");
  ServiceManager({.socket = std::string(300, 'x'), .watchdog = {}}).ready("x");
}

TEST(ServiceManager, TakesItsVariablesFromTheEnvironment) {
  const auto taken = [](const std::string& pid, const char* every) {
    setenv("NOTIFY_SOCKET", "/run/x", 1);
    setenv("WATCHDOG_PID", pid.c_str(), 1);
    setenv("WATCHDOG_USEC", every, 1);
    return ServiceManagerOptions::take_from_environment();
  };
  const std::string own = std::to_string(getpid());
  EXPECT_EQ(taken(own, "3000000").watchdog, seconds(3));
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
  EXPECT_EQ(taken(own, "3000000").socket, "/run/x");
  EXPECT_EQ(taken("1", "3000000").watchdog, Duration::zero()) << "for another process";
  EXPECT_EQ(taken(own, "many").watchdog, Duration::zero());
}

}  // namespace
}  // namespace drawbridge::control
