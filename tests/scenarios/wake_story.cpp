// The whole story of a server that sleeps: it shows words of its own, a join starts it, the player
// gets in, and when everybody has left it is stopped again.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "kit/fake_client.hpp"
#include "kit/sleepy_server.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view motds =
    "motd.sleeping.text = \"asleep\"\nmotd.starting.text = \"starting\"\n"
    "motd.crashed.text = \"crashed\"";

// Another source: one whose start nobody used has to wait a while before its next one.
std::optional<IpAddress> elsewhere() {
  return IpAddress::parse("127.0.0.9");
}

std::string shown(ProxyRig& rig) {
  FakeClient client(rig.endpoint());
  return client.status("play.example").value_or("(nothing)");
}
bool shows(ProxyRig& rig, std::string_view words) {
  return eventually([&] { return shown(rig).find(words) != std::string::npos; });
}

TEST(WakeStory, a_join_wakes_and_an_empty_server_is_stopped) {
  const SleepyServer server;
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server.file("shutdown_after = \"300ms\"", motds)}}});
  EXPECT_TRUE(shows(rig, "asleep"));
  EXPECT_EQ(server.starts(), 0U) << "a ping starts nothing";

  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Steve");
  EXPECT_EQ(player.kicked(), "welcome Steve");
  player.wire.close();
  EXPECT_EQ(server.starts(), 1U);

  EXPECT_TRUE(eventually([&] { return server.orderly_ends() == 1; })) << "nobody is there";
  EXPECT_TRUE(shows(rig, "asleep"));
  EXPECT_NE(shown(rig).find("AAAA"), std::string::npos) << "with the picture that it last had";

  FakeClient again(rig.endpoint(), elsewhere());
  again.log_in("play.example", "Alex");
  EXPECT_EQ(again.kicked(), "welcome Alex");
  EXPECT_EQ(server.starts(), 2U);
}

TEST(WakeStory, a_hundred_knocks_are_one_start) {
  const SleepyServer server({"--delay", "0.5"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  std::vector<std::unique_ptr<FakeClient>> players;
  for (int i = 0; i < 100; ++i) {
    players.push_back(std::make_unique<FakeClient>(rig.endpoint()));
    players.back()->log_in("play.example", "Steve" + std::to_string(i));
  }
  for (std::size_t i = 0; i < players.size(); ++i)
    EXPECT_EQ(players[i]->kicked(), "welcome Steve" + std::to_string(i));
  EXPECT_EQ(server.starts(), 1U);
}

TEST(WakeStory, whoever_plays_keeps_it_awake) {
  const SleepyServer server;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file("shutdown_after = \"1200ms\"")}}});
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Stay");
  EXPECT_EQ(player.wire.receive(70000).size(), 70000U);
  EXPECT_TRUE(player.wire.stays_quiet(milliseconds(2400)));
  EXPECT_EQ(server.orderly_ends(), 0U);
  player.wire.close();
  EXPECT_TRUE(eventually([&] { return server.orderly_ends() == 1; }));
}

// A server may take its time over a log-in (a world to load), and has nothing to send until then.
TEST(WakeStory, a_short_shutdown_after_stops_nothing_under_a_player_who_still_logs_in) {
  const SleepyServer server({"--think", "2"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file("shutdown_after = \"100ms\"")}}});
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Steve");
  EXPECT_EQ(player.kicked(), "welcome Steve");
  EXPECT_EQ(rig.log_lines({"server state", "is=stopping"}), 0U);
  player.wire.close();
  EXPECT_TRUE(rig.logged({"server state", "is=stopping"})) << "and then it is empty";
}

