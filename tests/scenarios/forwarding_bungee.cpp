// Identity forwarding in the family that moves bytes: BungeeCord's and BungeeGuard's form fit into
// the handshake. No account is checked there, so the UUID is the one that the name gives.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "kit/door.hpp"
#include "kit/player.hpp"
#include "mc/handshake.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;

// Of Steve, as every server in offline mode makes it.
const std::string steve = offline_uuid("Steve").undashed();

Door bungee(std::string_view mode = "bungee_cord", std::string_view global = "") {
  return Door("play.example", {.server = fmt::format("forwarding_mode = \"{}\"", mode),
                               .global = std::string(global)});
}

std::string host_at_backend(Door& door, std::string_view sent = "play.example") {
  Player player(door.rig.endpoint(), door.backend, sent);
  EXPECT_TRUE(player.plays());
  return player.hello.hello.host;
}

std::string secret_of(Door& door) {
  std::ifstream in(door.rig.folder().path() / "forwarding.secret");
  std::string secret;
  std::getline(in, secret);
  return secret;
}

TEST(ForwardingBungee, the_backend_reads_the_address_and_the_uuid_of_the_name) {
  Door door = bungee();
  EXPECT_EQ(host_at_backend(door), "play.example\000127.0.0.1\0"s + steve + "\0[]"s);
}

TEST(ForwardingBungee, the_global_mode_does_the_same) {
  Door door("play.example", {.server = {}, .global = "forwarding.mode = \"legacy\""});
  EXPECT_EQ(host_at_backend(door), "play.example\000127.0.0.1\0"s + steve + "\0[]"s);
}

TEST(ForwardingBungee, peers_fault_2_no_claim_of_a_client_reaches_the_backend_as_identity) {
  Door door = bungee();
  EXPECT_EQ(
      host_at_backend(door, "play.example\0006.6.6.6\0ffffffffffffffffffffffffffffffff\0[{}]"s),
      "play.example\000127.0.0.1\0"s + steve + "\0[]"s);
  // Nor does the UUID of the login start.
  FakeClient client = door.client();
  ByteBuffer bytes = handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login);
  const ByteBuffer start =
      login_start_bytes("Steve", mc::v1_21_4, Uuid::parse("ffffffffffffffffffffffffffffffff"));
  bytes.insert(bytes.end(), start.begin(), start.end());
  client.wire.send(bytes);
  Wire server = door.backend.accept();
  const auto arrived = FakeServer::read_hello(server);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->hello.host, "play.example\000127.0.0.1\0"s + steve + "\0[]"s);
}

TEST(ForwardingBungee, an_operator_may_have_claims_believed) {
  Door door = bungee("bungee_cord", "auth.offline_uuid = \"client\"");
  FakeClient client = door.client();
  ByteBuffer bytes = handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login);
  const ByteBuffer start =
      login_start_bytes("Steve", mc::v1_21_4, Uuid::parse("069a79f444e94726a5befca90e38aaf5"));
  bytes.insert(bytes.end(), start.begin(), start.end());
  client.wire.send(bytes);
  Wire server = door.backend.accept();
  const auto arrived = FakeServer::read_hello(server);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->hello.host,
            "play.example\000127.0.0.1\000069a79f444e94726a5befca90e38aaf5\0[]"s);
}

TEST(ForwardingBungee, a_mod_marker_goes_on_as_a_property) {
  Door door = bungee();
  EXPECT_EQ(
      host_at_backend(door, "play.example\0FML2\0"s),
      "play.example\000127.0.0.1\0"s + steve +
          "\0[{\"name\":\"extraData\",\"value\":\"\\u0001FML2\\u0001\",\"signature\":\"\"}]"s);
}

TEST(ForwardingBungee, what_came_behind_the_handshake_follows_as_it_was) {
  Door door = bungee();
  FakeClient client = door.client();
  ByteBuffer all = login_bytes("play.example", "Steve", mc::v1_8);
  all.insert(all.end(), {1, 2, 3});
  client.wire.send(all);
  Wire server = door.backend.accept();
  const auto arrived = FakeServer::read_hello(server);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->hello.player, "Steve");
  EXPECT_EQ(server.receive(3), (ByteBuffer{1, 2, 3}));
}

