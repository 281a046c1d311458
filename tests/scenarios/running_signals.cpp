// The real program and its signals: how it starts, reloads, drains and ends.
#include <gtest/gtest.h>

#include <csignal>

#include "kit/player.hpp"
#include "kit/program.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

class RunningSignals : public ::testing::Test {
 protected:
  [[nodiscard]] Program::Settings with(std::string_view global) const {
    folder.write("drawbridge.toml", fmt::format("bind = \"127.0.0.1:0\"\n{}\n", global));
    folder.write("servers/lobby.toml", server_file("play.example", backend.address()));
    return {.arguments = {"run", "-c", folder.path() / "drawbridge.toml"}};
  }

  TempFolder folder;
  FakeServer backend;
};

TEST_F(RunningSignals, term_with_nobody_on_ends_with_0) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Program program(DRAWBRIDGE_PROGRAM, with(""));
    program.endpoint();
    program.signal(signal);
    EXPECT_EQ(program.wait(), 0);
    EXPECT_EQ(program.lines({"stopped"}).size(), 1U);
    EXPECT_EQ(program.output(), "");
  }
}

TEST_F(RunningSignals, term_lets_players_finish_and_takes_no_new_ones) {
  Program program(DRAWBRIDGE_PROGRAM, with("shutdown.drain = \"60s\""));
  const Endpoint proxy = program.endpoint();
  Player player(proxy, backend);
  program.signal(SIGTERM);
  ASSERT_TRUE(program.logged({"waiting for players to leave", "connections=1"}));
  EXPECT_TRUE(eventually([&] { return !Wire::connect(proxy).open(); }));
  EXPECT_TRUE(player.plays());
  player.leave();
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(program.lines({"left", "player=Steve"}).size(), 1U);
}

TEST_F(RunningSignals, who_only_pings_or_says_nothing_holds_no_stop_up) {
  Program program(DRAWBRIDGE_PROGRAM,
                  with("shutdown.drain = \"10m\"\nlimits.setup_timeout = \"60s\""));
  const Endpoint proxy = program.endpoint();
  FakeClient pinging(proxy);
  ASSERT_TRUE(pinging.wire.send(status_bytes("elsewhere.example")));
  ASSERT_FALSE(pinging.wire.receive(1).empty()) << "it has its answer, and asks nothing more";
  const Wire silent = Wire::connect(proxy);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
}

// Somebody who was in the middle of the hello when the signal came reads why.
TEST_F(RunningSignals, term_tells_those_who_are_about_to_log_in) {
  Program program(DRAWBRIDGE_PROGRAM, with("kick_messages.shutdown = \"closing, {player}\""));
  const Endpoint proxy = program.endpoint();
  Player player(proxy, backend);
  FakeClient late(proxy);
  const ByteBuffer hello = login_bytes("play.example", "Late");
  late.wire.send(ByteView(hello).first(10));
  // A ping that is answered after it shows that the late one was accepted before the signal.
  EXPECT_TRUE(FakeClient(proxy).status("elsewhere.example").has_value());
  program.signal(SIGTERM);
  ASSERT_TRUE(program.logged({"waiting for players to leave"}));
  late.wire.send(ByteView(hello).subspan(10));
  EXPECT_EQ(late.kicked(), "closing, Late");
  EXPECT_TRUE(player.plays());
}

TEST_F(RunningSignals, when_the_drain_is_over_the_rest_is_ended) {
  Program program(DRAWBRIDGE_PROGRAM, with("shutdown.drain = \"200ms\""));
  Player player(program.endpoint(), backend);
  program.signal(SIGTERM);
  EXPECT_TRUE(player.client.wire.ends());
  EXPECT_TRUE(player.server.ends());
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(program.lines({"left", "player=Steve", "why=shutdown"}).size(), 1U);
}

TEST_F(RunningSignals, a_second_signal_ends_it_at_once) {
  const std::array<std::pair<int, int>, 2> cases{{{SIGTERM, 143}, {SIGINT, 130}}};
  for (const auto& [signal, code] : cases) {
    Program program(DRAWBRIDGE_PROGRAM, with("shutdown.drain = \"10m\""));
    const Player player(program.endpoint(), backend);
    program.signal(signal);
    ASSERT_TRUE(program.logged({"waiting for players to leave"}));
    program.signal(signal);
    EXPECT_EQ(program.wait(), code);
    EXPECT_EQ(program.lines({"stopping at once"}).size(), 1U);
  }
}

TEST_F(RunningSignals, hup_reads_everything_again_and_drops_nobody) {
  Program program(DRAWBRIDGE_PROGRAM, with(""));
  const Endpoint proxy = program.endpoint();
  Player player(proxy, backend);
  program.signal(SIGHUP);
  ASSERT_TRUE(program.logged({"reloading (SIGHUP)"}));
  folder.write("servers/a.toml", signpost("[\"a.example\"]", "this is a"));
  program.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return where(proxy, "a.example") == "this is a"; }));
  EXPECT_TRUE(player.plays());
  program.signal(SIGTERM);
  player.leave();
  EXPECT_EQ(program.wait(), 0);
}

}  // namespace
}  // namespace drawbridge::kit
