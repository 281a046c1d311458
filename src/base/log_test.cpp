#include "base/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.hpp"

namespace drawbridge::log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string>& lines() {
  static std::vector<std::string> instance;
  return instance;
}

class Log : public testing::Test {
 protected:
  void SetUp() override {
    lines().clear();
    set_sink([](Level, std::string_view line) { lines().emplace_back(line); });
  }
  void TearDown() override {
    set_sink(nullptr);
    set_format(Format::text);
    set_color("auto");
    ASSERT_TRUE(set_filter("info"));
  }
  // The only line so far, without the time in front.
  static std::string line() {
    EXPECT_EQ(lines().size(), 1U);
    if (lines().size() != 1) return "";
    std::string text = lines()[0];
    lines().clear();
    return text.substr(text.find(' ') + 1);
  }
};

TEST_F(Log, TextLineHasTimeLevelMessageAndFields) {
  info("net", "listening", {{"bind", "[::]:25565"}, {"workers", 2}, {"dual", true}, {"load", 0.5}});
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0],
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
                           "INFO listening bind=\\[::\\]:25565 workers=2 dual=true load=0.5"));
}

TEST_F(Log, ValuesThatWouldBreakALineAreQuotedAndEscaped) {
  warn("net", "odd", {{"name", "a b"}, {"empty", ""}, {"equals", "a=b"}});
  EXPECT_EQ(line(), "WARN odd name=\"a b\" equals=\"a=b\"");
  warn("net", "odd", {{"name", "x\n2026 INFO forged \"q\"\x1b[2J"}});
  EXPECT_EQ(line(), "WARN odd name=\"x\\x0a2026 INFO forged \\x22q\\x22\\x1b[2J\"");
}

TEST_F(Log, AMessageStaysOneLine) {
  error("net", "said \"no\"\nand left");
  EXPECT_EQ(line(), "ERROR said \"no\"\\x0aand left");
}

TEST_F(Log, JsonIsOneObjectALine) {
  set_format(Format::json);
  warn("net", "odd", {{"text", "a\"b\\c\nd"}, {"count", 5}, {"on", false}});
  ASSERT_EQ(lines().size(), 1U);
  const auto after_time = lines()[0].substr(lines()[0].find(",\"level\""));
  EXPECT_EQ(
      after_time,
      R"(,"level":"warn","target":"net","message":"odd","text":"a\"b\\c\u000ad","count":5,"on":false})");
}

TEST_F(Log, JsonCarriesNoByteThatJsonForbidsAndNoTerminalControl) {
  set_format(Format::json);
  warn("net", "odd", {{"bytes", "\xFF \xC3\xA9 \xC2\x9B \xE2\x80\xAE"}, {"nan", std::nan("")}});
  EXPECT_THAT(lines().at(0),
              HasSubstr("\"bytes\":\"\\ufffd \xC3\xA9 \\u009b \\u202e\",\"nan\":\"nan\"}"));
}

TEST_F(Log, FilterByLevel) {
  ASSERT_TRUE(set_filter("warn"));
  info("net", "hidden");
  warn("net", "shown");
  EXPECT_EQ(line(), "WARN shown");
  ASSERT_TRUE(set_filter("off"));
  error("net", "hidden");
  EXPECT_THAT(lines(), ElementsAre());
}

TEST_F(Log, FilterByTarget) {
  ASSERT_TRUE(set_filter(" info, routing=debug ,net=off,"));
  EXPECT_TRUE(enabled(Level::debug, "routing"));
  EXPECT_FALSE(enabled(Level::trace, "routing"));
  EXPECT_FALSE(enabled(Level::debug, "status"));
  EXPECT_TRUE(enabled(Level::info, "status"));
  EXPECT_FALSE(enabled(Level::error, "net"));
  ASSERT_TRUE(set_filter("routing=debug"));
  EXPECT_TRUE(enabled(Level::info, "status"));
}

TEST_F(Log, TargetsThatNoLineHasAreFound) {
  EXPECT_THAT(unknown_targets("info,connection=debug,routing=debug,net=off"),
              ElementsAre("routing"));
  EXPECT_THAT(unknown_targets("infrarust=debug,warn"), ElementsAre());
}

// The list of targets is the one that the code uses and that operators are told.
TEST_F(Log, TheListOfTargetsIsTheOneInUse) {
  const std::filesystem::path root = DRAWBRIDGE_SOURCE_DIR;
  const std::regex call(R"re(\blog::(?:trace|debug|info|warn|error)\(\s*"([^"]*)")re");
  std::set<std::string, std::less<>> used;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "src")) {
    if (entry.path().extension() != ".cpp" || entry.path().stem().native().ends_with("_test"))
      continue;
    const std::string code = content_of(entry.path());
    for (std::sregex_iterator at(code.begin(), code.end(), call), end; at != end; ++at) {
      const std::string target = (*at)[1];
      used.insert(target);
      EXPECT_NE(std::ranges::find(targets(), target), targets().end())
          << entry.path() << ": " << target;
    }
  }
  EXPECT_GE(used.size(), 5U) << "the search finds nothing";
  const std::string page = content_of(root / "docs/operations.md");
  for (const std::string_view target : targets())
    EXPECT_TRUE(page.contains(fmt::format("`{}`", target))) << target;
}

TEST_F(Log, TargetsOfInfrarustMeanEverything) {
  ASSERT_TRUE(set_filter("warn,infrarust_core::proxy=debug,hyper=error"));
  EXPECT_TRUE(enabled(Level::debug, "routing"));
  ASSERT_TRUE(set_filter("infrarust"));
  EXPECT_TRUE(enabled(Level::trace, "routing"));
}

