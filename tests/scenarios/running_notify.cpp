// What systemd hears from a service of Type=notify-reload: ready, reloading, signs of life,
// stopping. The receiver here is as strict as systemd's own: datagrams of KEY=VALUE lines, and only
// those that the main process sent (NotifyAccess=main, told by the kernel's credentials).
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/strings.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

using Message = std::map<std::string, std::string, std::less<>>;

std::int64_t monotonic_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

// The service manager's end.
class Systemd {
 public:
  explicit Systemd(const std::filesystem::path& path)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const int on = 1;
    EXPECT_EQ(setsockopt(fd_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  }
  // The next message of `main`, if one comes within `limit`.
  [[nodiscard]] std::optional<Message> receive(pid_t main, Duration limit = patience) const {
    pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const auto wait = std::chrono::duration_cast<milliseconds>(limit).count();
    if (poll(&entry, 1, static_cast<int>(wait)) <= 0) return std::nullopt;
    std::array<char, 4096> room{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> extra{};
    iovec part{.iov_base = room.data(), .iov_len = room.size()};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = extra.data();
    head.msg_controllen = extra.size();
    const ssize_t n = recvmsg(fd_.get(), &head, 0);
    if (n <= 0) return std::nullopt;
    const cmsghdr* from = CMSG_FIRSTHDR(&head);
    if (from == nullptr || from->cmsg_type != SCM_CREDENTIALS) return std::nullopt;
    ucred who{};
    std::memcpy(&who, CMSG_DATA(from), sizeof who);
    EXPECT_EQ(who.pid, main);
    return parse(std::string_view(room.data(), static_cast<std::size_t>(n)));
  }
  // Waits for a message that sets `key` to 1; others are passed over.
  [[nodiscard]] std::optional<Message> hears(pid_t main, std::string_view key) const {
    while (auto message = receive(main)) {
      const auto found = message->find(key);
      if (found != message->end() && found->second == "1") return message;
    }
    return std::nullopt;
  }

 private:
  static Message parse(std::string_view text) {
    Message out;
    for (const std::string_view line : split(text, '\n')) {
      if (line.empty()) continue;
      const auto equals = line.find('=');
      EXPECT_NE(equals, std::string_view::npos) << line;
      out.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return out;
  }
  net::Fd fd_;
};

class RunningNotify : public ::testing::Test {
 protected:
  RunningNotify() { folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n"); }
  [[nodiscard]] Program::Settings settings() const {
    return {.arguments = {},
            .environment = {{"NOTIFY_SOCKET", path.string()}, {"WATCHDOG_USEC", "300000"}},
            .folder = folder.path()};
  }
  TempFolder folder;
  std::filesystem::path path = folder.path() / "notify";
  Systemd systemd{path};
};

TEST_F(RunningNotify, systemd_hears_how_it_is) {
  Program program(DRAWBRIDGE_PROGRAM, settings());
  const auto ready = systemd.hears(program.pid(), "READY");
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->at("STATUS"), "serving 0 servers");
  EXPECT_TRUE(systemd.hears(program.pid(), "WATCHDOG"));
  EXPECT_TRUE(systemd.hears(program.pid(), "WATCHDOG")) << "again and again";
  const std::int64_t before = monotonic_microseconds();
  program.signal(SIGHUP);
  const auto reloading = systemd.hears(program.pid(), "RELOADING");
  ASSERT_TRUE(reloading);
  // systemd takes a READY=1 for the end of this reload only if the clock says so.
  const auto since = parse_int<std::int64_t>(reloading->at("MONOTONIC_USEC"));
  ASSERT_TRUE(since);
  EXPECT_GE(*since, before);
  EXPECT_LE(*since, monotonic_microseconds());
  EXPECT_TRUE(systemd.hears(program.pid(), "READY"));
  program.signal(SIGTERM);
  const auto stopping = systemd.hears(program.pid(), "STOPPING");
  ASSERT_TRUE(stopping);
  EXPECT_GT(parse_int<std::int64_t>(stopping->at("EXTEND_TIMEOUT_USEC")), 30'000'000)
      << "the drain may take shutdown.drain, whatever TimeoutStopSec says";
  EXPECT_EQ(program.wait(), 0);
}

// One thread of another process, stopped while the others run, as a debugger does it.
class Frozen {
 public:
  explicit Frozen(pid_t thread) : thread_(thread) {
    EXPECT_EQ(ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr), 0) << std::strerror(errno);
    EXPECT_EQ(ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr), 0);
    EXPECT_EQ(waitpid(thread_, nullptr, __WALL), thread_);
  }
  ~Frozen() { thaw(); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  void thaw() {
    if (thread_ != 0) ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
    thread_ = 0;
  }

 private:
  pid_t thread_;
};

pid_t thread_named(pid_t process, std::string_view start) {
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (name.starts_with(start)) return std::stoi(entry.path().filename());
  }
  return 0;
}

// What a watchdog is for: the control thread is well, but nobody is served.
TEST_F(RunningNotify, a_worker_that_hangs_gives_no_sign_of_life) {
  Program program(DRAWBRIDGE_PROGRAM, settings());
  ASSERT_TRUE(systemd.hears(program.pid(), "WATCHDOG"));
  const pid_t worker = thread_named(program.pid(), "worker");
  ASSERT_NE(worker, 0);
  Frozen frozen(worker);
  ASSERT_TRUE(program.logged({"WARN", "a worker does not answer"}));
  while (systemd.receive(program.pid(), Duration::zero())) {
  }
  EXPECT_FALSE(systemd.receive(program.pid(), seconds(1))) << "ten looks, none of them good";
  frozen.thaw();
  EXPECT_TRUE(systemd.hears(program.pid(), "WATCHDOG"));
  EXPECT_TRUE(program.logged({"every worker answers again"}));
}

}  // namespace
}  // namespace drawbridge::kit
