// `drawbridge check`: every problem at once, and the exit code says how bad it is.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

class CommandCheck : public ::testing::Test {
 protected:
  CommandCheck() {
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:25566"));
  }
  [[nodiscard]] Ended check(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"check"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(DRAWBRIDGE_PROGRAM, {.arguments = arguments, .folder = folder.path()});
  }
  TempFolder folder;
};

TEST_F(CommandCheck, what_is_fine_ends_with_0) {
  EXPECT_EQ(check().code, 0);
  EXPECT_EQ(check({"--strict"}).code, 0);
  EXPECT_EQ(check({"drawbridge.toml"}).code, 0);
  EXPECT_EQ(check({folder.path()}).code, 0);
  EXPECT_EQ(check({"servers/lobby.toml"}).code, 0);
}

TEST_F(CommandCheck, errors_end_with_2_and_all_are_told) {
  folder.write("servers/bad.toml",
               "domain = [\"x.example\"]\naddresses = [\"127.0.0.1\"]\n"
               "max_players = -1\n");
  folder.write("servers/worse.toml",
               "domains = [\"mc://y.example:25565\"]\n"
               "addresses = [\"127.0.0.1:99999\"]\n");
  const Ended ended = check();
  EXPECT_EQ(ended.code, 2);
  for (const std::string_view part :
       {"bad.toml:1", "domains", "bad.toml:3", "max_players", "worse.toml:1", "worse.toml:2"})
    EXPECT_TRUE(ended.output.contains(part)) << part << "\n" << ended.output;
}

// What the running program logs when it builds its routes, in the same words.
TEST_F(CommandCheck, a_domain_that_two_servers_claim_is_one_warning) {
  folder.write("servers/a.toml", server_file("play.example", "127.0.0.1:25567"));
  const Ended ended = check();
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.output.contains(
      "servers: warning: domain play.example is claimed by a and lobby; a has it"))
      << ended.output;
  EXPECT_TRUE(ended.output.contains("2 servers, 0 errors, 1 warning")) << ended.output;
  EXPECT_EQ(ended.errors, "");
  EXPECT_EQ(check({"--strict"}).code, 3);
}

TEST_F(CommandCheck, warnings_end_with_0_and_in_strict_with_3) {
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\ndefault_server = \"nobody\"\n");
  const Ended lenient = check();
  EXPECT_EQ(lenient.code, 0);
  EXPECT_TRUE(lenient.output.contains("nobody")) << lenient.output;
  EXPECT_EQ(check({"--strict"}).code, 3);
}

TEST_F(CommandCheck, json_is_one_document) {
  folder.write("servers/bad.toml", "addresses = 3\n");
  const Ended ended = check({"--json"});
  EXPECT_EQ(ended.code, 2);
  boost::system::error_code error;
  const auto value = boost::json::parse(ended.output, error);
  ASSERT_FALSE(error) << ended.output;
  EXPECT_TRUE(value.is_object());
  EXPECT_TRUE(ended.output.contains("bad.toml"));
}

TEST_F(CommandCheck, show_prints_values_with_their_origin_and_no_secrets) {
  folder.write("drawbridge.toml",
               "bind = \"127.0.0.1:0\"\n[web]\napi_key = \"a-key-of-32-characters-nobody-sees\"\n");
  const Ended ended = check({"--show", "--set", "max_connections=77"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.output.contains("77")) << ended.output;
  EXPECT_TRUE(ended.output.contains("<redacted>")) << ended.output;
  EXPECT_FALSE(ended.output.contains("nobody-sees"));
}

TEST_F(CommandCheck, show_names_the_source_of_every_value) {
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\nconnect_max_attempts = 9\n");
  const Ended ended = run_program(DRAWBRIDGE_PROGRAM,
                                  {.arguments = {"check", "--show", "--set", "max_connections=77"},
                                   .environment = {{"DRAWBRIDGE_CONNECT_TIMEOUT", "7s"}},
                                   .folder = folder.path()});
  EXPECT_EQ(ended.code, 0);
  for (const std::string_view line :
       {"max_connections = 77  # --set max_connections",
        "connect_timeout = \"7s\"  # environment DRAWBRIDGE_CONNECT_TIMEOUT",
        "connect_max_attempts = 9  # drawbridge.toml:2", "worker_threads = 0  # default"})
    EXPECT_TRUE(ended.output.contains(line)) << line << "\n" << ended.output;
}

}  // namespace
}  // namespace drawbridge::kit
