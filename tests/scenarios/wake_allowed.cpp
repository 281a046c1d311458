// Who may start a server that sleeps, and what the others read.
#include <gtest/gtest.h>

#include <algorithm>

#include "kit/fake_client.hpp"
#include "kit/sleepy_server.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view words =
    "kick_messages.wake_denied = \"not you\"\nkick_messages.offline = \"closed\"\n"
    "kick_messages.rate_limited = \"in {seconds}\"\n"
    "kick_messages.starting = \"wait {eta}|{seconds}\"";

std::optional<std::string> join(ProxyRig& rig, std::string_view name,
                                std::string_view from = "127.0.0.1") {
  FakeClient player(rig.endpoint(), IpAddress::parse(from));
  player.log_in("play.example", name);
  return player.kicked();
}

struct Asleep {
  explicit Asleep(std::string_view keys, std::vector<std::string> habits = {})
      : server(std::move(habits)),
        rig({.global = {}, .servers = {{"lobby", server.file(keys, words)}}}) {
    EXPECT_TRUE(rig.logged({"server state", "is=sleeping"}));
  }
  SleepyServer server;
  ProxyRig rig;
};

TEST(WakeAllowed, only_those_on_the_list_start_it) {
  Asleep one("wake_allow = [\"Steve\"]");
  EXPECT_EQ(join(one.rig, "Alex"), "not you");
  EXPECT_EQ(one.server.starts(), 0U);
  EXPECT_EQ(join(one.rig, "steve"), "welcome steve");
  EXPECT_EQ(join(one.rig, "Alex"), "welcome Alex") << "while it is awake everybody may come";
}

TEST(WakeAllowed, deny_wins) {
  Asleep one("wake_allow = [\"Steve\"]\nwake_deny = [\"Steve\"]");
  EXPECT_EQ(join(one.rig, "Steve"), "not you");
  EXPECT_EQ(one.server.starts(), 0U);
}

// In this mode nobody has checked who the client is, so what it claims opens nothing.
TEST(WakeAllowed, a_uuid_that_is_only_claimed_is_none) {
  const Uuid uuid = *Uuid::parse("4566e69f-c907-48ee-8d71-d7ba5aa00d20");
  Asleep one("wake_allow = [\"" + uuid.text() + "\"]");
  FakeClient player(one.rig.endpoint());
  player.wire.send(handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login));
  player.wire.send(login_start_bytes("Steve", mc::v1_21_4, uuid));
  EXPECT_EQ(player.kicked(), "not you");
  EXPECT_EQ(one.server.starts(), 0U);
}

TEST(WakeAllowed, wake_on_off_leaves_it_to_commands) {
  Asleep one("wake_on = \"off\"");
  EXPECT_EQ(join(one.rig, "Steve"), "closed");
  EXPECT_EQ(one.server.starts(), 0U);
}

TEST(WakeAllowed, wake_on_status_lets_pings_start_it) {
  Asleep one("wake_on = \"status\"");
  FakeClient client(one.rig.endpoint());
  EXPECT_TRUE(client.status("play.example"));
  EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  EXPECT_EQ(one.server.starts(), 1U);
}

TEST(WakeAllowed, a_source_has_so_many_starts_an_hour) {
  Asleep one("wakes_per_source = 1", {"--die", "1"});
  EXPECT_TRUE(join(one.rig, "Steve"));
  const auto second = join(one.rig, "Alex");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->starts_with("in 3")) << *second;  // 3600 seconds, or a few less
  EXPECT_EQ(one.server.starts(), 1U);
  EXPECT_TRUE(join(one.rig, "Alex", "127.0.0.9"));
  EXPECT_EQ(one.server.starts(), 2U) << "another source";
}

TEST(WakeAllowed, a_server_has_so_many_starts_an_hour) {
  Asleep one("wakes_per_server = 1", {"--die", "1"});
  EXPECT_TRUE(join(one.rig, "Steve"));
  EXPECT_TRUE(join(one.rig, "Alex", "127.0.0.9")->starts_with("in 3"));
  EXPECT_EQ(one.server.starts(), 1U);
}

TEST(WakeAllowed, a_start_that_nobody_used_makes_its_source_wait) {
  Asleep one("shutdown_after = \"100ms\"");
  EXPECT_EQ(join(one.rig, "Steve"), "welcome Steve");
  EXPECT_TRUE(one.rig.logged({"was=stopping", "is=sleeping"}));
  const auto second = join(one.rig, "Steve");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->starts_with("in ")) << *second;
  EXPECT_EQ(one.server.starts(), 1U);
}

TEST(WakeAllowed, kick_says_how_long_by_experience_only) {
  Asleep one("while_starting = \"kick\"\nshutdown_after = \"100ms\"");
  one.rig.daemon().proxy().services().time_to_come_again = Duration(milliseconds(100));
  EXPECT_EQ(join(one.rig, "Steve"), "wait |") << "nothing is known yet";
  EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  EXPECT_TRUE(one.rig.logged({"was=stopping", "is=sleeping"}));
  const auto second = join(one.rig, "Steve", "127.0.0.9");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->starts_with("wait 1s|1") || second->starts_with("wait 2s|2")) << *second;
}

TEST(WakeAllowed, hold_timeout_ends_the_waiting_and_not_the_start) {
  Asleep one("hold_timeout = \"300ms\"", {"--delay", "1"});
  EXPECT_EQ(join(one.rig, "Steve"), "wait |");
  EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  EXPECT_EQ(join(one.rig, "Steve"), "welcome Steve");
  EXPECT_EQ(one.server.starts(), 1U);
}

TEST(WakeAllowed, a_status_that_shows_players_keeps_it_up) {
  Asleep one("shutdown_after = \"200ms\"\nconfirm_empty = true", {"--players", "2"});
  EXPECT_EQ(join(one.rig, "Steve"), "welcome Steve");
  EXPECT_TRUE(one.rig.logged({"not stopped", "players=2"}));
  EXPECT_EQ(one.rig.log_lines({"is=stopping"}), 0U);
}

// What an operator sees of it.
TEST(WakeAllowed, route_tells_who_may_start_it_and_server_how_often_it_was) {
  Asleep one("wakes_per_source = 1", {"--die", "1"});
  EXPECT_TRUE(join(one.rig, "Steve"));
  const auto says = [&](const std::string& command, const std::string& line) {
    const auto lines = one.rig.daemon().command(command).lines;
    return std::ranges::any_of(lines, [&](const auto& said) { return said.contains(line); });
  };
  EXPECT_TRUE(says("route play.example --ip 127.0.0.1",
                   "127.0.0.1: 1 of 1 starts in the last hour, not before"));
  EXPECT_TRUE(says("route play.example --ip 127.0.0.9",
                   "127.0.0.9: 0 of 1 starts in the last hour, may start it"));
  EXPECT_TRUE(says("server lobby", "started 1 times in the last hour, of 30"));
  EXPECT_TRUE(says("server lobby", "crashed for "));
}

}  // namespace
}  // namespace drawbridge::kit
