#include "app/log_stream.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>

#include "api/command.hpp"
#include "app/commands/parts.hpp"
#include "app/control_words.hpp"
#include "app/daemon.hpp"
#include "base/log_reader.hpp"
#include "base/strings.hpp"

namespace drawbridge::app {

namespace {

constexpr int top_pause_ms = 1000;
constexpr std::string_view the_end = "the proxy has stopped\n";

bool is_follow(const std::string& word) {
  return word == "-f" || word == "--follow";
}

struct Asked {
  log::Level at_least = log::Level::trace;
};

std::optional<Asked> read_request(std::string_view request) {
  auto words = api::split_command(request);
  if (!words || words->empty() || words->front() != "logs") return std::nullopt;
  words->erase(words->begin());
  if (std::erase_if(*words, is_follow) == 0) return std::nullopt;
  if (words->empty()) return Asked{};
  if (words->size() != 2 || words->front() != "--level") return std::nullopt;
  const auto level = level_called(words->back());
  return level ? std::optional(Asked{*level}) : std::nullopt;
}

// Can be read once SIGINT or SIGTERM has come.
int interruptions() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

void print(std::FILE* to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

// Hands on what comes behind the first line, which is the exit code.
class Answer {
 public:
  void take(std::string_view text) {
    if (code_) return print(stream(), text);
    head_ += text;
    const auto end = head_.find('\n');
    if (end == std::string::npos) return;
    code_ = parse_int<int>(std::string_view(head_).substr(0, end)).value_or(exit_no_proxy);
    print(stream(), std::string_view(head_).substr(end + 1));
  }
  [[nodiscard]] int code() const { return code_.value_or(exit_no_proxy); }

 private:
  [[nodiscard]] std::FILE* stream() const { return code_ == exit_ok ? stdout : stderr; }
  std::optional<int> code_;
  std::string head_;
};

int follow_log(const std::filesystem::path& socket, std::string_view request, int interrupted) {
  Answer answer;
  const auto whole = control::follow_control_socket(
      socket, request, interrupted, [&](std::string_view text) { answer.take(text); });
  if (!whole) {
    fmt::print(stderr, "{}\n", whole.error().what);
    return exit_no_proxy;
  }
  if (*whole && answer.code() == exit_ok) fmt::print(stderr, "{}", the_end);
  return *whole ? answer.code() : exit_ok;
}

// On a terminal each picture takes the place of the one before.
int show_top(const std::filesystem::path& socket, int interrupted) {
  const bool is_screen = isatty(STDOUT_FILENO) != 0;
  int code = exit_no_proxy;
  std::string last = "no running proxy answers\n";
  if (is_screen) print(stdout, "\x1b[?1049h");
  for (;;) {
    const auto answer = control::ask_control_socket(socket, "top");
    if (!answer) break;
    const auto end = answer->find('\n');
    code = exit_ok;
    last = the_end;
    const std::string_view text = std::string_view(*answer).substr(end + 1);
    print(stdout, is_screen ? fmt::format("\x1b[H\x1b[J{}", text) : std::string(text));
    pollfd wait{.fd = interrupted, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, top_pause_ms) > 0) {
      last.clear();
      break;
    }
  }
  if (is_screen) print(stdout, "\x1b[?1049l");
  fmt::print(stderr, "{}", last);
  return code;
}

}  // namespace

control::ControlSocket::Stream log_stream(std::string_view request) {
  const auto asked = read_request(request);
  if (!asked) return {};
  const auto reader = std::make_shared<log::Reader>(asked->at_least);
  return [reader, is_begun = false]() mutable {
    std::string out = reader->take();
    if (!is_begun) out.insert(0, fmt::format("{}\n", exit_ok));
    is_begun = true;
    return out;
  };
}

bool is_to_stay(const std::vector<std::string>& command) {
  if (command.empty()) return false;
  if (command.front() == "top") return command.size() == 1;
  return command.front() == "logs" && std::ranges::any_of(command, is_follow);
}

int stay_with_proxy(const std::vector<std::string>& command,
                    const std::optional<std::filesystem::path>& config,
                    const config::Overlays& overlays) {
  const auto socket = control_socket_of(config, overlays);
  if (!socket) {
    fmt::print(stderr, "{}", socket.error().what);
    return exit_config;
  }
  const int interrupted = interruptions();
  const int code = command.front() == "top"
                       ? show_top(*socket, interrupted)
                       : follow_log(*socket, api::join_command(command), interrupted);
  close(interrupted);
  return code;
}

}  // namespace drawbridge::app
