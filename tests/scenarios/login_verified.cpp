// client_only: the session server is asked once for each login and believed in that login only; a
// player whom it does not vouch for is kicked with words that he can read through the cipher.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "kit/door.hpp"
#include "kit/login_client.hpp"
#include "mc/server_key.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view failed = "Your account could not be verified.";
constexpr std::string_view unavailable =
    "The account servers do not answer. Please try again later.";

struct Checked {
  explicit Checked(const std::string& more = {}, const std::string& server = {})
      : door("play.example", {.server = "proxy_mode = \"client_only\"\n" + server,
                              .global = session.config() + more}) {}

  [[nodiscard]] LoginClient client(LoginClient::Settings settings = {}) {
    return LoginClient(door.rig.endpoint(), std::move(settings));
  }
  // Logs in with a true account until the backend is asked, and lets it in.
  bool gets_in(LoginClient& player) {
    if (!player.answer_encryption()) return false;
    LoginBackend backend(door.backend.accept());
    std::thread letting_in([&] { backend.let_in(); });
    const bool in = player.log_in().in;
    letting_in.join();
    return in;
  }
  // What a client that does everything right is told.
  std::string kick() {
    LoginClient player = client({.session = &session});
    return player.log_in().kicked;
  }

  SessionServer session;
  Door door;
};

TEST(LoginVerified, the_request_names_player_and_link) {
  Checked rig;
  LoginClient player = rig.client({.session = &rig.session});
  ASSERT_TRUE(rig.gets_in(player));
  const auto requests = rig.session.requests();
  ASSERT_EQ(requests.size(), 1U);
  const std::string hash = mc::session_hash(player.secret, player.request->public_key);
  EXPECT_EQ(requests[0], "/session/minecraft/hasJoined?username=Steve&serverId=" + hash);
}

TEST(LoginVerified, skin_and_account_reach_the_client) {
  Checked rig;
  LoginClient player = rig.client({.version = mc::v1_21_4, .session = &rig.session});
  ASSERT_TRUE(rig.gets_in(player));
  ASSERT_EQ(player.success->properties.size(), 1U);
  EXPECT_EQ(player.success->properties[0].name, "textures");
  EXPECT_EQ(player.success->properties[0].signature, "c2ln");
}

TEST(LoginVerified, who_did_not_tell_the_session_server_is_kicked) {
  Checked rig;
  LoginClient player = rig.client();  // has no account
  EXPECT_EQ(player.log_in().kicked, failed);
  EXPECT_TRUE(player.link.is_encrypted());
  EXPECT_TRUE(player.link.wire.ends());
  EXPECT_TRUE(rig.door.rig.logged({"auth_failed", "Steve"}));
  EXPECT_FALSE(rig.door.backend.accept(Duration::zero()).open()) << "reached the backend";
}

// A login that was vouched for vouches for no other.
TEST(LoginVerified, an_answer_is_never_used_twice) {
  Checked rig;
  LoginClient first = rig.client({.session = &rig.session});
  ASSERT_TRUE(rig.gets_in(first));
  LoginClient second = rig.client();
  EXPECT_EQ(second.log_in().kicked, failed);
  const auto requests = rig.session.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(requests[0], requests[1]);
}

TEST(LoginVerified, a_session_server_that_is_down_is_said_so) {
  ProxyRig rig({.global = "auth.session_url = \"http://127.0.0.1:1/hasJoined\"",
                .servers = {{"lobby", server_file("play.example", "127.0.0.1:1",
                                                  "proxy_mode = \"client_only\"")}}});
  LoginClient player(rig.endpoint(), {});
  EXPECT_EQ(player.log_in().kicked, unavailable);
  EXPECT_TRUE(rig.logged({"auth_unavailable", "cannot connect to http://127.0.0.1:1"}));
}

TEST(LoginVerified, an_error_of_the_session_server_is_tried_once_more) {
  Checked rig;
  rig.session.answer_next({SessionServer::http(500)});
  LoginClient player = rig.client({.session = &rig.session});
  EXPECT_TRUE(rig.gets_in(player));
  EXPECT_EQ(rig.session.requests().size(), 2U);
}

TEST(LoginVerified, two_errors_are_enough) {
  Checked rig;
  rig.session.answer_next({SessionServer::http(500), SessionServer::http(503)});
  EXPECT_EQ(rig.kick(), unavailable);
  EXPECT_EQ(rig.session.requests().size(), 2U);
  EXPECT_TRUE(rig.door.rig.logged({"auth_unavailable", "status 503"}));
}

TEST(LoginVerified, a_connection_that_breaks_off_is_tried_once_more) {
  Checked rig;
  rig.session.answer_next({""});
  LoginClient player = rig.client({.session = &rig.session});
  EXPECT_TRUE(rig.gets_in(player));
}

