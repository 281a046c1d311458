// Who may log in at an intercepted server at all: names, transfers, Bedrock players, old clients,
// and how long it may take. Each refusal says why.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/login_client.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

Door offline_door(const std::string& global = {}) {
  return Door("play.example", {.server = "proxy_mode = \"offline\"", .global = global});
}

// Gets as far as the backend's hello.
bool arrives(Door& door, LoginClient::Settings settings) {
  LoginClient client(door.rig.endpoint(), std::move(settings));
  Wire backend = door.backend.accept();
  return backend.open() && FakeServer::read_hello(backend).has_value();
}

std::string kick(Door& door, LoginClient::Settings settings) {
  LoginClient client(door.rig.endpoint(), std::move(settings));
  const std::string words = client.log_in().kicked;
  EXPECT_TRUE(client.link.wire.ends());
  EXPECT_FALSE(door.backend.accept(Duration::zero()).open()) << "reached the backend";
  return words;
}

constexpr std::string_view bad_name = "Your name is not one that this server takes.";

TEST(LoginNames, are_those_of_accounts) {
  Door door = offline_door();
  for (const char* good : {"abc", "_Steve_", "0123456789abcdef"})
    EXPECT_TRUE(arrives(door, {.player = good})) << good;
  for (const char* bad : {"ab", "a b c", ".Steve", "St\xc3\xa9ve", "a-b-c", "a\"b\"c"})
    EXPECT_EQ(kick(door, {.player = bad}), bad_name) << bad;
  EXPECT_TRUE(door.rig.logged({"invalid_name", "auth.names"}));
}

TEST(LoginNames, may_be_laxer) {
  Door door = offline_door("auth.names = \"lax\"\n");
  for (const char* good : {"a", ".Steve", "a-b"})
    EXPECT_TRUE(arrives(door, {.player = good})) << good;
  EXPECT_EQ(kick(door, {.player = "a b"}), bad_name);
}

TEST(LoginUuid, is_made_from_the_name_or_as_claimed) {
  {
    Door door = offline_door();
    LoginClient client(door.rig.endpoint(), {});
    LoginBackend backend(door.backend.accept());
    EXPECT_EQ(backend.start.uuid, offline_uuid("Steve"));
  }
  Door door = offline_door("auth.offline_uuid = \"client\"\n");
  LoginClient client(door.rig.endpoint(), {});
  LoginBackend backend(door.backend.accept());
  EXPECT_EQ(backend.start.uuid, account_uuid("Steve")) << "what this client claims";
}

// --- Transfers ---

// The backend is told of a login: servers refuse transfers by default.
TEST(LoginTransfers, are_taken_and_arrive_as_logins) {
  Door door = offline_door();
  LoginClient client(door.rig.endpoint(), {.intent = mc::Intent::transfer});
  LoginBackend backend(door.backend.accept());
  EXPECT_EQ(backend.hello.kind, mc::HelloKind::login);
}

TEST(LoginTransfers, can_be_refused) {
  Door door = offline_door("accept_transfers = false\n");
  EXPECT_THAT(kick(door, {.intent = mc::Intent::transfer}), HasSubstr("sent here by another one"));
  EXPECT_TRUE(arrives(door, {}));
  // Who was sent here by ourselves comes back to where he was.
  door.rig.daemon().proxy().services().transfers.note(*IpAddress::parse("127.0.0.1"), "Steve",
                                                      Clock::now());
  EXPECT_TRUE(arrives(door, {.intent = mc::Intent::transfer}));
}

// --- Bedrock players ---

std::string floodgate_host() {
  return std::string("play.example") + '\0' + "^Floodgate^>encrypted";
}

TEST(LoginBedrock, players_have_no_account_to_verify) {
  SessionServer session;
  Door door("play.example", {.server = "proxy_mode = \"client_only\"", .global = session.config()});
  EXPECT_THAT(kick(door, {.host = floodgate_host(), .player = ".Steve"}), HasSubstr("Bedrock"));
  EXPECT_TRUE(door.rig.logged({"bedrock_refused", "Floodgate"}));
  EXPECT_TRUE(session.requests().empty());
}

TEST(LoginBedrock, players_get_in_where_nobody_is_verified) {
  Door door = offline_door();
  LoginClient client(door.rig.endpoint(), {.host = floodgate_host(), .player = ".A Name"});
  LoginBackend backend(door.backend.accept());
  EXPECT_THAT(backend.hello.host, HasSubstr("^Floodgate^>encrypted"));
  EXPECT_EQ(backend.hello.player, ".A Name");
}

// --- Time ---

// One deadline for all of the login, not one a read.
TEST(LoginTime, peers_fault_6_is_limited_as_a_whole) {
  SessionServer session;
  Door door("play.example", {.server = "proxy_mode = \"client_only\"",
                             .global = session.config() + "limits.login_timeout = \"5s\"\n"});
  LoginClient client(door.rig.endpoint(), {});
  ASSERT_TRUE(client.link.expect<mc::EncryptionRequest>());
  // A frame that never ends, a byte at a time.
  client.link.write_raw({0x40});
  EXPECT_EQ(client.log_in().kicked, "Logging in took too long. Please try again.");
  EXPECT_TRUE(door.rig.logged({"login_timed_out"}));
}

