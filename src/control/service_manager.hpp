// Telling systemd (or whoever started us and speaks its protocol) how we are: datagrams to the
// socket that NOTIFY_SOCKET names, as sd_notify(3) describes them. Without such a socket everything
// here does nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace drawbridge::control {

struct ServiceManagerOptions {
  std::string socket;   // a path, or "@name" for an abstract one; empty: nobody listens
  Duration watchdog{};  // how often a sign of life is wanted; 0 = never
  // From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which it takes out of the environment: they
  // are not for our children. Before there are threads.
  static ServiceManagerOptions take_from_environment();
};

// Any thread; nothing blocks: a manager that does not read loses messages.
class ServiceManager {
 public:
  explicit ServiceManager(ServiceManagerOptions options) : options_(std::move(options)) {}

  void ready(std::string_view status) const;
  void reloading() const;
  // May take that long.
  void stopping(Duration at_most) const;
  void alive() const;
  [[nodiscard]] Duration watchdog() const { return options_.watchdog; }

 private:
  void send(const std::string& message) const;
  ServiceManagerOptions options_;
};

}  // namespace drawbridge::control