TEST(LoginVerified,
     peers_fault_6_a_session_server_that_hangs_is_waited_for_no_longer_than_configured) {
  Checked rig("auth.timeout = \"1s\"\n");
  rig.session.answer_next({std::string(SessionServer::hang), std::string(SessionServer::hang)});
  EXPECT_EQ(rig.kick(), unavailable);
  EXPECT_TRUE(rig.door.rig.logged({"auth_unavailable", "did not answer"}));
}

TEST(LoginVerified, garbage_lets_nobody_in) {
  for (const std::string& answer :
       {std::string("no HTTP at all\r\n\r\n"), SessionServer::http(200, "<html>"),
        SessionServer::http(200, "{}"), SessionServer::http(302), SessionServer::http(404),
        SessionServer::http(200, std::string(100'000, 'x')),
        SessionServer::http(200, R"({"id":"4566e69fc90748ee8d71d7ba5aa00d20","name":"Alex"})")}) {
    Checked rig;
    rig.session.answer_next({answer, answer});
    EXPECT_EQ(rig.kick(), unavailable) << answer.substr(0, 60);
  }
}

TEST(LoginVerified, the_words_are_the_operators_own) {
  Checked rig("kick_messages.auth_failed = \"who are you, {player}\"\n");
  LoginClient player = rig.client({.player = "Alex"});
  EXPECT_EQ(player.log_in().kicked, "who are you, Alex");
}

TEST(LoginVerified, prevent_proxy_connections_sends_the_players_address) {
  Checked rig("auth.prevent_proxy_connections = true\n");
  LoginClient player = rig.client({.from = IpAddress::parse("127.0.0.7"), .session = &rig.session});
  ASSERT_TRUE(rig.gets_in(player));
  EXPECT_TRUE(rig.session.requests().at(0).ends_with("&ip=127.0.0.7"));
}

TEST(LoginVerified, the_name_is_written_as_the_account_writes_it) {
  Checked rig;
  LoginClient player = rig.client({.player = "sTeVe"});
  rig.session.answer_next(
      {SessionServer::http(200, R"({"id":"4566e69fc90748ee8d71d7ba5aa00d20","name":"Steve"})")});
  ASSERT_TRUE(player.answer_encryption());
  LoginBackend backend(rig.door.backend.accept());
  EXPECT_EQ(backend.start.player, "Steve");
}

// --- The encryption itself ---

constexpr std::string_view no_key =
    "The encrypted connection could not be set up. Please restart your game.";

// A client that answers the encryption request as the test says, but with its secret right.
std::string kick_for(Checked& rig, LoginClient& player,
                     const std::function<void(mc::EncryptionResponse&)>& change) {
  const auto asked = player.link.expect<mc::EncryptionRequest>();
  if (!asked) return "not asked";
  mc::EncryptionResponse response{
      .shared_secret = rsa_encrypted(asked->public_key, player.secret),
      .verify_token = rsa_encrypted(asked->public_key, asked->verify_token),
      .signature = std::nullopt};
  rig.session.join(player.settings().player, mc::session_hash(player.secret, asked->public_key));
  change(response);
  player.link.write(response);
  player.link.encrypt(player.secret);
  return player.log_in().kicked;
}

TEST(LoginEncryption, a_changed_token_is_refused) {
  Checked rig;
  LoginClient player = rig.client();
  EXPECT_EQ(kick_for(rig, player,
                     [&](mc::EncryptionResponse& response) {
                       response.verify_token = response.shared_secret;
                     }),
            no_key);
  EXPECT_TRUE(rig.door.rig.logged({"encryption_failed", "verify token"}));
  EXPECT_TRUE(rig.session.requests().empty()) << "not a question for the session server";
}

TEST(LoginEncryption, a_secret_that_nobody_can_read_is_refused) {
  Checked rig;
  LoginClient player = rig.client();
  const auto asked = player.link.expect<mc::EncryptionRequest>();
  ASSERT_TRUE(asked);
  // Of 15 bytes, then of none, then no RSA at all: the words cannot be encrypted, so they are
  // plain.
  player.link.write(mc::EncryptionResponse{
      .shared_secret = rsa_encrypted(asked->public_key, ByteView(player.secret).first(15)),
      .verify_token = rsa_encrypted(asked->public_key, asked->verify_token),
      .signature = std::nullopt});
  EXPECT_EQ(player.log_in().kicked, no_key);
  LoginClient other = rig.client();
  ASSERT_TRUE(other.link.expect<mc::EncryptionRequest>());
  other.link.write(mc::EncryptionResponse{.shared_secret = ByteBuffer(128, 1),
                                          .verify_token = ByteBuffer(128, 1),
                                          .signature = std::nullopt});
  EXPECT_EQ(other.log_in().kicked, no_key);
}

TEST(LoginEncryption, another_packet_is_no_answer) {
  Checked rig;
  LoginClient player = rig.client();
  ASSERT_TRUE(player.link.expect<mc::EncryptionRequest>());
  player.link.write(mc::LoginAcknowledged{});
  EXPECT_EQ(player.log_in().kicked, no_key);
}

TEST(LoginEncryption, a_huge_answer_is_not_waited_for) {
  Checked rig;
  LoginClient player = rig.client();
  ASSERT_TRUE(player.link.expect<mc::EncryptionRequest>());
  player.link.write_raw({0xFF, 0xFF, 0x7F, 0x01});  // a frame of 2 MiB begins
  EXPECT_TRUE(player.link.wire.ends());
}

TEST(LoginEncryption, cut_at_every_byte_it_works_as_well) {
  Checked rig;
  LoginClient player = rig.client({.session = &rig.session});
  const auto asked = player.link.expect<mc::EncryptionRequest>();
  ASSERT_TRUE(asked);
  rig.session.join("Steve", mc::session_hash(player.secret, asked->public_key));
  const auto frame = mc::encode_frame(
      0x01,
      mc::EncryptionResponse{.shared_secret = rsa_encrypted(asked->public_key, player.secret),
                             .verify_token = rsa_encrypted(asked->public_key, asked->verify_token),
                             .signature = std::nullopt},
      player.link.version);
  ASSERT_TRUE(frame);
  player.link.wire.send_byte_by_byte(*frame);
  player.link.encrypt(player.secret);
  LoginBackend backend(rig.door.backend.accept());
  std::thread letting_in([&] { backend.let_in(64); });
  EXPECT_TRUE(player.log_in().in);
  letting_in.join();
}

// --- Clients of 1.19 to 1.19.2 with a key of their own ---

struct PlayerKey {
  PlayerKey() : pair(EVP_RSA_gen(1024), &EVP_PKEY_free) {
    Byte* der = nullptr;
    const int size = i2d_PUBKEY(pair.get(), &der);
    key = {.expires_ms = 4'102'444'800'000,
           .key = ByteBuffer(der, der + size),
           .signature = ByteBuffer(512, 7)};
    OPENSSL_free(der);
  }
  [[nodiscard]] mc::SignedToken sign(ByteView token, std::int64_t salt) const {
    ByteBuffer message(token.begin(), token.end());
    mc::Writer writer(message);
    writer.i64(salt);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pair.get());
    ByteBuffer signature(512);
    std::size_t size = signature.size();
    EXPECT_EQ(
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()), 1);
    signature.resize(size);
    return {.salt = salt, .signature = std::move(signature)};
  }
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair;
  mc::LoginKey key;
};