// The client is in configuration from the moment that it has its success.
TEST(LoginTime, ends_with_words_even_if_success_is_never_acknowledged) {
  Door door("play.example",
            {.server = "proxy_mode = \"offline\"", .global = "limits.login_timeout = \"5s\"\n"});
  LoginClient client(door.rig.endpoint(), {});
  LoginBackend backend(door.backend.accept());
  ASSERT_TRUE(backend.link.write(
      mc::LoginSuccess{.uuid = offline_uuid("Steve"), .player = "Steve", .properties = {}}));
  ASSERT_TRUE(client.link.expect<mc::LoginSuccess>());
  client.link.state = mc::State::configuration;
  const auto kick = client.link.expect<mc::ConfigurationDisconnect>();
  ASSERT_TRUE(kick);
  const auto words = mc::read_wire_text(kick->reason, client.link.version, Fault::proxy);
  ASSERT_TRUE(words);
  EXPECT_EQ(mc::to_plain(*words), "Logging in took too long. Please try again.");
  EXPECT_TRUE(backend.link.wire.ends());
}

// What a client sends right behind its acknowledgement, in the same segment, is not lost.
TEST(LoginTime, packets_behind_the_acknowledgement_arrive) {
  Door door = offline_door();
  LoginClient client(door.rig.endpoint(), {});
  LoginBackend backend(door.backend.accept());
  ASSERT_TRUE(backend.link.write(
      mc::LoginSuccess{.uuid = offline_uuid("Steve"), .player = "Steve", .properties = {}}));
  ASSERT_TRUE(client.link.expect<mc::LoginSuccess>());
  const auto acknowledged = mc::encode_frame(0x03, mc::LoginAcknowledged{}, client.link.version);
  mc::CustomPayload brand;
  brand.channel = "minecraft:brand";
  const auto sent = mc::encode_frame(0x02, brand, client.link.version);
  ASSERT_TRUE(acknowledged && sent);
  ByteBuffer both = *acknowledged;
  both.insert(both.end(), sent->begin(), sent->end());
  client.link.write_raw(both);
  ASSERT_TRUE(backend.link.expect<mc::LoginAcknowledged>());
  backend.link.state = mc::State::configuration;
  const auto got = backend.link.expect<mc::CustomPayload>();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->channel, "minecraft:brand");
}

TEST(LoginTime, setup_timeout_does_not_count_for_it) {
  SessionServer session;
  Door door("play.example", {.server = "proxy_mode = \"client_only\"",
                             .global = session.config() + "limits.setup_timeout = \"1s\"\n"});
  LoginClient client(door.rig.endpoint(), {.session = &session});
  const auto asked = client.link.expect<mc::EncryptionRequest>();
  ASSERT_TRUE(asked);
  EXPECT_TRUE(client.link.wire.stays_quiet(milliseconds(1200)));
}

// --- The end of a login that is cut off ---

TEST(LoginCutOff, a_client_that_leaves_takes_everything_along) {
  SessionServer session;
  Door door("play.example", {.server = "proxy_mode = \"client_only\"", .global = session.config()});
  session.answer_next({std::string(SessionServer::hang)});
  {
    LoginClient client(door.rig.endpoint(), {.session = &session});
    ASSERT_TRUE(client.answer_encryption());
    ASSERT_TRUE(eventually([&] { return !session.requests().empty(); }));
  }
  LoginClient other(door.rig.endpoint(), {.player = "Alex"});
  ASSERT_TRUE(other.link.expect<mc::EncryptionRequest>());
  other.link.wire.close();
  EXPECT_TRUE(door.rig.logged({"left while logging in", "Alex"}));
}

TEST(LoginCutOff, the_proxy_may_stop_while_players_log_in) {
  SessionServer session;
  Door door("play.example", {.server = "proxy_mode = \"client_only\"", .global = session.config()});
  session.answer_next({std::string(SessionServer::hang)});
  LoginClient asking(door.rig.endpoint(), {.session = &session});
  ASSERT_TRUE(asking.answer_encryption());
  LoginClient encrypting(door.rig.endpoint(), {.player = "Alex"});
  ASSERT_TRUE(encrypting.link.expect<mc::EncryptionRequest>());
  ASSERT_TRUE(eventually([&] { return !session.requests().empty(); }));
  door.rig.daemon().stop(Duration::zero());
  EXPECT_EQ(door.rig.daemon().wait(), 0);
  EXPECT_EQ(asking.log_in().kicked, "The proxy is shutting down.");
  EXPECT_EQ(encrypting.log_in().kicked, "The proxy is shutting down.");
}

}  // namespace
}  // namespace drawbridge::kit
