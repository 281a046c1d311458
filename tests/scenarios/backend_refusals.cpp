// Backends that do not let a player in: what the player reads, what the operator reads, and who
// stands in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/backend_door.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

// The component as the client got it.
std::string raw_reason(LoginClient& client) {
  const auto words = client.link.expect<mc::LoginDisconnect>();
  return words ? words->reason : "";
}

class BackendRefusalWords : public ::testing::TestWithParam<std::string> {};

TEST_P(BackendRefusalWords, peers_fault_16_a_reason_is_passed_on_once_and_as_it_is) {
  for (const std::string mode : {"offline", "client_only"}) {
    for (const mc::Version version : {mc::v1_7_6, mc::v1_20, mc::newest_known}) {
      BackendDoor door({.mode = mode});
      LoginClient client = door.client(version);
      LoginBackend backend = door.backend();
      ASSERT_TRUE(say_no(backend, GetParam()));
      EXPECT_EQ(raw_reason(client), GetParam()) << mode << ' ' << mc::release_name(version);
      EXPECT_TRUE(client.link.wire.ends());
      EXPECT_TRUE(backend.link.wire.ends());
      EXPECT_TRUE(door.rig().logged({"backend refused the player", "Steve"}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, BackendRefusalWords,
    ::testing::Values(R"({"text":"You are banned: griefing"})", R"("only a string")",
                      R"({"translate":"multiplayer.disconnect.not_whitelisted"})",
                      R"({"text":"","extra":[{"text":"a","color":"#ff8800"},{"text":"b"}]})",
                      R"({"text":"no§cway \"quoted\" \u00e9"})"),
    [](const auto& reason) { return fmt::format("reason_{}", reason.index); });

TEST(BackendRefusal, the_log_has_the_words_without_their_dress) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(say_no(backend, R"({"text":"You are ","extra":[{"text":"banned"}]})"));
  EXPECT_EQ(client.log_in().kicked, "You are banned");
  EXPECT_TRUE(door.rig().logged({"backend refused the player", "\"You are banned\""}));
}

TEST(BackendRefusal, a_reason_after_compression_began_is_read_too) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(backend.link.write(mc::Compress{.threshold = 0}));
  backend.link.threshold = {0};
  ASSERT_TRUE(say_no(backend, R"({"text":"late"})"));
  EXPECT_EQ(client.log_in().kicked, "late");
}

class BackendOnlineMode : public ::testing::TestWithParam<std::string> {};

TEST_P(BackendOnlineMode, is_recognised_and_explained) {
  BackendDoor door({.mode = GetParam()});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(backend.link.write(mc::EncryptionRequest{
      .server_id = "", .public_key = ByteBuffer(162), .verify_token = {1, 2, 3, 4}}));
  const auto outcome = client.log_in();
  EXPECT_FALSE(outcome.in);
  EXPECT_THAT(outcome.kicked, HasSubstr("online mode"));
  EXPECT_TRUE(door.rig().logged({"backend is in online mode", "online-mode=false"}));
}

INSTANTIATE_TEST_SUITE_P(Modes, BackendOnlineMode, ::testing::Values("offline", "client_only"),
                         [](const auto& mode) { return mode.param; });

TEST(BackendRefusal, a_backend_that_enforces_secure_profiles_is_explained) {
  BackendDoor door({.mode = "client_only"});
  LoginClient client = door.client(mc::v1_19_1);
  LoginBackend backend = door.backend();
  ASSERT_TRUE(say_no(backend, R"({"translate":"multiplayer.disconnect.missing_public_key"})"));
  EXPECT_THAT(raw_reason(client), HasSubstr("missing_public_key"));
  EXPECT_TRUE(door.rig().logged({"backend refused the player", "enforce-secure-profile=false"}));
}

// The key was signed for the account, and a backend that knows the player by the offline UUID
// would refuse it.
TEST(BackendRefusal, a_key_does_not_go_where_the_account_does_not) {
  BackendDoor door({.mode = "client_only", .forwarding = "none"});
  LoginClient::Settings player = door.player(mc::v1_19_1);
  player.key = mc::LoginKey{.expires_ms = 1'900'000'000'000, .key = {1, 2}, .signature = {3}};
  LoginClient client = door.client(player);
  LoginBackend backend = door.backend();
  EXPECT_FALSE(backend.start.key);
}

// Minestom, without forwarding, takes the UUID of the login start.
TEST(BackendRefusal, chat_keys_go_where_the_uuid_of_success_is_the_accounts) {
  for (const bool knows : {false, true}) {
    BackendDoor door({.mode = "client_only", .forwarding = "none"});
    LoginClient client = door.client(mc::v1_19_3);
    LoginBackend backend = door.backend();
    ASSERT_TRUE(say_success(backend, knows ? account_uuid("Steve") : offline_uuid("Steve")));
    ASSERT_TRUE(client.log_in().in);
    const auto id = mc::id_map(mc::v1_19_3, mc::State::play, mc::Bound::server)
                        .id(mc::Kind::chat_session_update);
    ASSERT_TRUE(id);
    const ByteBuffer update{static_cast<Byte>(*id), 1, 2, 3};
    const ByteBuffer other{0x7F, 1};
    ASSERT_TRUE(client.link.write_body(update));
    ASSERT_TRUE(client.link.write_body(other));
    const auto next = backend.link.read();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->body, knows ? update : other);
  }
}

