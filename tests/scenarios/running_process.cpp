// The real program as a process: what it says when it cannot start, what its descriptors are, and
// who it may run as.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/strings.hpp"
#include "kit/limbo_player.hpp"
#include "kit/player.hpp"
#include "kit/program.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

namespace fs = std::filesystem;

TEST(RunningProcess, a_port_that_is_taken_is_named_with_who_has_it_and_what_to_do) {
  const TempFolder folder;
  const Harbour taken;
  const Ended ended = run_program(
      DRAWBRIDGE_PROGRAM, {.arguments = {"--bind", taken.address()}, .folder = folder.path()});
  EXPECT_EQ(ended.code, 1);
  for (const std::string& part :
       {fmt::format("port {} is taken by process {}", taken.endpoint().port, getpid()),
        std::string("scenario_test"), std::string("server-port"), std::string("bind = ")})
    EXPECT_TRUE(ended.errors.contains(part)) << part;
}

TEST(RunningProcess, without_any_configuration_it_starts_and_says_what_to_do) {
  const TempFolder folder;
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"--bind", "127.0.0.1:0"}, .folder = folder.path()});
  const Endpoint proxy = program.endpoint();
  EXPECT_TRUE(program.logged({"no server is configured yet", "servers/my-server.toml"}));
  LimboPlayer client(proxy, {});
  ASSERT_TRUE(client.enter()) << client.kicked;
  std::string words;
  for (int line = 0; line < 6; ++line) words += client.hears() + "\n";
  EXPECT_TRUE(words.contains("my-server.toml")) << words;
  EXPECT_TRUE(words.contains("play.example")) << words;
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
}

TEST(RunningProcess, a_file_that_was_named_and_is_missing_is_an_error) {
  const Ended ended =
      run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"-c", "/nowhere/at/all.toml"}});
  EXPECT_EQ(ended.code, 2);
  EXPECT_TRUE(ended.errors.contains("/nowhere/at/all.toml")) << ended.errors;
}

TEST(RunningProcess, a_bad_global_file_stops_the_start_with_all_its_problems) {
  const TempFolder folder;
  folder.write("drawbridge.toml",
               "bind = \"127.0.0.1:0\"\nmax_conections = 3\n"
               "connect_timeout = 5\nunknown_domain_behavior = \"shrug\"\n");
  const Ended ended = run_program(DRAWBRIDGE_PROGRAM, {.arguments = {}, .folder = folder.path()});
  EXPECT_EQ(ended.code, 2);
  for (const std::string_view part :
       {"drawbridge.toml:2", "max_connections", "drawbridge.toml:3", "drawbridge.toml:4", "drop"})
    EXPECT_TRUE(ended.errors.contains(part)) << part << "\n" << ended.errors;
}

TEST(RunningProcess, strict_makes_a_bad_server_file_stop_the_start) {
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  folder.write("servers/a.toml", "domains = 7\n");
  const Ended ended =
      run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"--strict"}, .folder = folder.path()});
  EXPECT_EQ(ended.code, 2);
  Program lenient(DRAWBRIDGE_PROGRAM, {.arguments = {}, .folder = folder.path()});
  EXPECT_NE(lenient.endpoint().port, 0);
}

// What `check` calls an error, the start does, too, though each file for itself is fine.
TEST(RunningProcess, strict_looks_at_all_server_files_together) {
  const std::string good = server_file("play.example", "127.0.0.1:25566");
  const std::vector<std::pair<std::string, std::string>> others = {
      {server_file("other.example", "127.0.0.1:25567", "name = \"a\""), "the id \"a\" is already"}};
  for (const auto& [other, error] : others) {
    const TempFolder folder;
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/a.toml", good);
    folder.write("servers/b.toml", other);
    const Ended checked =
        run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"check"}, .folder = folder.path()});
    EXPECT_EQ(checked.code, 2);
    EXPECT_TRUE(checked.output.contains(error)) << checked.output;
    const Ended ended =
        run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"--strict"}, .folder = folder.path()});
    EXPECT_EQ(ended.code, 2);
    EXPECT_TRUE(ended.errors.contains("ERROR")) << ended.errors;
    EXPECT_TRUE(ended.errors.contains(error)) << ended.errors;
    const Ended asked = run_program(
        DRAWBRIDGE_PROGRAM, {.arguments = {"route", "play.example"}, .folder = folder.path()});
    EXPECT_TRUE(asked.output.contains(error)) << asked.output;
    Program lenient(DRAWBRIDGE_PROGRAM, {.arguments = {}, .folder = folder.path()});
    EXPECT_NE(lenient.endpoint().port, 0);
  }
}

TEST(RunningProcess, a_log_target_that_no_line_has_is_told) {
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"--log-level", "info,routing=debug"}, .folder = folder.path()});
  EXPECT_TRUE(program.logged({"WARN", "target=routing", "connection"}));
}

