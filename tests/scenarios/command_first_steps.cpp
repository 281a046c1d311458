// The set-up dialogue of `run` on a pseudo terminal, in a folder without any configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <random>

#include "kit/fake_server.hpp"
#include "kit/on_terminal.hpp"
#include "kit/player.hpp"
#include "net/fd.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

class CommandFirstSteps : public ::testing::Test {
 protected:
  [[nodiscard]] bool is_empty() const { return std::filesystem::is_empty(folder.path()); }
  // Free a moment ago, and below those that outgoing connections take.
  static std::string a_port() {
    std::random_device random;
    for (;;) {
      const auto port = static_cast<std::uint16_t>(20'000 + random() % 12'000);
      const net::Fd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in6 any{};
      any.sin6_family = AF_INET6;
      any.sin6_port = htons(port);
      if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0)
        return std::to_string(port);
    }
  }
  TempFolder folder;
};

TEST_F(CommandFirstSteps, write_the_first_files_and_go_on) {
  FakeServer backend;
  const std::string port = a_port();
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
  ASSERT_TRUE(console.shows("Port that players connect to [25565]: "));
  console.type("many\r");
  EXPECT_TRUE(console.shows("a number from 1 to 65535 was wanted"));
  console.type(port + "\r");
  ASSERT_TRUE(console.shows("y or n [y]: "));
  console.type("\r");
  ASSERT_TRUE(console.shows("address:port [127.0.0.1:25566]: "));
  console.type("my server\r");
  ASSERT_TRUE(console.shows("address:port [127.0.0.1:25566]: "));
  console.type(backend.address() + "\r");
  ASSERT_TRUE(console.shows("[play.example.com]: "));
  console.type("play.example\r");
  ASSERT_TRUE(console.shows("[passthrough]: "));
  console.type("fast\r");
  ASSERT_TRUE(console.shows("[passthrough]: "));
  console.type("\r");
  EXPECT_TRUE(console.shows("wrote ./servers/play.toml"));
  EXPECT_TRUE(console.shows("wrote ./drawbridge.toml"));
  ASSERT_TRUE(console.shows("ready servers=1"));
  const Endpoint at{.address = *IpAddress::parse("127.0.0.1"),
                    .port = static_cast<std::uint16_t>(std::stoi(port))};
  EXPECT_TRUE(Player(at, backend).plays());
  console.type("stop now\r");
  const Ended check =
      run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"check"}, .folder = folder.path()});
  EXPECT_EQ(check.code, 0) << check.output << check.errors;
  EXPECT_THAT(check.output + check.errors, HasSubstr("0 warnings"));
}

TEST_F(CommandFirstSteps, are_not_asked_for_a_second_time) {
  OnTerminal first(folder, {DRAWBRIDGE_PROGRAM, "run"});
  ASSERT_TRUE(first.shows("[25565]: "));
  first.type(a_port() + "\r");
  ASSERT_TRUE(first.shows("y or n [y]: "));
  first.type("n\r");
  ASSERT_TRUE(first.shows("ready servers=0"));
  first.type("stop\r");
  EXPECT_EQ(first.wait(), 0);
  OnTerminal second(folder, {DRAWBRIDGE_PROGRAM, "run"});
  ASSERT_TRUE(second.shows("ready servers=0"));
  EXPECT_EQ(second.screen().find("Port that"), std::string::npos);
}

TEST_F(CommandFirstSteps, write_nothing_before_the_last_answer) {
  for (const char* end : {"\x04", "\x03"}) {
    OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run"});
    ASSERT_TRUE(console.shows("[25565]: "));
    console.type("25577\r");
    ASSERT_TRUE(console.shows("y or n [y]: "));
    console.type(end);
    EXPECT_NE(console.wait(), 0);
    EXPECT_TRUE(is_empty());
  }
}

TEST_F(CommandFirstSteps, are_for_those_who_say_nothing_else) {
  OnTerminal console(folder, {DRAWBRIDGE_PROGRAM, "run", "-b", "127.0.0.1:0"});
  ASSERT_TRUE(console.shows("ready servers=0"));
  EXPECT_EQ(console.screen().find("Port that"), std::string::npos);
}

}  // namespace
}  // namespace drawbridge::kit
