// Servers that are processes of this machine, as bad as they get: those that die, hang, flood,
// ignore what they are told, and those that outlive the proxy.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "kit/fake_client.hpp"
#include "kit/sleepy_server.hpp"

namespace drawbridge::kit {
namespace {

std::optional<std::string> join(ProxyRig& rig, std::string_view name = "Steve",
                                std::string_view from = "127.0.0.1") {
  FakeClient player(rig.endpoint(), IpAddress::parse(from));
  player.log_in("play.example", name);
  return player.kicked();
}
bool is_now(const ProxyRig& rig, std::string_view state) {
  return rig.logged({"server state", "is=" + std::string(state)});
}

TEST(WakeLocal, a_server_that_dies_at_once_is_told_to_those_who_wait) {
  const SleepyServer server({"--die", "7"});
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", server.file({}, "kick_messages.start_failed = \"broken\"")}}});
  EXPECT_EQ(join(rig), "broken");
  EXPECT_TRUE(rig.logged({"server state", "is=crashed", "exit code 7"}));
  // Whoever comes next has it tried once more.
  EXPECT_EQ(join(rig), "broken");
  EXPECT_EQ(server.starts(), 2U);
}

TEST(WakeLocal, a_program_that_is_not_there_is_a_failed_start) {
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", "127.0.0.1:1",
                                                  "[server_manager]\ntype = \"local\"\n"
                                                  "command = \"./no-such-program\"\n"
                                                  "working_dir = \".\"")}}});
  EXPECT_NE(join(rig), std::nullopt);
  EXPECT_TRUE(rig.logged({"is=crashed", "command: No such file"}));
}

TEST(WakeLocal, a_server_that_never_opens_its_port_ends_the_waiting_and_is_left_alone) {
  const SleepyServer server({"--delay", "2.5"});
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", server.file("start_timeout = \"1s\"",
                                         "kick_messages.start_failed = \"not in time\"")}}});
  EXPECT_EQ(join(rig), "not in time");
  EXPECT_TRUE(server.runs());
  // It opens its port late: then it is online all the same.
  EXPECT_TRUE(is_now(rig, "online"));
  EXPECT_EQ(join(rig), "welcome Steve");
  EXPECT_EQ(server.starts(), 1U);
}

TEST(WakeLocal, a_server_that_crashes_while_it_runs_is_started_by_the_next_player) {
  const SleepyServer server;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  EXPECT_EQ(server.kill_all(), 1U);
  EXPECT_TRUE(rig.logged({"is=crashed", "killed by signal 9"}));
  EXPECT_EQ(join(rig), "welcome Steve");
  EXPECT_EQ(server.starts(), 2U);
}

TEST(WakeLocal, a_stubborn_server_is_killed) {
  const SleepyServer server({"--deaf", "--stubborn"});
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server.file("shutdown_after = \"100ms\"\n"
                                                  "shutdown_timeout = \"300ms\"")}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  EXPECT_TRUE(rig.logged({"SIGTERM"}));
  EXPECT_TRUE(rig.logged({"SIGKILL"}));
  EXPECT_TRUE(rig.logged({"was=stopping", "is=sleeping"}));
  EXPECT_FALSE(server.runs());
}

TEST(WakeLocal, a_console_that_floods_fills_no_disk) {
  const SleepyServer server({"--flood"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file("log_size = \"64KiB\"")}}});
  EXPECT_EQ(join(rig), "welcome Steve") << "and keeps nobody out";
  const auto log = server.folder() / "console.log";
  const auto size_of = [](const std::filesystem::path& file) {
    std::error_code gone;  // between its moving away and the next one
    const auto size = std::filesystem::file_size(file, gone);
    return gone ? 0 : size;
  };
  EXPECT_TRUE(eventually([&] { return size_of(log.native() + ".1") > 0; }));
  EXPECT_LE(size_of(log), 65536U);
  EXPECT_LE(size_of(log.native() + ".1"), 65536U);
}

