// The console of the real program on a pseudo terminal, driven by its keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

// The program with a terminal of ours, 100 columns wide.
class OnTerminal {
 public:
  explicit OnTerminal(const TempFolder& folder, std::vector<std::string> more = {}) {
    winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    const std::string path = folder.path().string();
    std::vector<std::string> words{DRAWBRIDGE_PROGRAM, "run"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      setenv("TERM", "xterm", 1);
      setenv("NO_COLOR", "1", 1);
      if (chdir(path.c_str()) == 0) execv(arguments[0], arguments.data());
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
  // The exit code, after all that it says is read.
  int wait() {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = read(terminal_, buffer, sizeof buffer)) > 0)
      screen_.append(buffer, static_cast<std::size_t>(got));
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

class CommandConsole : public ::testing::Test {
 protected:
  CommandConsole() {
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:1"));
  }
  TempFolder folder;
};

TEST_F(CommandConsole, answers_commands_and_stops) {
  OnTerminal console(folder);
  ASSERT_TRUE(console.shows("> "));
  console.type("list\r");
  EXPECT_TRUE(console.shows("# players (0)"));
  EXPECT_TRUE(console.shows("| lobby (0)"));
  console.type("/servrs\r");
  EXPECT_TRUE(console.shows("error: there is no command \"servrs\", did you mean `servers`?"));
  console.type("stop\r");
  EXPECT_TRUE(console.shows("ok: stopping"));
  EXPECT_EQ(console.wait(), 0);
  EXPECT_THAT(console.screen(), HasSubstr("stopped"));
}

TEST_F(CommandConsole, tab_completes_and_lists) {
  OnTerminal console(folder);
  ASSERT_TRUE(console.shows("> "));
  console.type("serve\t\t");  // what both words begin with, then the two
  EXPECT_TRUE(console.shows("server  servers"));
  console.type(" l\t\r");
  EXPECT_TRUE(console.shows("# lobby: "));
}

TEST_F(CommandConsole, log_lines_go_above_what_is_being_typed) {
  OnTerminal console(folder);
  ASSERT_TRUE(console.shows("> "));
  console.type("versi");
  ASSERT_TRUE(console.shows("versi"));
  kill(console.pid(), SIGHUP);
  EXPECT_TRUE(console.shows("reloading (SIGHUP)"));
  EXPECT_TRUE(console.shows("> versi")) << "the line is there again";
  console.type("on\r");
  EXPECT_TRUE(console.shows("# drawbridge "));
}

TEST_F(CommandConsole, history_is_there_after_a_restart) {
  {
    OnTerminal console(folder);
    ASSERT_TRUE(console.shows("> "));
    console.type("find Herobrine\r");
    ASSERT_TRUE(console.shows("error: Herobrine is not here"));
    console.type("stop\r");
    EXPECT_EQ(console.wait(), 0);
  }
  OnTerminal console(folder);
  ASSERT_TRUE(console.shows("> "));
  console.type("\x1b[A\x1b[A");
  EXPECT_TRUE(console.shows("find Herobrine"));
  console.type("\r");
  EXPECT_TRUE(console.shows("error: Herobrine is not here"));
}

TEST_F(CommandConsole, control_c_stops_and_the_terminal_is_as_it_was) {
  OnTerminal console(folder);
  const bool echoed = console.echoes();
  ASSERT_TRUE(console.shows("> "));
  console.type("\x03");
  EXPECT_TRUE(console.shows("stopping (SIGINT)"));
  EXPECT_TRUE(console.shows("stopped"));
  EXPECT_EQ(console.wait(), 0);
  EXPECT_EQ(console.echoes(), echoed);
}

TEST_F(CommandConsole, none_when_it_is_not_wanted) {
  OnTerminal console(folder, {"--no-console"});
  ASSERT_TRUE(console.shows("ready"));
  kill(console.pid(), SIGTERM);
  EXPECT_EQ(console.wait(), 0);
  EXPECT_EQ(console.screen().find("> "), std::string::npos);
}

}  // namespace
}  // namespace drawbridge::kit
