#include "app/port_owner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unordered_set>

#include "base/strings.hpp"

namespace drawbridge::app {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view listen_state = "0A";

// Inodes of the sockets that listen on the port, from one of the kernel's tables.
void collect_listeners(const char* table, std::uint16_t port,
                       std::unordered_set<std::string>& inodes) {
  std::ifstream in(table);
  const std::string wanted = fmt::format(":{:04X}", port);
  std::string line;
  std::getline(in, line);  // header
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
        inode;
    if (state == listen_state && local.ends_with(wanted)) inodes.insert(inode);
  }
}

bool holds_one_of(const fs::path& process, const std::unordered_set<std::string>& inodes) {
  std::error_code error;
  for (fs::directory_iterator it(process / "fd", error), end; !error && it != end;
       it.increment(error)) {
    std::error_code unreadable;
    const std::string target = fs::read_symlink(it->path(), unreadable).string();
    constexpr std::string_view prefix = "socket:[";
    if (unreadable || !target.starts_with(prefix)) continue;
    if (inodes.contains(target.substr(prefix.size(), target.size() - prefix.size() - 1)))
      return true;
  }
  return false;
}

std::string command_of(const fs::path& process) {
  std::ifstream in(process / "cmdline", std::ios::binary);
  std::string command{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::ranges::replace(command, '\0', ' ');
  return escaped_for_log(trimmed(command), 120);
}

}  // namespace

std::optional<PortOwner> find_port_owner(std::uint16_t port) {
  std::unordered_set<std::string> inodes;
  collect_listeners("/proc/net/tcp", port, inodes);
  collect_listeners("/proc/net/tcp6", port, inodes);
  if (inodes.empty()) return std::nullopt;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const auto pid = parse_int<int>(it->path().filename().string());
    if (pid && holds_one_of(it->path(), inodes)) return PortOwner{*pid, command_of(it->path())};
  }
  return std::nullopt;
}

}  // namespace drawbridge::app
