// `drawbridge ctl`, `reload` and `stop`: an operator at a shell, beside a proxy that runs.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/control_words.hpp"
#include "control/control_socket.hpp"
#include "kit/player.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

class CommandCtl : public ::testing::Test {
 protected:
  CommandCtl() {
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/lobby.toml", fmt::format("domains = [\"play.example\"]\n"
                                                   "addresses = [\"{}\", \"{}\"]\n",
                                                   first.address(), second.address()));
  }
  [[nodiscard]] Program start() const {
    return Program(DRAWBRIDGE_PROGRAM, {.arguments = {"run"}, .folder = folder.path()});
  }
  [[nodiscard]] Ended run(std::vector<std::string> words) const {
    return run_program(DRAWBRIDGE_PROGRAM,
                       {.arguments = std::move(words), .folder = folder.path()});
  }
  [[nodiscard]] Ended ctl(std::vector<std::string> words) const {
    words.insert(words.begin(), "ctl");
    return run(std::move(words));
  }

  TempFolder folder;
  FakeServer first;
  FakeServer second;
};

TEST_F(CommandCtl, drain_takes_an_address_out_for_new_players_and_enable_puts_it_back) {
  const Program proxy = start();
  const Endpoint at = proxy.endpoint();
  Player stays(at, first);
  const Ended drained = ctl({"drain", "lobby", first.address()});
  EXPECT_EQ(drained.code, 0) << drained.errors;
  EXPECT_TRUE(drained.output.contains(first.address() + "  drained, connections 1"))
      << drained.output;
  EXPECT_TRUE(drained.output.contains(second.address() + "  in use")) << drained.output;
  EXPECT_TRUE(proxy.logged({"address drained", first.address()}));
  EXPECT_TRUE(Player(at, second).plays());
  EXPECT_TRUE(stays.plays());
  EXPECT_EQ(ctl({"enable", "lobby", first.address()}).code, 0);
  EXPECT_TRUE(Player(at, first).plays());
}

TEST_F(CommandCtl, op_is_not_written_to_a_file_that_does_not_decide) {
  const Program proxy(DRAWBRIDGE_PROGRAM,
                      {.arguments = {"run"},
                       .environment = {{"DRAWBRIDGE_PERMISSIONS__ADMINS", "[\"Notch\"]"}},
                       .folder = folder.path()});
  static_cast<void>(proxy.endpoint());
  const Ended op = ctl({"op", "Steve", "--save"});
  EXPECT_EQ(op.code, 2);
  EXPECT_TRUE((op.output + op.errors).contains("DRAWBRIDGE_PERMISSIONS__ADMINS"))
      << op.output << op.errors;
}

TEST_F(CommandCtl, reset_uses_an_address_again_that_was_left_out) {
  const Program proxy = start();
  const Endpoint at = proxy.endpoint();
  folder.write("servers/lobby.toml",
               fmt::format("domains = [\"play.example\"]\naddresses = [\"127.0.0.9:1\", \"{}\"]\n"
                           "active_health = {{ enabled = false }}\n",
                           second.address()));
  ASSERT_EQ(run({"reload"}).code, 0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Player(at, second).plays());
  const Ended out = ctl({"server", "lobby"});
  EXPECT_TRUE(out.output.contains("127.0.0.9:1  left out; tried again in ")) << out.output;
  const Ended reset = ctl({"reset", "lobby", "127.0.0.9:1"});
  EXPECT_EQ(reset.code, 0);
  EXPECT_TRUE(reset.output.contains("127.0.0.9:1  in use")) << reset.output;
  EXPECT_TRUE(proxy.logged({"address is used again (command)", "127.0.0.9:1"}));
}