// The closest peer loses its reader at the first byte that is no UTF-8, and waits for ever.
TEST(WakeLocal, peers_fault_25_output_that_is_not_utf8_hides_no_ready_line) {
  const SleepyServer server({"--print", "For help, type \\\"help\\\""});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  EXPECT_EQ(join(rig), "welcome Steve");
}

// The closest peer has no process group, leaves orphans behind, and stays "starting" for ever after
// a start that failed.
TEST(WakeLocal, peers_fault_25_a_server_behind_a_script_is_stopped_with_it) {
  const SleepyServer server({"--deaf"});
  std::string file = server.file("shutdown_after = \"100ms\"\nshutdown_timeout = \"200ms\"");
  file.replace(file.find("\"python3\""), 9, "\"./start.sh\"");
  std::ofstream(server.folder() / "start.sh") << "#!/bin/sh\npython3 \"$@\"\necho over\n";
  std::filesystem::permissions(server.folder() / "start.sh", std::filesystem::perms::owner_all);
  ProxyRig rig({.global = {}, .servers = {{"lobby", file}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  EXPECT_TRUE(rig.logged({"was=stopping", "is=sleeping"}));
  EXPECT_EQ(server.orderly_ends(), 1U) << "it had the time to end in good order";
  EXPECT_FALSE(server.runs());
}

TEST(WakeLocal, closed_pings_five_times_running_count_as_online) {
  const SleepyServer server({"--pings", "close"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  EXPECT_TRUE(rig.logged({"enable-status"}));
}

TEST(WakeLocal, a_frozen_server_keeps_its_process) {
  const SleepyServer server;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server.file("shutdown_after = \"200ms\"\n"
                                                  "idle_action = \"pause\"")}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  EXPECT_TRUE(rig.logged({"was=stopping", "is=sleeping"}));
  EXPECT_TRUE(server.runs());
  EXPECT_EQ(join(rig, "Alex", "127.0.0.9"), "welcome Alex");
  EXPECT_EQ(server.starts(), 1U);
}

TEST(WakeLocal, a_server_started_by_hand_is_joined_and_neither_started_nor_stopped) {
  const SleepyServer server;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file("shutdown_after = \"100ms\"")}}});
  ASSERT_TRUE(is_now(rig, "sleeping"));
  Program by_hand("/usr/bin/env", server.by_hand());
  EXPECT_TRUE(rig.logged({"is=online", "its keeper did not start it"}));
  EXPECT_EQ(join(rig), "welcome Steve");
  // Empty for longer than that, and looked at again and again.
  EXPECT_EQ(join(rig, "Alex", "127.0.0.9"), "welcome Alex");
  EXPECT_EQ(server.starts(), 1U);
  by_hand.signal(SIGKILL);
  EXPECT_TRUE(rig.logged({"was=online", "is=sleeping"}));
  EXPECT_EQ(join(rig, "Eve", "127.0.0.10"), "welcome Eve");
  EXPECT_EQ(server.starts(), 2U);
}

TEST(WakeLocal, it_ends_with_the_proxy_in_good_order) {
  const SleepyServer server;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file()}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  rig.daemon().stop();
  EXPECT_EQ(rig.daemon().wait(), 0);
  EXPECT_EQ(server.orderly_ends(), 1U);
  EXPECT_FALSE(server.runs());
}

TEST(WakeLocal, a_server_that_is_kept_is_found_again_and_never_started_twice) {
  const SleepyServer server;
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", server.file("on_proxy_exit = \"keep\"\nshutdown_after = \"1s\"")}}});
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Stay");
  EXPECT_EQ(player.wire.receive(70000).size(), 70000U);
  rig.daemon().stop(Duration::zero());
  EXPECT_EQ(rig.daemon().wait(), 0);
  EXPECT_TRUE(server.runs());
  rig.restart();
  EXPECT_TRUE(rig.logged({"found running from before"}));
  EXPECT_EQ(join(rig, "Alex"), "welcome Alex");
  EXPECT_EQ(server.starts(), 1U);
  // And it is stopped by its console, as ever.
  EXPECT_TRUE(eventually([&] { return server.orderly_ends() == 1; }));
  EXPECT_TRUE(rig.logged({"was=stopping", "is=sleeping"}));
}

