// Waiting in the limbo for a server that sleeps (`while_starting = "limbo"`), or that went away
// (`reconnect`).
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "kit/fake_server.hpp"
#include "kit/limbo_player.hpp"
#include "kit/sleepy_server.hpp"
#include "mc/status.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view limbo = "while_starting = \"limbo\"\n";
constexpr std::string_view offline = "proxy_mode = \"offline\"\n";

std::string last_words(LimboPlayer& player) {
  const auto kick = player.next(mc::Kind::kick_disconnect);
  return kick ? player.words_of(kick->fields, 0) : "(none)";
}

TEST(LimboWake, shows_how_far_the_start_is) {
  const SleepyServer server({"--delay", "30"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file(limbo, offline)}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  const auto subtitle = steve.next(mc::Kind::set_title_subtitle);
  ASSERT_TRUE(subtitle);
  EXPECT_NE(steve.words_of(subtitle->fields, 0).find("is "), std::string::npos);
  EXPECT_TRUE(steve.next(mc::Kind::boss_bar));
  EXPECT_TRUE(eventually([&] { return server.starts() == 1; }));
}

TEST(LimboWake, tells_those_who_may_not_wake_it) {
  const SleepyServer server;
  const std::string keys = std::string(limbo) + "wake_deny = [\"Steve\"]\n";
  ProxyRig rig({.global = "[kick_messages]\nwake_denied = \"not you\"\n",
                .servers = {{"lobby", server.file(keys, offline)}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(last_words(steve), "not you");
  EXPECT_EQ(server.starts(), 0U);
}

TEST(LimboWake, tells_that_the_start_has_failed) {
  const SleepyServer server({"--die", "3"});
  ProxyRig rig({.global = "[kick_messages]\nstart_failed = \"it broke\"\n",
                .servers = {{"lobby", server.file(limbo, offline)}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(last_words(steve), "it broke");
}

TEST(LimboWake, ends_with_hold_timeout) {
  const SleepyServer server({"--delay", "30"});
  const std::string keys = std::string(limbo) + "hold_timeout = \"1s\"\n";
  ProxyRig rig({.global = "[kick_messages]\nstarting = \"not yet\"\n",
                .servers = {{"lobby", server.file(keys, offline)}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(last_words(steve), "not yet");
}

// Its mods are negotiated in login, with the server itself.
TEST(LimboWake, holds_forge_clients_in_their_login) {
  const SleepyServer server;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file(limbo, offline)}}});
  LimboPlayer::Settings settings{.login = {.version = mc::v1_16_4}};
  settings.login.host = std::string("play.example\0FML2\0", 18);
  LimboPlayer steve(rig.endpoint(), settings);
  EXPECT_FALSE(steve.enter());
  EXPECT_NE(steve.kicked.find("welcome Steve"), std::string::npos) << steve.kicked;
  EXPECT_EQ(server.starts(), 1U);
}

TEST(LimboWake, a_player_may_wait_for_a_server_that_is_down_and_not_for_ever) {
  FakeServer gone;
  const std::string address = gone.address();
  gone.close();
  ProxyRig rig({.global = "[limbo]\nreconnect_for = \"1s\"\n[kick_messages]\noffline = \"gone\"\n",
                .servers = {{"game", server_file("play.example", address,
                                                 "proxy_mode = \"offline\"\n"
                                                 "limbo_handlers = [\"reconnect\"]\n")}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(last_words(steve), "gone");
  EXPECT_TRUE(rig.logged({"left", "limbo.reconnect_for"}));
}

// The test's server sends whoever logs in off with these words: it was asked as soon as it was
// ready.
TEST(LimboWake, sends_the_player_on_when_the_server_is_ready) {
  const SleepyServer server({"--delay", "1"});
  ProxyRig rig({.global = {}, .servers = {{"lobby", server.file(limbo, offline)}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(last_words(steve), "welcome Steve");
  EXPECT_EQ(server.starts(), 1U);
}

TEST(LimboWake, brings_players_back_to_a_server_that_answers_again) {
  FakeServer gone;
  const auto where = Endpoint{
      *IpAddress::parse("127.0.0.1"),
      static_cast<std::uint16_t>(std::stoi(gone.address().substr(gone.address().find(':') + 1)))};
  gone.close();
  ProxyRig rig({.global = {},
                .servers = {{"game", server_file("play.example", where.text(),
                                                 "proxy_mode = \"offline\"\n"
                                                 "limbo_handlers = [\"reconnect\"]\n")}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  std::thread serving([&] {
    Harbour again("127.0.0.1", 128, where.port);
    for (;;) {
      Wire wire = again.accept();
      ASSERT_TRUE(wire.open());
      LoginBackend backend(std::move(wire));
      if (backend.hello.wants_status()) {
        backend.link.wire.send(mc::status_response_frame("{}"));
        continue;
      }
      EXPECT_TRUE(backend.let_in(256));
      return;
    }
  });
  EXPECT_TRUE(steve.next(mc::Kind::start_configuration));
  EXPECT_TRUE(steve.link().write(mc::ConfigurationAcknowledged{}));
  serving.join();
  EXPECT_TRUE(rig.logged({"session", "moved"}));
}

TEST(LimboWake, a_start_that_fails_leads_to_the_fallback) {
  const SleepyServer server({"--die", "3"});
  FakeServer other;
  ProxyRig rig(
      {.global = {},
       .servers = {
           {"lobby", server.file(limbo, std::string(offline) + "fallback = [\"other\"]\n")},
           {"other", server_file("other.example", other.address(), std::string(offline))}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  std::optional<LoginBackend> backend;  // stays for as long as the test
  std::thread serving([&] {
    backend.emplace(other.accept());
    EXPECT_TRUE(backend->let_in(256));
  });
  EXPECT_TRUE(steve.next(mc::Kind::start_configuration));
  EXPECT_TRUE(steve.link().write(mc::ConfigurationAcknowledged{}));
  serving.join();
}

TEST(LimboWake, the_time_limit_may_lead_to_the_fallback) {
  FakeServer other;
  ProxyRig rig({.global = "[limbo]\ntime_limit = \"1s\"\nthen = \"fallback\"\n",
                .servers = {{"waiting",
                             "limbo = true\ndomains = [\"play.example\"]\n"
                             "fallback = [\"other\"]\n"},
                            {"other", server_file("other.example", other.address(),
                                                  std::string(offline))}}});
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  std::optional<LoginBackend> backend;  // stays for as long as the test
  std::thread serving([&] {
    backend.emplace(other.accept());
    EXPECT_TRUE(backend->let_in(256));
  });
  EXPECT_TRUE(steve.next(mc::Kind::start_configuration));
  EXPECT_TRUE(steve.link().write(mc::ConfigurationAcknowledged{}));
  serving.join();
}

TEST(LimboWake, holds_players_whose_server_died) {
  FakeServer game;
  ProxyRig rig({.global = {},
                .servers = {{"game", server_file("play.example", game.address(),
                                                 "proxy_mode = \"offline\"\n"
                                                 "limbo_handlers = [\"reconnect\"]\n")}}});
  LimboPlayer steve(rig.endpoint(), {});
  std::optional<LoginBackend> backend;
  std::thread serving([&] {
    backend.emplace(game.accept());
    EXPECT_TRUE(backend->let_in(256));
    EXPECT_TRUE(backend->link.write(mc::FinishConfiguration{}));
    EXPECT_TRUE(backend->link.expect<mc::FinishConfiguration>());
  });
  ASSERT_TRUE(steve.client.log_in().in);
  EXPECT_TRUE(steve.link().expect<mc::FinishConfiguration>());
  EXPECT_TRUE(steve.link().write(mc::FinishConfiguration{}));
  steve.link().state = mc::State::play;
  serving.join();
  game.close();
  backend->link.wire.close();
  EXPECT_TRUE(steve.enter_again());
  EXPECT_TRUE(rig.logged({"session", "moved"}));
  const auto title = steve.next(mc::Kind::set_title_text);
  ASSERT_TRUE(title);
  EXPECT_EQ(steve.words_of(title->fields, 0), "game");
}

}  // namespace
}  // namespace drawbridge::kit
