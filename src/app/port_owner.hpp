// Who holds a TCP port: the usual first start is beside a Minecraft server that already listens on
// 25565, and the message should name it. Reads /proc; without the right to see other users'
// descriptors the process stays unknown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace drawbridge::app {

struct PortOwner {
  int pid = 0;
  std::string command;  // its command line, cut to 120 characters, safe to print
};

// The process that listens on TCP `port` (any address), if this user may know.
std::optional<PortOwner> find_port_owner(std::uint16_t port);

}  // namespace drawbridge::app
