// The global file edited while the proxy runs: what can change does, the rest is named.
#include <gtest/gtest.h>

#include <algorithm>

#include "kit/door.hpp"
#include "kit/player.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

std::string kick(ProxyRig& rig, std::string_view host) {
  FakeClient client(rig.endpoint());
  client.log_in(host, "Steve");
  return client.kicked().value_or("(no kick)");
}

TEST(ReloadGlobal, peers_fault_22_a_new_motd_and_kick_text_hold_at_once) {
  ProxyRig rig({.global = "default_motd.online.text = \"before\"\n"
                          "kick_messages.unknown_host = \"no {host} here\"",
                .servers = {{"other", server_file("other.example", "127.0.0.1:1")}}});
  EXPECT_EQ(where(rig, "x.example"), "before");
  EXPECT_EQ(kick(rig, "x.example"), "no x.example here");
  rig.write_global(
      "default_motd.online.text = \"after\"\nkick_messages.unknown_host = \"never heard of "
      "{host}\"");
  EXPECT_TRUE(eventually([&] { return where(rig, "x.example") == "after"; }));
  EXPECT_EQ(kick(rig, "x.example"), "never heard of x.example");
  EXPECT_TRUE(rig.logged({"changed", "keys=", "default_motd", "kick_messages"}));
}

TEST(ReloadGlobal, a_listener_comes_and_goes_with_its_table) {
  Door door;
  Player player(door.rig.endpoint(), door.backend);
  const auto addresses = [&] { return door.rig.daemon().addresses(); };
  ASSERT_EQ(addresses().size(), 1U);
  const std::string second = "[[listener]]\nbind = \"127.0.0.2:0\"\nname = \"second\"\n";
  door.rig.write_global(second);
  ASSERT_TRUE(eventually([&] { return addresses().size() == 2; }));
  const Endpoint extra = addresses()[1];
  EXPECT_EQ(extra.address.text(), "127.0.0.2");
  Player other(extra, door.backend);
  EXPECT_TRUE(other.plays());
  door.rig.write_global("");
  ASSERT_TRUE(eventually([&] { return addresses().size() == 1; }));
  EXPECT_TRUE(eventually([&] { return !Wire::connect(extra).open(); }));
  EXPECT_TRUE(door.rig.logged({"no longer listening", "127.0.0.2"}));
  // Those who came in by it stay, and the other listener never closed.
  EXPECT_TRUE(other.plays());
  EXPECT_TRUE(player.plays());
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
}

TEST(ReloadGlobal, a_port_that_is_taken_is_told_and_the_rest_holds) {
  const Harbour taken;
  Door door;
  door.rig.write_global(fmt::format(
      "kick_messages.unknown_host = \"new words\"\n[[listener]]\nbind = \"{}\"", taken.address()));
  EXPECT_TRUE(door.rig.logged({"ERROR", "is taken by", taken.address()}));
  EXPECT_TRUE(eventually([&] { return kick(door.rig, "x.example") == "new words"; }));
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
}

TEST(ReloadGlobal, a_bind_that_is_taken_leaves_the_door_where_it_is) {
  const Harbour taken;
  Door door;
  const Endpoint before = door.rig.endpoint();
  door.rig.bind_elsewhere(taken.address());
  EXPECT_TRUE(door.rig.logged({"ERROR", "is taken by", taken.address()}));
  EXPECT_TRUE(door.rig.logged({"WARN", "still listening where it was"}));
  EXPECT_TRUE(Player(before, door.backend).plays());
  const auto reloaded = door.rig.daemon().command("reload");
  EXPECT_EQ(reloaded.kind, api::Answer::Kind::error);
  EXPECT_TRUE(std::ranges::any_of(
      reloaded.lines, [](const std::string& line) { return line.contains("the port is taken"); }));
  // Once there is another that can be had, that one is taken.
  door.rig.bind_elsewhere("127.0.0.3:0");
  EXPECT_TRUE(eventually([&] { return !Wire::connect(before).open(); }));
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
}

TEST(ReloadGlobal, a_congestion_control_that_the_kernel_lacks_is_told_each_time_it_is_set) {
  Door door("play.example", {.server = {}, .global = "tcp_congestion = \"carrier-pigeon\""});
  EXPECT_TRUE(door.rig.logged({"WARN", "tcp_congestion is not used", "carrier-pigeon"}));
  door.rig.write_global("tcp_congestion = \"smoke-signals\"");
  EXPECT_TRUE(door.rig.logged({"WARN", "tcp_congestion is not used", "smoke-signals"}));
  // An edit of something else is no news of it.
  door.rig.write_global("tcp_congestion = \"smoke-signals\"\nmax_connections = 9");
  EXPECT_EQ(door.rig.log_lines({"tcp_congestion is not used"}), 2U);
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
}