TEST(BackendRefusal, a_backend_that_hangs_up_is_a_backend_that_is_not_there) {
  BackendDoor door({.server = "disconnect_message = \"come back later\""});
  LoginClient client = door.client();
  door.backend().link.wire.close();
  EXPECT_EQ(client.log_in().kicked, "come back later");
  EXPECT_TRUE(door.rig().logged({"login at the backend failed", "closed by the server"}));
}

TEST(BackendRefusal, a_backend_that_is_silent_has_the_time_for_logging_in) {
  BackendDoor door({.global = "limits.login_timeout = \"5s\""});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  EXPECT_NE(client.log_in().kicked, "");
  EXPECT_TRUE(door.rig().logged({"login at the backend failed", "in time"}));
}

struct Nonsense {
  std::string_view name;
  ByteBuffer bytes;
};

ByteBuffer bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

class BackendNonsense : public ::testing::TestWithParam<Nonsense> {};

TEST_P(BackendNonsense, ends_that_login_with_a_readable_kick) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(backend.link.write_raw(GetParam().bytes));
  EXPECT_NE(client.log_in().kicked, "");
  EXPECT_TRUE(backend.link.wire.ends());
  EXPECT_TRUE(door.rig().logged({"login at the backend failed"}));
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, BackendNonsense,
    ::testing::Values(Nonsense{"http",
                               bytes_of("HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; "
                                        "charset=utf-8\r\nConnection: close\r\n\r\n")},
                      Nonsense{"empty_frame", {0x00}},
                      Nonsense{"endless_length", {0xFF, 0xFF, 0xFF, 0xFF}},
                      Nonsense{"unknown_packet", {0x02, 0x7E, 0x00}},
                      Nonsense{"success_cut_short", {0x03, 0x02, 0x01, 0x02}},
                      Nonsense{"request_without_channel", {0x02, 0x04, 0x01}},
                      Nonsense{"compress_that_is_none", {0x01, 0x03}}),
    [](const auto& nonsense) { return std::string(nonsense.param.name); });

// --- Who stands in ---

std::string offline_server(std::string_view domain, const FakeServer& server,
                           std::string_view more = {}) {
  return server_file(domain, server.address(), "proxy_mode = \"offline\"\n" + std::string(more));
}

TEST(BackendFallback, the_next_server_is_tried_when_one_cannot_be_reached_or_refuses) {
  FakeServer refusing, good;
  ProxyRig rig(
      {.global = {},
       .servers = {{"a", server_file("play.example", "127.0.0.1:1",
                                     "proxy_mode = \"offline\"\nfallback = [\"b\", \"c\"]")},
                   {"b", offline_server("b.example", refusing)},
                   {"c", offline_server("c.example", good)}}});
  LoginClient client(rig.endpoint(), {});
  LoginBackend second(refusing.accept());
  ASSERT_TRUE(say_no(second, R"({"text":"full"})"));
  LoginBackend third(good.accept());
  ASSERT_TRUE(say_success(third));
  EXPECT_TRUE(client.log_in().in);
}

