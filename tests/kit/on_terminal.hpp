// A program on a pseudo terminal of ours, 100 columns wide, driven by its keys.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kit/program.hpp"

namespace drawbridge::kit {

class OnTerminal {
 public:
  // `words`: the program and its arguments. `environment`: beside the test's own.
  explicit OnTerminal(const TempFolder& folder, std::vector<std::string> words,
                      const std::map<std::string, std::string>& environment = {}) {
    winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    const std::string path = folder.path().string();
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      // Whoever runs the tests in the background of a shell ignores Ctrl-C, and so would this.
      signal(SIGINT, SIG_DFL);
      setenv("TERM", "xterm", 1);
      setenv("NO_COLOR", "1", 1);
      for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
      if (chdir(path.c_str()) == 0) execvp(arguments[0], arguments.data());
      _exit(127);
    }
  }
  ~OnTerminal() {
    if (pid_ > 0 && !ended_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(terminal_);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  void type(std::string_view keys) const {
    ASSERT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  // Reads until the terminal has shown this, after what was waited for before.
  bool shows(std::string_view text) {
    const TimePoint until = Clock::now() + patience;
    for (;;) {
      if (const auto at = screen_.find(text, seen_); at != std::string::npos) {
        seen_ = at + text.size();
        return true;
      }
      pollfd wait{.fd = terminal_, .events = POLLIN, .revents = 0};
      const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now()).count();
      if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) break;
      char buffer[4096];
      const ssize_t got = read(terminal_, buffer, sizeof buffer);
      if (got <= 0) break;
      screen_.append(buffer, static_cast<std::size_t>(got));
    }
    ADD_FAILURE() << "never shown: " << text << "\n--- the terminal ---\n" << screen_.substr(seen_);
    return false;
  }
  // The exit code, after all that it says is read. A program that says nothing and does not end is
  // a failure, and killed.
  int wait() {
    const auto limit = static_cast<int>(std::chrono::duration_cast<milliseconds>(patience).count());
    char buffer[4096];
    pollfd wait{.fd = terminal_, .events = POLLIN, .revents = 0};
    for (;;) {
      if (poll(&wait, 1, limit) <= 0) {
        ADD_FAILURE() << "it does not end\n--- the terminal ---\n" << screen_.substr(seen_);
        kill(pid_, SIGKILL);
        break;
      }
      const ssize_t got = read(terminal_, buffer, sizeof buffer);
      if (got <= 0) break;
      screen_.append(buffer, static_cast<std::size_t>(got));
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
  }
  [[nodiscard]] bool echoes() const {
    termios now{};
    return tcgetattr(terminal_, &now) == 0 && (now.c_lflag & ECHO) != 0;
  }
  [[nodiscard]] const std::string& screen() const { return screen_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  int terminal_ = -1;
  pid_t pid_ = -1;
  bool ended_ = false;
  std::string screen_;
  std::size_t seen_ = 0;
};

}  // namespace drawbridge::kit
