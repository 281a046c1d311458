// The completions that are shipped, in real shells beside a proxy that runs.
#include <gtest/gtest.h>

#include <cstdlib>

#include "kit/on_terminal.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

const std::filesystem::path completions =
    std::filesystem::path(DRAWBRIDGE_ROOT) / "share/completions";

class CommandCompletion : public ::testing::Test {
 protected:
  CommandCompletion() {
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:1"));
  }
  // Finds the program by its name.
  static std::string path() {
    const char* path = std::getenv("PATH");
    return std::filesystem::path(DRAWBRIDGE_PROGRAM).parent_path().string() + ":" +
           (path != nullptr ? path : "/usr/bin:/bin");
  }
  [[nodiscard]] OnTerminal shell(std::vector<std::string> words) const {
    return OnTerminal(folder, std::move(words), {{"PATH", path()}, {"PS1", "$ "}});
  }
  static bool has(const std::string& program) {
    return std::system(("command -v " + program + " > /dev/null").c_str()) == 0;
  }
  // Each line is completed by the tab key. Only what is typed behind a completed word is looked
  // for: the rest may be drawn in pieces.
  static void expect_completions(OnTerminal& shell) {
    shell.type("drawbridge ctl drain lob\t127.0\t");
    EXPECT_TRUE(shell.shows("127.0.0.1:1"));
    shell.type(
        "\x15"
        "drawbridge unb\tplayer-one");
    EXPECT_TRUE(shell.shows("unban"));
    EXPECT_TRUE(shell.shows("player-one"));
    shell.type(
        "\x15"
        "drawbridge ctl -c drawbridge.toml servers\r");
    EXPECT_TRUE(shell.shows("# servers (1)"));
    shell.type("drawbridge ctl -c drawbridge.toml stop-ser\tlob\t\r");
    EXPECT_TRUE(shell.shows("error: there is no server lobby"));
  }
  TempFolder folder;
};

TEST_F(CommandCompletion, in_zsh) {
  if (!has("zsh")) GTEST_SKIP() << "zsh is not installed";
  const Program proxy(DRAWBRIDGE_PROGRAM, {.arguments = {"run"}, .folder = folder.path()});
  (void)proxy.endpoint();
  OnTerminal zsh = shell({"zsh", "-f", "-i"});
  zsh.type("fpath=(" + completions.string() +
           " $fpath); autoload -Uz compinit; compinit -u -D; print set''up\r");
  ASSERT_TRUE(zsh.shows("setup"));
  expect_completions(zsh);
}

TEST_F(CommandCompletion, in_bash) {
  if (!has("bash")) GTEST_SKIP() << "bash is not installed";
  const Program proxy(DRAWBRIDGE_PROGRAM, {.arguments = {"run"}, .folder = folder.path()});
  (void)proxy.endpoint();
  OnTerminal bash = shell({"bash", "--norc", "--noprofile", "-i"});
  bash.type("source " + (completions / "drawbridge.bash").string() + "; echo set''up\r");
  ASSERT_TRUE(bash.shows("setup"));
  expect_completions(bash);
}

}  // namespace
}  // namespace drawbridge::kit
