// `drawbridge route HOST` tells what a player with that host would meet.
#include <gtest/gtest.h>

#include "kit/program.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

TEST(CommandRoute, says_which_pattern_decides_and_where_it_leads) {
  const TempFolder folder;
  folder.write(
      "drawbridge.toml",
      "[[route]]\nmatch = '(.+)\\.play\\.test'\nserver = \"any\"\naddress = \"$1.lan:7\"\n");
  folder.write("servers/any.toml", signpost("[\"any.test\"]", "any"));
  const Ended ended = run_program(
      DRAWBRIDGE_PROGRAM, {.arguments = {"route", "red.play.test"}, .folder = folder.path()});
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_NE(ended.output.find("red.play.test > any (route)"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("red.lan:7"), std::string::npos) << ended.output;
}

// What a running proxy knows of an address stands in no file.
TEST(CommandRoute, an_address_is_told_who_knows_more_about_it) {
  const TempFolder folder;
  folder.write("drawbridge.toml", "");
  folder.write("servers/any.toml", signpost("[\"any.test\"]", "any"));
  const auto route = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"route", "any.test"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(DRAWBRIDGE_PROGRAM, {.arguments = words, .folder = folder.path()}).output;
  };
  const std::string hint = "`drawbridge ctl route` asks the proxy that runs";
  EXPECT_NE(route({"--ip", "192.0.2.7"}).find(hint), std::string::npos);
  EXPECT_EQ(route({}).find(hint), std::string::npos);
}

TEST(CommandRoute, a_port_and_a_missing_file_are_told) {
  const TempFolder folder;
  const auto route = [&](const std::string& host) {
    return run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"route", host}, .folder = folder.path()});
  };
  EXPECT_NE(route("a.test").errors.find("no drawbridge.toml here"), std::string::npos);
  folder.write("drawbridge.toml", "");
  const Ended ended = route("a.test:25565");
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.output, "a host name has no port; ask for \"a.test\"\n");
  EXPECT_EQ(ended.errors, "");
}

}  // namespace
}  // namespace drawbridge::kit
