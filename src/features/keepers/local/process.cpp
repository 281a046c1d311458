#include "features/keepers/local/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>

#include "base/strings.hpp"

namespace drawbridge::features::keepers::local {

namespace {

constexpr int exec_failed = 127;
// Where the first step that failed is told: 3, right above the standard three.
constexpr int report_fd = 3;

struct Failure {
  std::array<char, 16> step;
  int error;
};

bool is_ours(std::string_view variable) {
  constexpr std::array<std::string_view, 6> names = {
      "NOTIFY_SOCKET=", "LISTEN_", "WATCHDOG_", "DRAWBRIDGE_", "MANAGERPID=", "INVOCATION_ID="};
  return std::ranges::any_of(names,
                             [&](std::string_view name) { return variable.starts_with(name); });
}

std::vector<std::string> environment_of(const ProcessSpec& spec) {
  std::vector<std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const auto name = std::string(variable.substr(0, variable.find('=')));
    if (!is_ours(variable) && !spec.environment.contains(name)) out.emplace_back(variable);
  }
  for (const auto& [name, value] : spec.environment)
    out.push_back(fmt::format("{}={}", name, value));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// --- In the child, between fork and exec: only what may be called there.

[[noreturn]] void give_up(std::string_view step) {
  Failure failure{.step = {}, .error = errno};
  std::memcpy(failure.step.data(), step.data(), std::min(step.size(), failure.step.size() - 1));
  [[maybe_unused]] const auto told = write(report_fd, &failure, sizeof failure);
  _exit(exec_failed);
}

void reset_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Puts the three descriptors to 0, 1, 2 and the report to 3, whatever numbers they have.
void place_descriptors(int input, int output, int report) {
  // Out of the way first, so that none overwrites another.
  const int in = fcntl(input, F_DUPFD, 16);
  const int out = fcntl(output, F_DUPFD, 16);
  const int tell = fcntl(report, F_DUPFD, 16);
  if (dup2(tell, report_fd) < 0) _exit(exec_failed);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) give_up("descriptors");
  fcntl(report_fd, F_SETFD, FD_CLOEXEC);
  if (syscall(SYS_close_range, report_fd + 1, ~0U, 0) != 0) give_up("close_range");
}

[[noreturn]] void become(const ProcessSpec& spec, const std::vector<char*>& arguments,
                         const std::vector<char*>& environment, int report, pid_t parent) {
  place_descriptors(spec.input, spec.output, report);
  if (setsid() < 0) give_up("setsid");
  reset_signals();
  if (spec.ends_with_us) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(exec_failed);  // it has died in between
  }
  if (chdir(spec.working_dir.c_str()) != 0) give_up("working_dir");
  environ = const_cast<char**>(environment.data());
  execvp(spec.command.c_str(), arguments.data());
  give_up("command");
}

// --- /proc

// The fields of /proc/PID/stat behind the name, which may hold anything; the first is the state.
std::vector<std::string> stat_fields(std::string_view pid) {
  std::ifstream in("/proc/" + std::string(pid) + "/stat", std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto end = text.rfind(')');
  if (end == std::string::npos || end + 2 > text.size()) return {};
  std::vector<std::string> out;
  for (const std::string_view field : split(std::string_view(text).substr(end + 2), ' '))
    out.emplace_back(field);
  return out;
}
constexpr std::size_t state_field = 0, group_field = 2, session_field = 3, began_field = 19;

std::uint64_t began_at(pid_t pid) {
  const auto fields = stat_fields(std::to_string(pid));
  std::uint64_t out = 0;
  if (fields.size() > began_field)
    std::from_chars(fields[began_field].data(),
                    fields[began_field].data() + fields[began_field].size(), out);
  return out;
}

std::string boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string out;
  in >> out;
  return out;
}

}  // namespace

Result<ProcessId> start_process(const ProcessSpec& spec) {
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0)
    return fail(Fault::proxy, "no descriptors are left: {}", std::strerror(errno));
  const Descriptor told(report[0]);
  Descriptor telling(report[1]);
  std::vector<std::string> words{spec.command};
  words.insert(words.end(), spec.args.begin(), spec.args.end());
  std::vector<std::string> variables = environment_of(spec);
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail(Fault::proxy, "cannot start a process: {}", std::strerror(errno));
  if (pid == 0) become(spec, arguments, environment, report[1], parent);
  telling.close();
  Failure failure{};
  ssize_t got = 0;
  do got = read(told.get(), &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got == sizeof failure) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return fail(Fault::proxy, "{}: {}", failure.step.data(), std::strerror(failure.error));
  }
  return ProcessId{.pid = pid, .began = began_at(pid), .boot = boot_id()};
}

bool is_there(const ProcessId& process) {
  return process.pid > 0 && process.began != 0 && began_at(process.pid) == process.began &&
         boot_id() == process.boot;
}

bool is_there_or_its_group(const ProcessId& process) {
  if (is_there(process)) return true;
  if (process.pid <= 0 || process.began == 0 || boot_id() != process.boot) return false;
  const std::string leader = std::to_string(process.pid);
  if (!stat_fields(leader).empty()) return false;  // another one has its number
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  if (!folder) return false;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    const auto fields = stat_fields(entry->d_name);
    if (fields.size() <= began_field || fields[group_field] != leader ||
        fields[session_field] != leader || fields[state_field] == "Z")
      continue;
    std::uint64_t began = 0;
    std::from_chars(fields[began_field].data(),
                    fields[began_field].data() + fields[began_field].size(), began);
    if (began >= process.began) return true;
  }
  return false;
}

bool group_runs(pid_t leader) {
  if (leader <= 0 || (kill(-leader, 0) != 0 && errno == ESRCH)) return false;
  // Somebody is there; zombies that nobody has reaped yet do not count.
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  if (!folder) return true;
  const std::string group = std::to_string(leader);
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    const auto fields = stat_fields(entry->d_name);
    if (fields.size() > group_field && fields[group_field] == group && fields[state_field] != "Z" &&
        fields[state_field] != "X")
      return true;
  }
  return false;
}

bool is_frozen(pid_t leader) {
  const auto fields = stat_fields(std::to_string(leader));
  return !fields.empty() && fields[state_field] == "T";
}

bool signal_group(pid_t leader, int signal) {
  return leader > 0 && kill(-leader, signal) == 0;
}

Descriptor open_pidfd(pid_t pid) {
  return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

std::optional<ExitStatus> reap(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  if (WIFSIGNALED(status)) return ExitStatus{.code = 0, .signal = WTERMSIG(status)};
  return ExitStatus{.code = WEXITSTATUS(status), .signal = 0};
}

}  // namespace drawbridge::features::keepers::local
