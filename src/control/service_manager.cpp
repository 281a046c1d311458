#include "control/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"

namespace drawbridge::control {

namespace {

std::string take(const char* name) {
  const char* value = std::getenv(name);
  std::string out = value != nullptr ? value : "";
  unsetenv(name);
  return out;
}

std::int64_t whole_microseconds(Duration time) {
  return std::chrono::duration_cast<microseconds>(time).count();
}

}  // namespace

ServiceManagerOptions ServiceManagerOptions::take_from_environment() {
  ServiceManagerOptions out;
  out.socket = take("NOTIFY_SOCKET");
  const std::string pid = take("WATCHDOG_PID");
  const auto every = parse_int<std::int64_t>(take("WATCHDOG_USEC"));
  const bool is_ours = pid.empty() || pid == std::to_string(getpid());
  if (every && *every > 0 && is_ours && !out.socket.empty()) out.watchdog = microseconds(*every);
  return out;
}

void ServiceManager::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}\n", status));
}

void ServiceManager::reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n",
                   std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

void ServiceManager::stopping(Duration at_most) const {
  send(fmt::format("STOPPING=1\nSTATUS=waiting for players to leave\nEXTEND_TIMEOUT_USEC={}\n",
                   whole_microseconds(at_most)));
}

void ServiceManager::alive() const {
  send("WATCHDOG=1\n");
}

void ServiceManager::send(const std::string& message) const {
  const std::string& name = options_.socket;
  sockaddr_un address{};
  if (name.empty() || name.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::ranges::copy(name, address.sun_path);
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (sendto(fd, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), size) < 0)
    log::debug("app", "the service manager did not take a message",
               {{"reason", strerrordesc_np(errno)}});
  close(fd);
}

}  // namespace drawbridge::control
