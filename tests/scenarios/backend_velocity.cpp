// Velocity's forwarding: a backend asks who the player is and gets an answer that it can check. The
// backend here reads answers to the letter of that protocol (kit/player_info_request.hpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "kit/backend_door.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

// --- Which version is answered ---

struct Asked {
  mc::Version client;
  int reads;    // the byte in the request; 0: no payload
  int answers;  // the version of the answer
};

class BackendVelocityVersion : public ::testing::TestWithParam<Asked> {};

TEST_P(BackendVelocityVersion, an_unverified_player_is_announced_by_address_name_and_offline_uuid) {
  const Asked& asked = GetParam();
  BackendDoor door({.forwarding = "velocity"});
  LoginClient client = door.client(asked.client);
  LoginBackend backend = door.backend();
  const auto who = ask_who(backend.link, asked.reads == 0 ? ByteBuffer{} : reads_up_to(asked.reads),
                           door.secret);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->version, asked.answers);
  EXPECT_EQ(who->address, "127.0.0.1");
  EXPECT_EQ(who->uuid, offline_uuid("Steve"));
  EXPECT_EQ(who->name, "Steve");
  EXPECT_TRUE(who->properties.empty());
  EXPECT_FALSE(who->key);
  EXPECT_EQ(backend.hello.host, "play.example") << "nothing of it in the handshake";
  ASSERT_TRUE(say_success(backend));
  EXPECT_TRUE(client.log_in().in) << "the client was asked something, or not let in";
}

INSTANTIATE_TEST_SUITE_P(
    Versions, BackendVelocityVersion,
    ::testing::Values(Asked{mc::v1_13, 0, 1}, Asked{mc::v1_13, 4, 1}, Asked{mc::v1_16, 1, 1},
                      Asked{mc::v1_18_2, 4, 1}, Asked{mc::v1_19, 4, 1}, Asked{mc::v1_19_1, 4, 1},
                      Asked{mc::v1_19_3, 0, 1}, Asked{mc::v1_19_3, 3, 1}, Asked{mc::v1_19_3, 4, 4},
                      Asked{mc::v1_20_2, 4, 4}, Asked{mc::v1_20_5, 4, 4}, Asked{mc::v1_21_11, 0, 1},
                      Asked{mc::newest_known, 4, 4}, Asked{mc::newest_known, 9, 4},
                      Asked{mc::newest_known, 200, 1}),
    [](const auto& asked) {
      return fmt::format("client_{}_reads_{}", mc::number(asked.param.client), asked.param.reads);
    });

struct Keyed {
  mc::Version client;
  int reads;
  int answers;
};

class BackendVelocityKey : public ::testing::TestWithParam<Keyed> {};

// The proxy checks nothing of the key in these versions but its form: what it says is the backend's
// to believe.
TEST_P(BackendVelocityKey, the_key_of_a_verified_player_goes_on) {
  const Keyed& asked = GetParam();
  BackendDoor door({.mode = "client_only", .forwarding = "velocity"});
  LoginClient::Settings player = door.player(asked.client);
  player.key = mc::LoginKey{
      .expires_ms = 1'900'000'000'000, .key = {1, 2, 3, 4}, .signature = {5, 6, 7, 8, 9}};
  LoginClient client = door.client(player);
  LoginBackend backend = door.backend();
  ASSERT_TRUE(backend.start.key) << "not in the login start";
  EXPECT_EQ(backend.start.key->key, player.key->key);
  EXPECT_EQ(backend.start.key->signature, player.key->signature);
  if (asked.client >= mc::v1_19_1) EXPECT_EQ(backend.start.uuid, account_uuid("Steve"));
  const auto who = ask_who(backend.link, reads_up_to(asked.reads), door.secret);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->version, asked.answers);
  EXPECT_EQ(who->key.has_value(), asked.answers == 2 || asked.answers == 3);
  if (who->key) {
    EXPECT_EQ(who->key->expires_ms, player.key->expires_ms);
    EXPECT_EQ(who->key->key, player.key->key);
    EXPECT_EQ(who->key->signature, player.key->signature);
  }
  EXPECT_EQ(who->signer, asked.answers == 3 ? std::optional(account_uuid("Steve")) : std::nullopt);
  ASSERT_TRUE(say_success(backend, account_uuid("Steve")));
  EXPECT_TRUE(client.log_in().in);
}

INSTANTIATE_TEST_SUITE_P(Versions, BackendVelocityKey,
                         ::testing::Values(Keyed{mc::v1_19, 1, 1}, Keyed{mc::v1_19, 2, 2},
                                           Keyed{mc::v1_19, 4, 2}, Keyed{mc::v1_19_1, 2, 1},
                                           Keyed{mc::v1_19_1, 3, 3}, Keyed{mc::v1_19_1, 4, 3}),
                         [](const auto& asked) {
                           return fmt::format("client_{}_reads_{}", mc::number(asked.param.client),
                                              asked.param.reads);
                         });

