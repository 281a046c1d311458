// The log of the real program: a form for machines, floods summed up, and strangers' names that
// stay harmless.
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "kit/player.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

namespace json = boost::json;

class RunningLog : public ::testing::Test {
 protected:
  RunningLog() {
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/lobby.toml", server_file("play.example", backend.address()));
  }
  TempFolder folder;
  FakeServer backend;
};

TEST_F(RunningLog, every_json_line_parses_and_the_end_of_a_player_is_one_of_them) {
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"--log-format", "json"}, .folder = folder.path()});
  ASSERT_TRUE(program.logged({"\"listening\""}));
  const json::object listening = json::parse(program.lines({"\"listening\""}).front()).as_object();
  const std::string at(listening.at("address").as_string());
  const auto port = parse_int<std::uint16_t>(at.substr(at.rfind(':') + 1));
  ASSERT_TRUE(port.has_value());
  Player player({IpAddress::v4(INADDR_LOOPBACK), *port}, backend);
  player.leave();
  ASSERT_TRUE(program.logged({"\"left\""}));
  for (const std::string& line : program.lines({})) {
    boost::system::error_code error;
    const json::value value = json::parse(line, error);
    ASSERT_FALSE(error) << line;
    for (const char* key : {"time", "level", "target", "message"})
      EXPECT_TRUE(value.as_object().contains(key)) << line;
  }
  const json::object left = json::parse(program.lines({"\"left\""}).front()).as_object();
  EXPECT_EQ(left.at("target"), "session");
  EXPECT_EQ(left.at("player"), "Steve");
  EXPECT_EQ(left.at("server"), "lobby");
  EXPECT_EQ(left.at("up").to_number<std::size_t>(), login_bytes("play.example", "Steve").size());
  EXPECT_EQ(left.at("down").to_number<int>(), 0);
}

TEST_F(RunningLog, names_from_clients_cannot_write_lines_or_steer_terminals) {
  Program program(DRAWBRIDGE_PROGRAM, {.arguments = {}, .folder = folder.path()});
  const Endpoint proxy = program.endpoint();
  const std::vector<std::string> hosts{"evil\n2026 INFO forged", "evil\x1b[2Jcleared",
                                       "evil\" client=1.2.3.4 x=\"",
                                       "evil\xc2\x9b"
                                       "2J"};
  for (const std::string& host : hosts) {
    FakeClient client(proxy);
    client.log_in(host, "Steve");
    client.wire.receive_all();
  }
  // Whatever became of those, their lines are out when this one is.
  FakeClient last(proxy);
  last.log_in("last.example", "Steve");
  ASSERT_TRUE(program.logged({"last.example"}));
  const std::string log = program.errors();
  EXPECT_FALSE(log.contains('\x1b'));
  EXPECT_FALSE(log.contains("\xc2\x9b"));
  EXPECT_FALSE(log.contains("\n2026 INFO forged"));
  EXPECT_TRUE(program.lines({"evil\" "}).empty());  // the field does not end there
}

TEST_F(RunningLog, a_flood_from_one_source_is_summed_up) {
  Program program(DRAWBRIDGE_PROGRAM, {.arguments = {}, .folder = folder.path()});
  const Endpoint proxy = program.endpoint();
  constexpr int knocks = 40;
  const auto knock = [&](std::string_view from) {
    FakeClient client(proxy, IpAddress::parse(from));
    client.log_in("unknown.example", "Steve");
    EXPECT_TRUE(client.kicked().has_value());
  };
  for (int i = 0; i < knocks; ++i) knock("127.0.0.66");
  knock("127.0.0.67");
  // Another source still has its line.
  ASSERT_TRUE(program.logged({"unknown_host", "client=127.0.0.67:"}));
  EXPECT_LT(program.lines({"unknown_host", "client=127.0.0.66:"}).size(), 12U);
  EXPECT_TRUE(program.logged({"unknown_host", "more from 127.0.0.66 in the last"}));
}

TEST_F(RunningLog, the_level_can_be_set_by_flag_and_environment) {
  Program quiet(DRAWBRIDGE_PROGRAM, {.arguments = {"-l", "error"}, .folder = folder.path()});
  Program loud(DRAWBRIDGE_PROGRAM, {.arguments = {"-l", "error"},
                                    .environment = {{"DRAWBRIDGE_LOG", "debug"}},
                                    .folder = folder.path()});
  EXPECT_NE(loud.endpoint().port, 0);
  quiet.signal(SIGTERM);
  EXPECT_TRUE(quiet.wait().has_value());
  EXPECT_EQ(quiet.errors(), "");
  const Ended wrong = run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"-l", "chatty"}});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(wrong.errors.contains("chatty"));
}

}  // namespace
}  // namespace drawbridge::kit