TEST(BackendFallback, if_all_refuse_the_player_reads_why_the_first_did) {
  FakeServer first, second;
  ProxyRig rig({.global = {},
                .servers = {{"a", offline_server("play.example", first, "fallback = [\"b\"]")},
                            {"b", offline_server("b.example", second)}}});
  LoginClient client(rig.endpoint(), {});
  LoginBackend one(first.accept());
  ASSERT_TRUE(say_no(one, R"({"text":"You are banned"})"));
  LoginBackend two(second.accept());
  ASSERT_TRUE(say_no(two, R"({"text":"full"})"));
  EXPECT_EQ(client.log_in().kicked, "You are banned");
}

TEST(BackendFallback, a_server_that_verifies_its_players_takes_no_unverified_ones) {
  FakeServer verified;
  ProxyRig rig(
      {.global = {},
       .servers = {
           {"a", server_file("play.example", "127.0.0.1:1",
                             "proxy_mode = \"offline\"\nfallback = [\"b\", \"d\"]")},
           {"b", server_file("b.example", verified.address(), "proxy_mode = \"client_only\"")},
           {"d", server_file("d.example", verified.address())}}});
  LoginClient client(rig.endpoint(), {});
  EXPECT_NE(client.log_in().kicked, "");
  EXPECT_FALSE(verified.accept(milliseconds(20)).open());
}

TEST(BackendFallback, a_full_server_is_passed_over_and_a_full_only_one_says_so) {
  FakeServer small, large;
  ProxyRig rig({.global = {},
                .servers = {{"a", offline_server("play.example", small,
                                                 "max_players = 1\nfallback = [\"b\"]")},
                            {"b", offline_server("b.example", large)},
                            {"c", offline_server("c.example", small, "max_players = 1")}}});
  LoginClient first(rig.endpoint(), {});
  LoginBackend one(small.accept());
  ASSERT_TRUE(say_success(one));
  ASSERT_TRUE(first.log_in().in);
  LoginClient second(rig.endpoint(), {.player = "Alex"});
  LoginBackend two(large.accept());
  ASSERT_TRUE(say_success(two));
  EXPECT_TRUE(second.log_in().in);
  LoginClient third(rig.endpoint(), {.host = "c.example", .player = "Kai"});
  LoginBackend three(small.accept());
  ASSERT_TRUE(say_success(three));
  ASSERT_TRUE(third.log_in().in);
  LoginClient fourth(rig.endpoint(), {.host = "c.example", .player = "Lou"});
  EXPECT_THAT(fourth.log_in().kicked, HasSubstr("full"));
}

// --- The intent ---

TEST(BackendTransfer, peers_fault_11_a_transferred_player_gets_in_and_logs_in_at_the_backend) {
  for (const std::string mode : {"offline", "client_only"}) {
    BackendDoor door({.mode = mode});
    LoginClient::Settings player = door.player(mc::v1_20_5);
    player.intent = mc::Intent::transfer;
    LoginClient client = door.client(player);
    LoginBackend backend = door.backend();
    EXPECT_EQ(backend.hello.kind, mc::HelloKind::login) << "backends refuse transfers by default";
    ASSERT_TRUE(say_success(backend));
    EXPECT_TRUE(client.log_in().in) << mode;
  }
}

// --- Compression ---

TEST(BackendCompression, peers_fault_8_the_client_is_compressed_when_its_backend_is) {
  for (const std::string mode : {"offline", "client_only"}) {
    for (const std::int32_t threshold : {0, 64, 256}) {
      BackendDoor door({.mode = mode});
      LoginClient client = door.client();
      LoginBackend backend = door.backend();
      ASSERT_TRUE(backend.link.write(mc::Compress{.threshold = threshold}));
      backend.link.threshold = {threshold};
      ASSERT_TRUE(say_success(backend));
      EXPECT_TRUE(client.log_in().in) << mode << threshold;
      EXPECT_EQ(client.link.threshold.bytes, threshold);
    }
  }
}

}  // namespace
}  // namespace drawbridge::kit