TEST(BackendVelocity, a_verified_player_is_announced_with_account_and_skin) {
  BackendDoor door({.mode = "client_only", .forwarding = "velocity"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  EXPECT_EQ(backend.start.uuid, account_uuid("Steve"));
  const auto who = ask_who(backend.link, reads_up_to(4), door.secret);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->version, 4);
  EXPECT_EQ(who->uuid, account_uuid("Steve"));
  ASSERT_EQ(who->properties.size(), 1U);
  EXPECT_EQ(who->properties[0], (mc::Property{"textures", "dGV4", "c2ln"}));
  ASSERT_TRUE(say_success(backend, who->uuid));
  ASSERT_TRUE(client.log_in().in);
  EXPECT_EQ(client.success->uuid, account_uuid("Steve"));
}

TEST(BackendVelocity, the_player_behind_a_balancer_is_announced_by_its_own_address) {
  BackendDoor door({.forwarding = "velocity",
                    .global = "receive_proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]"});
  Wire wire = Wire::connect(door.rig().endpoint());
  wire.send("PROXY TCP6 2001:db8::7 2001:db8::1 4000 25565\r\n");
  wire.send(login_bytes("play.example", "Steve"));
  LoginBackend backend = door.backend();
  const auto who = ask_who(backend.link, {}, door.secret);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->address, "2001:db8::7");
}

// --- Never weaker than configured ---

TEST(BackendVelocity, a_backend_that_does_not_ask_gets_no_players) {
  BackendDoor door({.forwarding = "velocity"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(say_success(backend));
  const auto outcome = client.log_in();
  EXPECT_FALSE(outcome.in);
  EXPECT_THAT(outcome.kicked, HasSubstr("does not ask who you are"));
  EXPECT_TRUE(door.rig().logged({"backend did not ask for forwarding", "velocity", "Steve"}));
  EXPECT_TRUE(backend.link.wire.ends());
}

TEST(BackendVelocity,
     a_client_without_login_plugin_messages_is_told_so_and_the_backend_left_alone) {
  BackendDoor door({.forwarding = "velocity"});
  LoginClient client = door.client(mc::v1_12_2);
  const auto outcome = client.log_in();
  EXPECT_FALSE(outcome.in);
  EXPECT_NE(outcome.kicked, "");
  EXPECT_TRUE(door.rig().logged({"client cannot be announced", "1.13"}));
  EXPECT_TRUE(door.backend_is_left_alone());
}

class BackendVelocityUnexpected : public ::testing::TestWithParam<std::string> {};

TEST_P(BackendVelocityUnexpected, a_backend_that_asks_without_being_meant_to_is_explained) {
  BackendDoor door({.forwarding = GetParam()});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(send_who(backend.link, reads_up_to(4)));
  const auto outcome = client.log_in();
  EXPECT_FALSE(outcome.in) << "the client was asked";
  EXPECT_THAT(outcome.kicked, HasSubstr("Velocity"));
  EXPECT_TRUE(door.rig().logged(
      {"backend asks for forwarding", "forwarding_mode is '" + GetParam() + "'", "Steve"}))
      << door.rig().whole_log();
  EXPECT_TRUE(backend.link.wire.ends()) << "it was answered";
}

INSTANTIATE_TEST_SUITE_P(Modes, BackendVelocityUnexpected,
                         ::testing::Values("none", "bungee_cord", "bungee_guard"),
                         [](const auto& mode) { return mode.param; });

TEST(BackendVelocity, a_backend_with_another_secret_is_explained_and_speaks_for_itself) {
  BackendDoor door({.forwarding = "velocity"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(send_who(backend.link, reads_up_to(4)));
  const auto answer = receive_who(backend.link);
  ASSERT_TRUE(answer);
  ASSERT_FALSE(is_signed(*answer, "another secret"));
  ASSERT_TRUE(say_no(backend, R"({"text":"Unable to verify player details"})"));
  EXPECT_EQ(client.log_in().kicked, "Unable to verify player details");
  EXPECT_TRUE(door.rig().logged({"backend refused the player", "another forwarding secret"}));
}

TEST(BackendVelocity, the_secret_is_nowhere_but_in_its_file) {
  BackendDoor door({.forwarding = "velocity"});
  ASSERT_EQ(door.secret.size(), 32U);
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(ask_who(backend.link, reads_up_to(4), door.secret));
  ASSERT_TRUE(say_success(backend));
  ASSERT_TRUE(client.log_in().in);
  EXPECT_EQ(door.rig().log_lines({door.secret}), 0U);
}

TEST(BackendVelocity, a_secret_that_was_exchanged_signs_from_the_next_reload_on) {
  BackendDoor door({.forwarding = "velocity"});
  door.rig().folder().write("forwarding.secret", "as the operator typed it\n");
  door.rig().daemon().reload();
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  EXPECT_TRUE(ask_who(backend.link, reads_up_to(1), "as the operator typed it"));
}

// Compression that begins before the question: the answer has the compressed form.
TEST(BackendVelocity, a_backend_may_compress_before_it_asks) {
  BackendDoor door({.mode = "client_only", .forwarding = "velocity"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(backend.link.write(mc::Compress{.threshold = 16}));
  backend.link.threshold = {16};
  ASSERT_TRUE(ask_who(backend.link, reads_up_to(4), door.secret));
  ASSERT_TRUE(say_success(backend));
  EXPECT_TRUE(client.log_in().in);
  EXPECT_EQ(client.link.threshold.bytes, 16);
}

}  // namespace
}  // namespace drawbridge::kit