TEST(ForwardingBungee, a_client_without_a_handshake_is_told_instead_of_let_in_unannounced) {
  Door door = bungee();
  FakeClient client = door.client();
  // 1.5.2: protocol 61, name, host, port.
  ByteBuffer bytes{0x02, 61};
  const auto add = [&bytes](std::string_view text) {
    bytes.push_back(0);
    bytes.push_back(static_cast<Byte>(text.size()));
    for (const char c : text) {
      bytes.push_back(0);
      bytes.push_back(static_cast<Byte>(c));
    }
  };
  add("Steve");
  add("play.example");
  bytes.insert(bytes.end(), {0, 0, 0x63, 0xDD});
  client.wire.send(bytes);
  EXPECT_NE(client.legacy_answer().value_or(""), "");
  EXPECT_TRUE(door.rig.logged({"version_unsupported", "forwarding_mode"}));
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
}

TEST(ForwardingBungee, the_guards_token_is_the_secret_of_the_file) {
  Door door = bungee("bungee_guard");
  const std::string secret = secret_of(door);
  EXPECT_EQ(secret.size(), 32U);
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(door.rig.folder().path() / "forwarding.secret").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(
      host_at_backend(door),
      "play.example\000127.0.0.1\0"s + steve +
          fmt::format("{}[{{\"name\":\"bungeeguard-token\",\"value\":\"{}\",\"signature\":\"\"}}]",
                      '\0', secret));
  EXPECT_EQ(door.rig.log_lines({secret}), 0U) << "the log tells the secret";
  EXPECT_TRUE(door.rig.logged({"forwarding secret made"}));
}

TEST(ForwardingBungee, a_secret_that_was_exchanged_holds_after_a_reload) {
  Door door = bungee("bungee_guard");
  const std::string before = secret_of(door);
  door.rig.folder().write("forwarding.secret", "another-secret-of-the-operator\n");
  door.rig.daemon().reload();
  const std::string host = host_at_backend(door);
  EXPECT_NE(host.find("another-secret-of-the-operator"), std::string::npos);
  EXPECT_EQ(host.find(before), std::string::npos);
}

TEST(ForwardingBungee, loose_rights_of_the_secret_are_said_once) {
  Door door = bungee("bungee_guard");
  namespace fs = std::filesystem;
  fs::permissions(door.rig.folder().path() / "forwarding.secret", fs::perms::others_read,
                  fs::perm_options::add);
  door.rig.daemon().reload();
  door.rig.daemon().reload();
  EXPECT_EQ(door.rig.log_lines({"forwarding secret", "chmod 600"}), 1U);
  EXPECT_NE(host_at_backend(door).find(secret_of(door)), std::string::npos);
}

TEST(ForwardingBungee, nobody_who_needs_none_has_a_secret_made) {
  Door door = bungee();
  EXPECT_FALSE(std::filesystem::exists(door.rig.folder().path() / "forwarding.secret"));
}

TEST(ForwardingBungee, a_server_whose_secret_becomes_unusable_is_withheld_from_then_on) {
  Door door = bungee("bungee_guard");
  door.rig.folder().write("forwarding.secret", "");
  door.rig.daemon().reload();
  FakeClient client = door.client();
  client.log_in("play.example", "Steve");
  EXPECT_NE(client.kicked().value_or("").find("forwarding.secret"), std::string::npos);
  EXPECT_TRUE(door.rig.logged({"forwarding secret cannot be used", "empty"}));
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
  door.rig.folder().write("forwarding.secret", "a-secret-once-more\n");
  door.rig.daemon().reload();
  EXPECT_NE(host_at_backend(door).find("a-secret-once-more"), std::string::npos);
}

}  // namespace
}  // namespace drawbridge::kit