TEST(WakeLocal, what_a_kept_server_prints_is_cut_while_it_runs) {
  const SleepyServer server;
  std::string file = server.file("on_proxy_exit = \"keep\"\nlog_size = \"64KiB\"");
  file.replace(file.find("\"python3\""), 9, "\"./start.sh\"");
  std::ofstream(server.folder() / "start.sh")
      << "#!/bin/sh\nseq 1 50000\necho the end\nexec python3 \"$@\"\n";
  std::filesystem::permissions(server.folder() / "start.sh", std::filesystem::perms::owner_all);
  ProxyRig rig({.global = {}, .servers = {{"lobby", file}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  const auto log = server.folder() / "console.log";
  EXPECT_GT(std::filesystem::file_size(log), 200'000U);
  rig.daemon().stop(Duration::zero());
  EXPECT_EQ(rig.daemon().wait(), 0);
  rig.restart();
  EXPECT_TRUE(rig.logged({"found running from before"}));
  EXPECT_TRUE(eventually([&] { return std::filesystem::file_size(log) < 65'536; }));
  // The last part stays readable.
  std::ifstream cut(log.native() + ".1");
  const std::string before{std::istreambuf_iterator<char>(cut), std::istreambuf_iterator<char>()};
  EXPECT_EQ(before.size(), 65'536U);
  EXPECT_NE(before.find("50000\nthe end\n"), std::string::npos);
}

TEST(WakeLocal, what_a_start_script_has_left_behind_is_found_again_and_stopped) {
  const SleepyServer server;
  std::string file = server.file(
      "on_proxy_exit = \"keep\"\nshutdown_after = \"1s\"\nshutdown_timeout = \"200ms\"");
  file.replace(file.find("\"python3\""), 9, "\"./start.sh\"");
  std::ofstream(server.folder() / "start.sh") << "#!/bin/sh\npython3 \"$@\" &\n";
  std::filesystem::permissions(server.folder() / "start.sh", std::filesystem::perms::owner_all);
  ProxyRig rig({.global = {}, .servers = {{"lobby", file}}});
  FakeClient player(rig.endpoint());
  player.log_in("play.example", "Stay");
  EXPECT_EQ(player.wire.receive(70000).size(), 70000U);
  rig.daemon().stop(Duration::zero());
  EXPECT_EQ(rig.daemon().wait(), 0);
  EXPECT_TRUE(server.runs());
  rig.restart();
  EXPECT_TRUE(rig.logged({"found running from before"}));
  EXPECT_EQ(join(rig, "Alex"), "welcome Alex");
  EXPECT_EQ(server.starts(), 1U);
  EXPECT_TRUE(rig.logged({"was=stopping", "is=sleeping"}));
  EXPECT_FALSE(server.runs());
}

// What the proxy knows about itself is none of a server's business.
TEST(WakeLocal, a_server_inherits_no_descriptor_and_none_of_our_variables) {
  const SleepyServer server;
  setenv("DRAWBRIDGE_FORWARDING__SECRET_FILE", "secret", 1);
  std::string file = server.file("environment = { MAP = \"flat\" }\n");
  const auto script = server.folder() / "start.sh";
  file.replace(file.find("\"python3\""), 9, "\"./start.sh\"");
  std::ofstream(script) << "#!/bin/sh\nls -l /proc/self/fd > descriptors\nenv > variables\n"
                           "exec python3 \"$@\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  ProxyRig rig({.global = {}, .servers = {{"lobby", file}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  unsetenv("DRAWBRIDGE_FORWARDING__SECRET_FILE");
  const auto text_of = [&](std::string_view name) {
    std::ifstream in(server.folder() / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(text_of("descriptors").find("socket:"), std::string::npos) << text_of("descriptors");
  EXPECT_EQ(text_of("descriptors").find("eventpoll"), std::string::npos);
  EXPECT_NE(text_of("variables").find("MAP=flat"), std::string::npos);
  EXPECT_EQ(text_of("variables").find("DRAWBRIDGE_"), std::string::npos);
}

}  // namespace
}  // namespace drawbridge::kit