// Whoever only says hello again and again, as bots and scanners do, must not keep a server up.
TEST(WakeStory, bots_that_log_in_and_go_do_not_postpone_the_stop) {
  const SleepyServer server;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file("shutdown_after = \"1s\"")}}});
  // A bot that is there at the very moment puts the stop off by this much, once.
  rig.daemon().proxy().services().time_to_settle = Duration(milliseconds(200));
  {
    FakeClient first(rig.endpoint());
    first.log_in("play.example", "Bot");
    EXPECT_TRUE(rig.logged({"server state", "is=online"}));
  }
  const bool stopped = eventually([&] {
    FakeClient bot(rig.endpoint());
    bot.log_in("play.example", "Bot");
    return rig.log_lines({"server state", "is=stopping"}) > 0;
  });
  EXPECT_TRUE(stopped);
}

TEST(WakeStory, a_knock_while_it_stops_starts_it_again) {
  // Deaf to its console: SIGTERM ends it only after a second.
  const SleepyServer server({"--deaf"});
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server.file("shutdown_after = \"200ms\"\n"
                                                  "shutdown_timeout = \"1s\"")}}});
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Steve");
  EXPECT_EQ(player.kicked(), "welcome Steve");
  player.wire.close();
  EXPECT_TRUE(rig.logged({"server state", "is=stopping"}));
  FakeClient late(rig.endpoint(), elsewhere());
  late.log_in("play.example", "Alex");
  EXPECT_EQ(late.kicked(), "welcome Alex");
  EXPECT_EQ(server.starts(), 2U);
  EXPECT_EQ(server.orderly_ends(), 1U);
}

// The closest peer builds its manager once, when it starts.
TEST(WakeStory, peers_fault_24_a_server_that_is_added_later_wakes_too) {
  const SleepyServer server;
  ProxyRig rig({.global = {}, .servers = {}});
  rig.write_server("lobby", server.file());
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Steve");
  EXPECT_EQ(player.kicked(), "welcome Steve");
  // And a change of its file neither stops nor starts it.
  rig.write_server("lobby", server.file("min_uptime = \"1h\""));
  FakeClient again(rig.endpoint());
  again.log_in("play.example", "Alex");
  EXPECT_EQ(again.kicked(), "welcome Alex");
  EXPECT_EQ(server.starts(), 1U);
  EXPECT_EQ(server.orderly_ends(), 0U);
}

TEST(WakeStory, players_who_are_held_are_kept_awake_and_their_answers_stay_here) {
  const SleepyServer server({"--delay", "1"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  rig.daemon().proxy().services().hold_question_every = Duration(milliseconds(200));
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Steve", mc::v1_21_4);
  int questions = 0;
  for (;;) {
    const auto frame = player.wire.receive_frame();
    ASSERT_TRUE(frame);
    if (frame->front() != 0x04) {  // login_plugin_request
      EXPECT_NE(as_text(*frame).find("welcome Steve"), std::string_view::npos) << as_text(*frame);
      break;
    }
    ++questions;
    // "not understood", to the id of the question.
    player.wire.send(ByteBuffer{0x03, 0x02, frame->at(1), 0x00});
  }
  EXPECT_GT(questions, 1);
}

TEST(WakeStory, clients_before_1_13_are_held_without_questions) {
  const SleepyServer server({"--delay", "1"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  rig.daemon().proxy().services().hold_question_every = Duration(milliseconds(200));
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Steve", mc::v1_12_2);
  const auto frame = player.wire.receive_frame();
  ASSERT_TRUE(frame);
  EXPECT_NE(as_text(*frame).find("welcome Steve"), std::string_view::npos);
}

TEST(WakeStory, who_leaves_while_waiting_leaves_nothing_behind) {
  const SleepyServer server({"--delay", "1"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  {
    FakeClient player(rig.endpoint());
    player.log_in("play.example", "Steve");
    EXPECT_TRUE(rig.logged({"server state", "is=starting"}));
  }
  EXPECT_TRUE(rig.logged({"left while waiting for the server", "Steve"}));
  EXPECT_TRUE(rig.logged({"server state", "is=online"}));
  EXPECT_TRUE(eventually([&] { return rig.daemon().proxy().connections() == 0; }));
}

}  // namespace
}  // namespace drawbridge::kit