TEST_F(CommandCtl, what_cannot_be_done_is_said_and_ends_with_2) {
  const Program proxy = start();
  (void)proxy.endpoint();
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"drain", "lobby"}, "usage: drain <id> <address>"},
      {{"drain", "nobody", first.address()}, "there is no server nobody"},
      {{"drain", "lobby", "10.0.0.1:1"}, first.address()},
      {{"server", "nobody"}, "there is no server nobody"},
      {{"drian", "lobby", first.address()}, "did you mean `drain`?"},
      {{"drain", "a b\" c\\", "x"}, "there is no server a b\\x22 c"},
  };
  for (const auto& [words, says] : wrong) {
    const Ended ended = ctl(words);
    EXPECT_EQ(ended.code, 2) << says;
    EXPECT_TRUE(ended.errors.contains(says)) << ended.errors;
  }
  EXPECT_EQ(ctl({}).code, 2);
}

TEST_F(CommandCtl, without_a_running_proxy_it_ends_with_5) {
  EXPECT_EQ(ctl({"server", "lobby"}).code, 5);
  EXPECT_EQ(run({"reload"}).code, 5);
}

// What systemd starts has its socket in /run; a shell asks it by the configuration that is meant.
TEST_F(CommandCtl, the_service_is_asked_for_its_own_configuration_and_no_other) {
  folder.write("run/.keep", "");
  Program service(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"run"},
                   .environment = {{"RUNTIME_DIRECTORY", (folder.path() / "run").string()}},
                   .folder = folder.path()});
  (void)service.endpoint();
  const auto socket = folder.path() / "run/drawbridge.sock";
  const TempFolder other;
  other.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  EXPECT_EQ(app::ask_running_proxy("stop", other.path() / "drawbridge.toml", {}, socket).exit_code,
            app::exit_no_proxy);
  EXPECT_EQ(
      app::ask_running_proxy("status", folder.path() / "drawbridge.toml", {}, socket).exit_code, 0);
  EXPECT_EQ(service.lines({"stopping"}).size(), 0U);
  const auto link = other.path() / "service.toml";
  std::filesystem::create_symlink(folder.path() / "drawbridge.toml", link);
  EXPECT_EQ(app::ask_running_proxy("stop", link, {}, socket).exit_code, 0) << "the same file";
  EXPECT_EQ(service.wait(), 0);
}

TEST_F(CommandCtl, a_proxy_that_does_not_answer_is_not_taken_for_one_that_is_not_there) {
  const TempFolder other;
  // Connects, and is never accepted: a proxy that hangs.
  const int hanging = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = other.path() / "drawbridge.sock";
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  ASSERT_EQ(bind(hanging, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(listen(hanging, 1), 0);
  EXPECT_FALSE(control::is_control_socket_dead(path));
  close(hanging);
  EXPECT_TRUE(control::is_control_socket_dead(path)) << "left behind";
  EXPECT_TRUE(control::is_control_socket_dead(other.path() / "nothing.sock"));
}

TEST_F(CommandCtl, reload_says_what_it_came_to) {
  const Program proxy = start();
  (void)proxy.endpoint();
  folder.write("drawbridge.toml",
               "bind = \"127.0.0.1:0\"\nconnect_max_attempts = 7\nworker_threads = 3\n");
  folder.write("servers/more.toml", server_file("more.example", "127.0.0.1:1"));
  const Ended good = run({"reload"});
  EXPECT_EQ(good.code, 0) << good.errors;
  for (const std::string_view part : {"ok: reloaded", "changed: connect_max_attempts",
                                      "wait for a restart: worker_threads", "servers added: more"})
    EXPECT_TRUE(good.output.contains(part)) << part << "\n" << good.output;
  folder.write("servers/more.toml", "domain = [\"more.example\"]\n");
  const Ended bad = run({"reload"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_TRUE(bad.errors.contains("error: reloaded, but 1 file cannot be used")) << bad.errors;
  EXPECT_TRUE(bad.errors.contains("more.toml:1:1: error: domain: unknown key")) << bad.errors;
  const Ended alike = ctl({"reload"});
  EXPECT_EQ(alike.code, 2);
}

// --- What stays: logs -f and top ---

TEST_F(CommandCtl, logs_shows_the_last_lines_and_with_f_what_comes_until_ctrl_c) {
  const Program proxy = start();
  (void)proxy.endpoint();
  EXPECT_TRUE(ctl({"logs"}).output.contains("ready"));
  Program follows(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"ctl", "logs", "-f"}, .folder = folder.path()});
  Program warned(DRAWBRIDGE_PROGRAM,
                 {.arguments = {"ctl", "logs", "-f", "--level", "warn"}, .folder = folder.path()});
  EXPECT_TRUE(eventually([&] { return follows.output().contains("ready"); }));
  folder.write("servers/lobby.toml", "domain = [\"misspelt\"]\n");
  ASSERT_EQ(run({"reload"}).code, 2);
  EXPECT_TRUE(eventually([&] { return follows.output().contains("reloading (command)"); }));
  EXPECT_TRUE(eventually([&] { return warned.output().contains("unknown key"); }));
  EXPECT_FALSE(warned.output().contains("reloading"));
  for (Program* one : {&follows, &warned}) {
    one->signal(SIGINT);
    EXPECT_EQ(one->wait(), 0);
    EXPECT_EQ(one->errors(), "");
  }
  EXPECT_EQ(ctl({"logs", "-f", "--level", "loud"}).code, 2);
}

TEST_F(CommandCtl, what_stays_ends_with_the_proxy) {
  Program proxy = start();
  (void)proxy.endpoint();
  Program follows(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"ctl", "logs", "-f"}, .folder = folder.path()});
  Program top(DRAWBRIDGE_PROGRAM, {.arguments = {"ctl", "top"}, .folder = folder.path()});
  EXPECT_TRUE(eventually([&] { return follows.output().contains("ready"); }));
  EXPECT_TRUE(eventually([&] { return top.output().contains("lobby"); }));
  ASSERT_EQ(run({"stop"}).code, 0);
  EXPECT_EQ(proxy.wait(), 0);
  for (Program* one : {&follows, &top}) {
    EXPECT_EQ(one->wait(), 0);
    EXPECT_EQ(one->errors(), "the proxy has stopped\n");
  }
  EXPECT_EQ(ctl({"top"}).code, 5);
  EXPECT_EQ(ctl({"logs", "-f"}).code, 5);
}