TEST_F(Log, ABadFilterIsRefusedAndChangesNothing) {
  ASSERT_TRUE(set_filter("debug"));
  for (const char* bad : {"loud", "net=", "net=loud", "=debug", "info,net"}) {
    const auto result = set_filter(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_THAT(result.error().what, HasSubstr("trace, debug, info, warn, error, off"));
  }
  EXPECT_TRUE(enabled(Level::debug, "net"));
}

TEST_F(Log, NothingIsLoggedAtLevelOff) {
  EXPECT_FALSE(enabled(Level::off, "net"));
}

// Puts a pipe in the place of standard error. With O_DIRECT it keeps writes apart.
class Redirected {
 public:
  explicit Redirected(int flags = 0) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC | flags), 0);
    read_end_ = ends[0];
    flush();
    saved_ = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
  }
  ~Redirected() {
    restore();
    close(read_end_);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

  // All that was written, up to the moment when standard error is itself again.
  std::string read_all() {
    std::string out;
    std::thread reader([&] {
      std::array<char, 65536> buffer{};
      for (ssize_t n = 0; (n = read(read_end_, buffer.data(), buffer.size())) > 0; ++reads_)
        out.append(buffer.data(), static_cast<std::size_t>(n));
    });
    flush();
    restore();
    reader.join();
    return out;
  }
  // How many it took.
  int reads() const { return reads_; }

 private:
  void restore() {
    if (saved_ < 0) return;
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }
  int read_end_ = -1;
  int saved_ = -1;
  int reads_ = 0;
};

// One write a line would be one wake-up a line as well.
TEST_F(Log, LinesThatComeTogetherAreWrittenTogetherAndInOrder) {
  set_sink(nullptr);
  Redirected redirected(O_DIRECT);
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    info("net", "line", {{"n", i}});
    expected += fmt::format("INFO line n={}\n", i);
  }
  const std::string text = redirected.read_all();
  std::string without_times;
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty()) without_times.append(line.substr(line.find(' ') + 1)).push_back('\n');
  EXPECT_EQ(without_times, expected);
  EXPECT_LT(redirected.reads(), 100);
}

TEST_F(Log, WithoutASinkLinesGoToStandardError) {
  set_sink(nullptr);
  Redirected redirected;
  set_color("never");
  info("net", "one", {{"n", 1}});
  info("net", "two");
  const std::string text = redirected.read_all();
  EXPECT_THAT(text, MatchesRegex("[^ ]+Z INFO one n=1\n[^ ]+Z INFO two\n"));
}

TEST_F(Log, ColorsSurroundTheLevelOnly) {
  set_sink(nullptr);
  Redirected redirected;
  set_color("always");
  error("net", "red", {{"n", 1}});
  const std::string text = redirected.read_all();
  EXPECT_THAT(text, HasSubstr("\033[31mERROR\033[0m red \033[2mn=\033[0m1\n"));
}

// Puts a new terminal in the place of standard error; on the other side is whoever reads what is
// shown.
class Terminal {
 public:
  Terminal() : screen_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(grantpt(screen_), 0);
    EXPECT_EQ(unlockpt(screen_), 0);
    std::array<char, 64> name{};
    EXPECT_EQ(ptsname_r(screen_, name.data(), name.size()), 0);
    flush();
    saved_ = dup(STDERR_FILENO);
    const int terminal = open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_GE(terminal, 0);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
  }
  ~Terminal() {
    flush();
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(screen_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::string line() const {
    std::string out;
    for (char c = 0; c != '\n' && read(screen_, &c, 1) == 1;) out += c;
    return out;
  }

 private:
  int screen_;
  int saved_ = -1;
};

TEST_F(Log, OnATerminalLinesHaveShortLocalTimeAndColor) {
  for (const char* name : {"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"}) unsetenv(name);
  setenv("TERM", "xterm", 1);
  Terminal terminal;
  set_color("auto");
  info("net", "through the sink");
  EXPECT_EQ(line(), "INFO through the sink");  // a sink is no terminal

  set_sink(nullptr);
  info("net", "shown");
  EXPECT_THAT(terminal.line(), MatchesRegex("..:..:.. \033.32mINFO\033.0m  shown\r\n"));

  setenv("NO_COLOR", "1", 1);
  set_color("auto");
  info("net", "plain");
  EXPECT_THAT(terminal.line(), MatchesRegex("..:..:.. INFO  plain\r\n"));
  unsetenv("NO_COLOR");

  setenv("TERM", "dumb", 1);
  set_color("auto");
  info("net", "plain");
  EXPECT_THAT(terminal.line(), MatchesRegex("..:..:.. INFO  plain\r\n"));
}

// A pipe holds 64 KiB, so a log that waited for its reader would never get to the end of the loop.
TEST_F(Log, AReaderThatStoppedDoesNotStopTheProgram) {
  set_sink(nullptr);
  Redirected redirected;
  const std::string filler(100, 'x');
  for (int i = 0; i < 30'000; ++i) info("net", "many", {{"filler", filler}});
  info("net", "last");
  std::string text = redirected.read_all();
  EXPECT_THAT(text, HasSubstr("INFO last\n"));
  EXPECT_THAT(text, HasSubstr("log lines were lost"));
}

}  // namespace
}  // namespace drawbridge::log