class LoginKeys : public ::testing::TestWithParam<mc::Version> {};

TEST_P(LoginKeys, a_signed_token_proves_the_key) {
  Checked rig;
  const PlayerKey own;
  LoginClient player = rig.client({.version = GetParam(), .session = &rig.session, .key = own.key});
  const auto asked = player.link.expect<mc::EncryptionRequest>();
  ASSERT_TRUE(asked);
  rig.session.join("Steve", mc::session_hash(player.secret, asked->public_key));
  player.link.write(
      mc::EncryptionResponse{.shared_secret = rsa_encrypted(asked->public_key, player.secret),
                             .verify_token = {},
                             .signature = own.sign(asked->verify_token, -77)});
  player.link.encrypt(player.secret);
  LoginBackend backend(rig.door.backend.accept());
  std::thread letting_in([&] { backend.let_in(256); });
  EXPECT_TRUE(player.log_in().in);
  letting_in.join();
}

TEST_P(LoginKeys, a_wrong_signature_is_refused) {
  Checked rig;
  const PlayerKey own;
  const PlayerKey foreign;
  LoginClient player = rig.client({.version = GetParam(), .key = own.key});
  EXPECT_EQ(kick_for(rig, player,
                     [&](mc::EncryptionResponse& response) {
                       response.signature = foreign.sign(ByteBuffer{1, 2, 3, 4}, 5);
                     }),
            no_key);
}

TEST_P(LoginKeys, a_signature_needs_a_key) {
  Checked rig;
  const PlayerKey own;
  LoginClient player = rig.client({.version = GetParam()});
  EXPECT_EQ(kick_for(rig, player,
                     [&](mc::EncryptionResponse& response) {
                       response.signature = own.sign(ByteBuffer{1, 2, 3, 4}, 5);
                     }),
            no_key);
}

INSTANTIATE_TEST_SUITE_P(Versions, LoginKeys, ::testing::Values(mc::v1_19, mc::v1_19_1),
                         [](const auto& info) {
                           return "protocol_" + std::to_string(mc::number(info.param));
                         });

}  // namespace
}  // namespace drawbridge::kit