TEST_F(CommandCtl, top_shows_servers_and_players_until_ctrl_c) {
  const Program proxy = start();
  const Player steve(proxy.endpoint(), first);
  Program top(DRAWBRIDGE_PROGRAM, {.arguments = {"ctl", "top"}, .folder = folder.path()});
  EXPECT_TRUE(eventually([&] { return top.output().contains("players 1,"); })) << top.output();
  EXPECT_TRUE(top.output().contains("PLAYER")) << top.output();
  top.signal(SIGINT);
  EXPECT_EQ(top.wait(), 0);
  EXPECT_EQ(top.errors(), "");
}

TEST_F(CommandCtl, route_live_is_the_running_proxys_answer) {
  const Program proxy = start();
  (void)proxy.endpoint();
  const Ended found = run({"route", "--live", "play.example", "--ip", "10.0.0.1"});
  EXPECT_EQ(found.code, 0) << found.errors;
  EXPECT_TRUE(found.output.contains("lobby")) << found.output;
  EXPECT_EQ(run({"route", "--live", "other.example"}).code, 4);
  EXPECT_EQ(run({"route", "--live", "play.example", "--listener", "nowhere"}).code, 2);
  ASSERT_EQ(run({"stop"}).code, 0);
  EXPECT_TRUE(eventually([&] { return run({"route", "--live", "play.example"}).code == 5; }));
}

TEST_F(CommandCtl, send_all_says_who_cannot_be_sent) {
  const Program proxy = start();
  const Player steve(proxy.endpoint(), first);
  folder.write("servers/other.toml", server_file("other.example", "127.0.0.1:1"));
  ASSERT_EQ(run({"reload"}).code, 0);
  const Ended sent = ctl({"send-all", "other", "--from", "lobby"});
  EXPECT_EQ(sent.code, 0) << sent.errors;
  EXPECT_TRUE(sent.output.contains("0 players are on the way to other; 1 are not")) << sent.output;
  EXPECT_EQ(ctl({"send-all", "nowhere"}).code, 2);
  EXPECT_EQ(ctl({"send-all", "other", "--from", "nowhere"}).code, 2);
}

}  // namespace
}  // namespace drawbridge::kit
