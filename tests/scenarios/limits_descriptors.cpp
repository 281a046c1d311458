// The process runs out of descriptors: whoever knocks is turned away at once, the log says why,
// those who play go on, and afterwards the door is open again.
#include <gtest/gtest.h>

#include <csignal>
#include <deque>

#include "kit/player.hpp"
#include "kit/program.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

TEST(LimitsDescriptors, accepting_goes_on_after_they_ran_out) {
  TempFolder folder;
  FakeServer backend;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\nworker_threads = 1\n");
  folder.write("servers/lobby.toml", server_file("play.example", backend.address()));
  folder.write("servers/a.toml", signpost("[\"a.example\"]", "this is a"));
  // So few that they run out before strangers have their half of them and are made to go.
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"-c", folder.path() / "drawbridge.toml"}, .descriptors = 36});
  const Endpoint proxy = program.endpoint();
  EXPECT_TRUE(program.logged({"descriptor limit", "descriptors=36", "players_at_most=0"}));
  Player player(proxy, backend);
  {
    std::deque<Wire> crowd;
    for (int i = 0; i < 100; ++i) crowd.push_back(Wire::connect(proxy));
    ASSERT_TRUE(program.logged({"ERROR", "no descriptors left"}));
    EXPECT_TRUE(player.plays());
    // Who does not get in is not left hanging.
    EXPECT_TRUE(crowd.back().ends());
  }
  EXPECT_TRUE(eventually([&] { return where(proxy, "a.example") == "this is a"; }));
  EXPECT_TRUE(player.plays());
  player.leave();
  // One line for the whole flood.
  EXPECT_LE(program.lines({"no descriptors left"}).size(), 2U);
}

}  // namespace
}  // namespace drawbridge::kit
