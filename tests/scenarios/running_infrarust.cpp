// A folder of Infrarust 2 is started as it is, and stays as it is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "kit/fake_client.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

namespace fs = std::filesystem;

class RunningInfrarust : public ::testing::Test {
 protected:
  RunningInfrarust() {
    fs::copy(fs::path(DRAWBRIDGE_ROOT) / "tests/golden/infrarust", folder.path(),
             fs::copy_options::recursive);
  }
  // Every file with its bytes, by its name within the folder.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      out[entry.path().lexically_relative(folder.path())] = {std::istreambuf_iterator<char>(in),
                                                             std::istreambuf_iterator<char>()};
    }
    return out;
  }
  TempFolder folder;
};

TEST_F(RunningInfrarust, a_whole_folder_boots_and_answers_under_its_own_name) {
  const auto before = files();
  // Only the port is another one, as somebody would try it beside the running Infrarust.
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"run", "--bind", "127.0.0.1:0"}, .folder = folder.path()});
  ASSERT_TRUE(program.logged({"configuration read", "infrarust.toml"}));
  ASSERT_TRUE(program.logged({"INFO ready"})) << program.errors();
  EXPECT_TRUE(program.lines({"ERROR"}).empty()) << program.errors();
  FakeClient client(program.endpoint());
  const auto answer = client.status("nobody.example");
  ASSERT_TRUE(answer.has_value());
  EXPECT_NE(answer->find("unknown address"), std::string::npos) << "default_motd of that file";
  EXPECT_NE(answer->find("Infrarust"), std::string::npos);
  client.wire.close();
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  // The way back: Infrarust finds its files as it left them, and beside them only what
  // docs/from-infrarust.md names.
  for (const auto& [name, bytes] : files()) {
    if (before.contains(name))
      EXPECT_EQ(bytes, before.at(name)) << name;
    else
      EXPECT_TRUE(name == "forwarding.secret" || name == "bans.json") << name << " is new";
  }
}

TEST_F(RunningInfrarust, check_and_route_look_at_it_first) {
  const auto drawbridge = [&](std::vector<std::string> words) {
    return run_program(DRAWBRIDGE_PROGRAM,
                       {.arguments = std::move(words), .folder = folder.path()});
  };
  const Ended check = drawbridge({"check", "--show"});
  EXPECT_EQ(check.code, 0) << check.output;
  for (const std::string_view part :
       {"9 servers, 0 errors", "is an old name", "is ignored", "accepted, not active yet",
        "max_connections = 2000  # infrarust.toml:4"})
    EXPECT_TRUE(check.output.contains(part)) << part << "\n" << check.output;
  const std::pair<std::string, std::string> routes[] = {
      {"play.example.com", "lobby (exact)"},       {"a.play.example.com", "lobby (suffix"},
      {"old.example.com", "old-world (exact)"},    {"crafty.example.com", "crafty (exact)"},
      {"event.example.com", "event (exact)"},      {"m1.example.com", "mini_games (pattern"},
      {"modded.example.com", "modded (exact)"},    {"panel.example.com", "panel (exact)"},
      {"survival.example.com", "survival (exact)"}};
  for (const auto& [host, taken] : routes) {
    const Ended route = drawbridge({"route", host});
    EXPECT_EQ(route.code, 0);
    EXPECT_TRUE(route.output.contains(fmt::format("{} > {}", host, taken))) << route.output;
  }
}

}  // namespace
}  // namespace drawbridge::kit
