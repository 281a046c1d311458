// while_starting = "transfer", and "limbo" where bytes are forwarded: the player waits in the
// limbo, or where no world can be shown in the configuration phase, and is sent to come again when
// the server is ready.
#include <gtest/gtest.h>

#include "kit/fake_client.hpp"
#include "kit/fake_server.hpp"
#include "kit/limbo_player.hpp"
#include "kit/login_client.hpp"
#include "kit/sleepy_server.hpp"

namespace drawbridge::kit {
namespace {

struct Waiting {
  explicit Waiting(std::string_view keys = {}, std::vector<std::string> habits = {},
                   std::string_view server_keys = {}, std::string_view way = "transfer")
      : server(std::move(habits)),
        rig({.global = "accept_transfers = false\npermissions.admins = [\"Steve\"]\n"
                       "permissions.trust_offline_admins = true\n",
             .servers = {{"lobby", server.file("while_starting = \"" + std::string(way) + "\"\n" +
                                                   std::string(keys),
                                               "kick_messages.start_failed = \"broken\"\n"
                                               "kick_messages.starting = \"not yet\"\n" +
                                                   std::string(server_keys))}}}) {
    EXPECT_TRUE(rig.logged({"server state", "is=sleeping"}));
  }
  SleepyServer server;
  ProxyRig rig;
};

std::optional<std::string> comes_again(ProxyRig& rig, std::string_view player) {
  FakeClient client(rig.endpoint());
  client.wire.send(login_bytes("play.example", player, mc::v1_21_4, mc::Intent::transfer));
  return client.kicked();
}

std::optional<mc::Transfer> sent_to(LimboPlayer& player) {
  const auto packet = player.next(mc::Kind::transfer);
  if (!packet) return std::nullopt;
  const auto out = mc::decode<mc::Transfer>(packet->fields, player.link().version, Fault::proxy);
  return out ? std::optional(*out) : std::nullopt;
}

std::string last_words(LimboPlayer& player) {
  const auto kick = player.next(mc::Kind::kick_disconnect);
  return kick ? player.words_of(kick->fields, 0) : "(none)";
}

// Mods of these versions speak in configuration.
LoginClient modded(ProxyRig& rig) {
  LoginClient::Settings settings;
  settings.host = std::string("play.example\0FORGE", 18);
  return LoginClient(rig.endpoint(), settings);
}

class WakeTransferWays : public ::testing::TestWithParam<std::string_view> {};

TEST_P(WakeTransferWays, a_player_waits_in_the_limbo_and_is_sent_back) {
  Waiting one({}, {"--delay", "1"}, {}, GetParam());
  LimboPlayer steve(one.rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_TRUE(steve.next(mc::Kind::set_title_subtitle));
  const auto sent = sent_to(steve);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->host, "play.example");
  EXPECT_EQ(sent->port, 25565) << "what it had used";
  EXPECT_TRUE(steve.link().wire.ends());
  EXPECT_TRUE(one.rig.logged({"left", "sent to come again"}));
  EXPECT_EQ(comes_again(one.rig, "Steve"), "welcome Steve");
  EXPECT_EQ(one.server.starts(), 1U);
  // Only whom we sent: to anybody else's transfer the server says what it thinks of it.
  EXPECT_EQ(comes_again(one.rig, "Alex"), "transfers are off");
}

TEST_P(WakeTransferWays, older_clients_are_held) {
  Waiting one({}, {}, {}, GetParam());
  FakeClient client(one.rig.endpoint());
  client.log_in("play.example", "Steve", mc::v1_20_3);
  EXPECT_EQ(client.kicked(), "welcome Steve");
}

INSTANTIATE_TEST_SUITE_P(, WakeTransferWays, ::testing::Values("transfer", "limbo"),
                         [](const auto& way) { return std::string(way.param); });

// Nobody has checked who it is: whoever waits there can only wait.
TEST(WakeTransfer, who_waits_for_a_server_that_forwards_bytes_is_nobody_here) {
  FakeServer other;
  Waiting one({}, {"--delay", "30"});
  one.rig.await_change([&] {
    one.rig.write_server("other",
                         server_file("other.example", other.address(), "proxy_mode = \"offline\""));
  });
  LimboPlayer steve(one.rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  ASSERT_TRUE(steve.type("drawbridge list"));
  EXPECT_EQ(steve.hears(), "There are no commands here.");
  const std::string sent = one.rig.daemon().command("send Steve other").head;
  EXPECT_NE(sent.find("does not read packets"), std::string::npos) << sent;
}

TEST(WakeTransfer, a_player_waits_in_configuration_and_is_sent_back) {
  Waiting one({}, {"--delay", "1"});
  one.rig.daemon().proxy().services().hold_question_every = Duration(milliseconds(200));
  LoginClient client = modded(one.rig);
  ASSERT_TRUE(client.log_in().in);
  int kept_awake = 0;
  for (;;) {
    const auto packet = client.link.read();
    ASSERT_TRUE(packet);
    if (packet->kind == mc::Kind::transfer) {
      const auto sent = mc::decode<mc::Transfer>(packet->fields, client.link.version, Fault::proxy);
      ASSERT_TRUE(sent);
      EXPECT_EQ(sent->host, "play.example");
      EXPECT_EQ(sent->port, 25565) << "what it had used";
      break;
    }
    ASSERT_EQ(packet->kind, mc::Kind::keep_alive);
    const auto asked = mc::decode<mc::KeepAlive>(packet->fields, client.link.version, Fault::proxy);
    ASSERT_TRUE(asked && client.link.write(*asked));
    ++kept_awake;
  }
  EXPECT_GT(kept_awake, 1);
  EXPECT_TRUE(client.link.wire.ends());
  EXPECT_EQ(comes_again(one.rig, "Steve"), "welcome Steve");
  EXPECT_EQ(one.server.starts(), 1U);
  // Only whom we sent: to anybody else's transfer the server says what it thinks of it.
  EXPECT_EQ(comes_again(one.rig, "Alex"), "transfers are off");
}

// Settings and brand are said by every client at once.
TEST(WakeTransfer, what_a_client_says_by_itself_is_dropped_up_to_a_limit) {
  Waiting one({}, {"--delay", "1"});
  LoginClient client = modded(one.rig);
  ASSERT_TRUE(client.log_in().in);
  const auto say = [&] {
    return client.link.write(mc::CustomPayload{.channel = "minecraft:brand", .data = {}});
  };
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(say());
  const auto packet = client.link.read();
  ASSERT_TRUE(packet && packet->kind == mc::Kind::transfer);

  Waiting other({}, {"--delay", "30"});
  LoginClient chatty = modded(other.rig);
  ASSERT_TRUE(chatty.log_in().in);
  for (int i = 0; i < 80; ++i)
    if (!chatty.link.write(mc::CustomPayload{.channel = "minecraft:brand", .data = {}})) break;
  EXPECT_TRUE(other.rig.logged({"left while waiting for the server", "nobody asked for"}));
}

TEST(WakeTransfer, a_start_that_fails_is_told_in_the_phase_that_the_client_is_in) {
  Waiting one({}, {"--die", "3"});
  LoginClient client = modded(one.rig);
  ASSERT_TRUE(client.log_in().in);
  EXPECT_TRUE(client.link.expect<mc::ConfigurationDisconnect>().has_value());
  EXPECT_TRUE(one.rig.logged({"start_failed", "Steve"}));

  Waiting two({}, {"--die", "3"});
  LimboPlayer steve(two.rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(last_words(steve), "broken");
}

TEST(WakeTransfer, transfer_to_names_another_door) {
  Waiting one("transfer_to = \"other.example:25599\"");
  LimboPlayer steve(one.rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  const auto sent = sent_to(steve);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->host, "other.example");
  EXPECT_EQ(sent->port, 25599);
}

TEST(WakeTransfer, who_leaves_meanwhile_leaves_nothing_behind) {
  Waiting one({}, {"--delay", "1"});
  {
    LoginClient client = modded(one.rig);
    ASSERT_TRUE(client.log_in().in);
    LimboPlayer alex(one.rig.endpoint(), {.login = {.player = "Alex"}});
    ASSERT_TRUE(alex.enter()) << alex.kicked;
  }
  EXPECT_TRUE(one.rig.logged({"left while waiting for the server", "Steve"}));
  EXPECT_TRUE(one.rig.logged({"left", "Alex"}));
  EXPECT_TRUE(eventually([&] { return one.rig.daemon().proxy().connections() == 0; }));
}

TEST(WakeTransfer, hold_timeout_ends_the_waiting) {
  Waiting one("hold_timeout = \"1s\"", {"--delay", "30"});
  LoginClient client = modded(one.rig);
  ASSERT_TRUE(client.log_in().in);
  LimboPlayer alex(one.rig.endpoint(), {.login = {.player = "Alex"}});
  ASSERT_TRUE(alex.enter()) << alex.kicked;
  EXPECT_TRUE(client.link.expect<mc::ConfigurationDisconnect>().has_value());
  EXPECT_EQ(last_words(alex), "not yet");
}

TEST(WakeTransfer, intercepted_players_come_again_too) {
  Waiting one({}, {}, "proxy_mode = \"offline\"");
  LimboPlayer steve(one.rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(steve.client.success->uuid, offline_uuid("Steve"));
  ASSERT_TRUE(sent_to(steve));
  EXPECT_EQ(comes_again(one.rig, "Steve"), "welcome Steve");
  EXPECT_EQ(comes_again(one.rig, "Alex").value_or(""),
            "This server does not take players who were sent here by another one.");
}

// However short shutdown_after is.
TEST(WakeTransfer, a_server_waits_for_those_who_are_to_come_again) {
  Waiting one("shutdown_after = \"100ms\"");
  LimboPlayer steve(one.rig.endpoint(), {});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  ASSERT_TRUE(sent_to(steve));
  EXPECT_TRUE(steve.link().wire.ends());
  EXPECT_EQ(comes_again(one.rig, "Steve"), "welcome Steve");
  EXPECT_EQ(one.rig.log_lines({"is=stopping"}), 0U);
}

}  // namespace
}  // namespace drawbridge::kit