TEST(RunningProcess, command_line_beats_environment_beats_file) {
  const TempFolder folder;
  folder.write("drawbridge.toml",
               "bind = \"127.0.0.1:0\"\n[default_motd.online]\ntext = \"file\"\n");
  const auto motd_with = [&](std::vector<std::string> arguments,
                             std::map<std::string, std::string> environment) {
    const Program program(DRAWBRIDGE_PROGRAM, {.arguments = std::move(arguments),
                                               .environment = std::move(environment),
                                               .folder = folder.path()});
    return where(program.endpoint(), "x.example");
  };
  EXPECT_EQ(motd_with({}, {}), "file");
  const std::map<std::string, std::string> environment{
      {"DRAWBRIDGE_DEFAULT_MOTD__ONLINE__TEXT", "environment"}};
  EXPECT_EQ(motd_with({}, environment), "environment");
  EXPECT_EQ(motd_with({"--set", "default_motd.online.text=command line"}, environment),
            "command line");
}

// A child that the proxy starts must not inherit a player.
TEST(RunningProcess, every_descriptor_is_close_on_exec) {
  TempFolder folder;
  FakeServer backend;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  folder.write("servers/lobby.toml",
               server_file("play.example", backend.address(), "proxy_mode = \"zero_copy\""));
  Program program(DRAWBRIDGE_PROGRAM, {.arguments = {}, .folder = folder.path()});
  Player player(program.endpoint(), backend);
  ASSERT_TRUE(player.plays());
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fdinfo", program.pid()))) {
    const auto number = parse_int<int>(entry.path().filename().string());
    if (!number || *number <= STDERR_FILENO) continue;
    std::ifstream in(entry.path());
    for (std::string word; in >> word;) {
      if (word != "flags:") continue;
      in >> word;
      const auto flags = parse_int<unsigned>(word, 8);
      ASSERT_TRUE(flags.has_value()) << word;
      std::error_code gone;
      const fs::path target =
          fs::read_symlink(fmt::format("/proc/{}/fd/{}", program.pid(), *number), gone);
      EXPECT_NE(*flags & O_CLOEXEC, 0U) << *number << " is " << target;
      ++seen;
      break;  // a timer has other flags further down
    }
  }
  EXPECT_GE(seen, 5);  // a listener, an epoll, inotify, and the player's two at least
}

TEST(RunningProcess, it_needs_no_rights) {
  constexpr uid_t nobody = 65534;
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  FakeServer backend;
  folder.write("servers/lobby.toml", server_file("play.example", backend.address()));
  // The folder that the program lies in may be closed to strangers.
  const fs::path copy = folder.path() / "drawbridge";
  fs::copy_file(DRAWBRIDGE_PROGRAM, copy);
  const fs::perms open = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                         fs::perms::others_read | fs::perms::others_exec;
  for (const fs::path& path : {folder.path(), folder.path() / "servers", copy})
    fs::permissions(path, open);
  Program program(copy.string(),
                  {.arguments = {}, .folder = folder.path(), .user = geteuid() == 0 ? nobody : 0});
  Player player(program.endpoint(), backend);
  EXPECT_TRUE(player.plays());
  std::ifstream status(fmt::format("/proc/{}/status", program.pid()));
  std::string word;
  while (status >> word && word != "Uid:") {
  }
  status >> word;
  EXPECT_NE(word, "0");
}

TEST(RunningProcess, a_folder_of_servers_that_it_may_not_read_ends_the_start) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to take rights away from another user";
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:1"));
  const fs::path copy = folder.path() / "drawbridge";
  fs::copy_file(DRAWBRIDGE_PROGRAM, copy);
  fs::permissions(folder.path(),
                  fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(copy, fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(folder.path() / "servers", fs::perms::owner_all);
  const Ended ended =
      run_program(copy.string(), {.arguments = {}, .folder = folder.path(), .user = 65534});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.errors.find("servers"), std::string::npos) << ended.errors;
}

TEST(RunningProcess, a_global_file_that_comes_later_is_read) {
  const TempFolder folder;
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"--bind", "127.0.0.1:0"}, .folder = folder.path()});
  ASSERT_TRUE(program.logged({"ready"}));
  folder.write("drawbridge.toml", "max_connections = 7\n[rate_limit]\nenabled = true\n");
  EXPECT_TRUE(program.logged({"changed", "max_connections"}));
}

TEST(RunningProcess, more_workers_than_descriptors_is_told_in_words) {
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\nworker_threads = 64\n");
  const Ended ended = run_program(DRAWBRIDGE_PROGRAM,
                                  {.arguments = {}, .folder = folder.path(), .descriptors = 100});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.errors.find("worker_threads"), std::string::npos) << ended.errors;
}

}  // namespace
}  // namespace drawbridge::kit