TEST(ReloadGlobal, keys_that_wait_for_a_restart_are_named) {
  Door door("play.example", {.server = {}, .global = "worker_threads = 1"});
  door.rig.write_global("worker_threads = 2\nkick_messages.unknown_host = \"new words\"");
  EXPECT_TRUE(door.rig.logged({"WARN", "wait for a restart", "keys=worker_threads"}));
  EXPECT_TRUE(eventually([&] { return kick(door.rig, "x.example") == "new words"; }));
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
}

TEST(ReloadGlobal, a_bad_file_changes_nothing) {
  Door door("play.example", {.server = {}, .global = "kick_messages.unknown_host = \"good\""});
  door.rig.write_global("kick_messages.unknown_host = \"bad\"\nmax_connexions = 1");
  EXPECT_TRUE(door.rig.logged({"ERROR", "drawbridge.toml:3", "max_connexions"}));
  EXPECT_TRUE(door.rig.logged({"ERROR", "the values that are live stay"}));
  EXPECT_EQ(kick(door.rig, "x.example"), "good");
  door.rig.write_global("kick_messages.unknown_host = \"mended\"");
  EXPECT_TRUE(eventually([&] { return kick(door.rig, "x.example") == "mended"; }));
}

TEST(ReloadGlobal, another_servers_dir_takes_the_place_of_the_first) {
  ProxyRig rig({.global = {}, .servers = {{"a", signpost("[\"a.example\"]", "old folder")}}});
  rig.folder().write("others/a.toml", signpost("[\"a.example\"]", "new folder"));
  rig.write_global("servers_dir = \"others\"");
  EXPECT_TRUE(eventually([&] { return where(rig, "a.example") == "new folder"; }));
  rig.await_change([&] {
    rig.folder().write("others/a.toml", signpost("[\"a.example\"]", "new folder, edited"));
  });
  EXPECT_TRUE(eventually([&] { return where(rig, "a.example") == "new folder, edited"; }));
}

TEST(ReloadGlobal, a_reload_that_is_asked_for_says_what_it_came_to) {
  // The watcher keeps out of it.
  ProxyRig rig({.global = "worker_threads = 1",
                .servers = {},
                .watch = {.quiet = hours(1), .at_most = hours(1)}});
  rig.folder().write("drawbridge.toml",
                     "bind = \"127.0.0.1:0\"\nworker_threads = 2\nconnect_max_attempts = 7\n");
  rig.folder().write("servers/new.toml", server_file("new.example", "127.0.0.1:1"));
  rig.folder().write("servers/bad.toml", "domains = 5\n");
  const app::ReloadOutcome outcome = rig.daemon().reload();
  EXPECT_EQ(outcome.changed, std::vector<std::string>{"connect_max_attempts"});
  EXPECT_EQ(outcome.waiting, std::vector<std::string>{"worker_threads"});
  EXPECT_EQ(outcome.added, std::vector<std::string>{"new"});
  EXPECT_EQ(outcome.removed, std::vector<std::string>{});
  EXPECT_GE(outcome.errors, 1U);
  EXPECT_TRUE(rig.logged({"reloaded", "connect_max_attempts", "worker_threads"}));
}

TEST(ReloadGlobal, a_file_that_is_still_bad_is_told_at_every_reload_until_it_is_mended) {
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", "127.0.0.1:1")}},
                .watch = {.quiet = hours(1), .at_most = hours(1)}});
  rig.folder().write("servers/lobby.toml", "domains = 5\n");
  for (int i = 0; i < 2; ++i) {
    const app::ReloadOutcome outcome = rig.daemon().reload();
    EXPECT_EQ(outcome.errors, 1U);
    EXPECT_TRUE(std::ranges::any_of(outcome.problems, [](const std::string& problem) {
      return problem.contains("lobby.toml:1:11: error: domains");
    }));
  }
  rig.folder().write("servers/lobby.toml", server_file("play.example", "127.0.0.1:2"));
  const app::ReloadOutcome outcome = rig.daemon().reload();
  EXPECT_EQ(outcome.errors, 0U);
  EXPECT_EQ(outcome.problems, std::vector<std::string>{});
  EXPECT_EQ(outcome.updated, std::vector<std::string>{"lobby"});
}

}  // namespace
}  // namespace drawbridge::kit
