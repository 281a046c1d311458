// The console of the real program on a pseudo terminal, driven by its keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "kit/on_terminal.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

class CommandConsole : public ::testing::Test {
 protected:
  CommandConsole() {
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:1"));
  }
  TempFolder folder;
};

TEST_F(CommandConsole, answers_commands_and_stops) {
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
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
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
  ASSERT_TRUE(console.shows("> "));
  console.type("serve\t\t");  // what both words begin with, then the two
  EXPECT_TRUE(console.shows("server  servers"));
  console.type(" l\t\r");
  EXPECT_TRUE(console.shows("# lobby: "));
}

TEST_F(CommandConsole, log_lines_go_above_what_is_being_typed) {
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
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
    OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
    ASSERT_TRUE(console.shows("> "));
    console.type("find Herobrine\r");
    ASSERT_TRUE(console.shows("error: Herobrine is not here"));
    console.type("stop\r");
    EXPECT_EQ(console.wait(), 0);
  }
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
  ASSERT_TRUE(console.shows("> "));
  console.type("\x1b[A\x1b[A");
  EXPECT_TRUE(console.shows("find Herobrine"));
  console.type("\r");
  EXPECT_TRUE(console.shows("error: Herobrine is not here"));
}

TEST_F(CommandConsole, control_c_stops_and_the_terminal_is_as_it_was) {
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
  const bool echoed = console.echoes();
  ASSERT_TRUE(console.shows("> "));
  console.type("\x03");
  EXPECT_TRUE(console.shows("stopping (SIGINT)"));
  EXPECT_TRUE(console.shows("stopped"));
  EXPECT_EQ(console.wait(), 0);
  EXPECT_EQ(console.echoes(), echoed);
}

TEST_F(CommandConsole, none_when_it_is_not_wanted) {
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run", "--no-console"});
  ASSERT_TRUE(console.shows("ready"));
  kill(console.pid(), SIGTERM);
  EXPECT_EQ(console.wait(), 0);
  EXPECT_EQ(console.screen().find("> "), std::string::npos);
}

}  // namespace
}  // namespace drawbridge::kit
