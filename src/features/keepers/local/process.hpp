// A program of this machine in a session of its own: begun, found again after a restart of the
// proxy, signalled and ended as a whole.
//
// "It" is the whole process group: a start script may leave, or be killed, before the server that
// it began. A pid alone is never believed: with it stands the time that the process began, and the
// boot.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace drawbridge::features::keepers::local {

// A descriptor with one owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct ProcessSpec {
  std::string command;  // looked up in PATH; with a slash: from working_dir
  std::vector<std::string> args;
  std::filesystem::path working_dir;
  std::map<std::string, std::string> environment;  // beside ours
  bool ends_with_us = true;  // SIGTERM when this process dies, whatever it dies of
  int input = -1;            // become its standard input, output and errors
  int output = -1;
};

struct ProcessId {
  pid_t pid = 0;
  std::uint64_t began = 0;  // of /proc/PID/stat, in ticks since boot
  std::string boot;         // which boot

  bool operator==(const ProcessId&) const = default;
};

// Starts it. Call on a thread that lives as long as the process shall (ends_with_us). Nothing of
// ours is inherited but the two descriptors: no other descriptor, no signal mask, and no variable
// that belongs to this program (systemd's, DRAWBRIDGE_*). Errors: no such folder or program.
Result<ProcessId> start_process(const ProcessSpec& spec);

// Whether this very process, and not a later one of its number, is there (a zombie counts).
bool is_there(const ProcessId& process);
// The same, or, where it has gone, something that it began: a start script leaves the server behind
// when it is ended alone, as it is when the proxy is killed. A number is not given away while
// anything is left of its session.
bool is_there_or_its_group(const ProcessId& process);
// Whether anything of its group still runs (zombies do not). The leader's number must not have been
// given to another session meanwhile, which the kernel guarantees while any member is left.
bool group_runs(pid_t leader);
// Whether the leader is stopped (SIGSTOP).
bool is_frozen(pid_t leader);
// To everybody in the group. False: nobody is there.
bool signal_group(pid_t leader, int signal);

// A descriptor that can be read once the process has ended.
Descriptor open_pidfd(pid_t pid);

// How a child ended, once it has; it is then reaped. Nothing: it has not, or it is no child.
struct ExitStatus {
  int code = 0;    // or
  int signal = 0;  // not 0: killed by it
};
std::optional<ExitStatus> reap(pid_t pid);

}  // namespace drawbridge::features::keepers::local
