// What a stranger may cost before login: frames are capped by what is expected, by their length
// alone, and one deadline covers everything.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "mc/frame.hpp"

namespace drawbridge::kit {
namespace {

// A deadline that no test waits for: what ends before it ends for another reason.
const Door::More long_deadline{.server = {}, .global = "limits.setup_timeout = \"60s\""};
const Door::More short_deadline{.server = {}, .global = "limits.setup_timeout = \"1s\""};

ByteBuffer length_prefix(std::int32_t length) {
  ByteBuffer out;
  mc::Writer(out, mc::v1_21_4).varint(length);
  return out;
}

void expect_dropped(Door& door, const std::vector<ByteBuffer>& pieces, std::string_view what) {
  FakeClient client = door.client();
  for (const ByteBuffer& piece : pieces) client.wire.send(piece);
  EXPECT_TRUE(client.wire.ends()) << what;
}

// The closest peer buffers 2 MiB for whoever asks.
TEST(HelloLimits, peers_limits_a_frame_that_is_too_long_is_refused_by_its_prefix) {
  Door door("play.example", long_deadline);
  const ByteBuffer login = handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login);
  const ByteBuffer status = handshake_bytes("play.example", mc::v1_21_4, mc::Intent::status);
  expect_dropped(door, {length_prefix(mc::max_handshake_body + 1)}, "handshake");
  expect_dropped(door, {length_prefix(2'097'151)}, "handshake of 2 MiB");
  expect_dropped(door, {login, length_prefix(mc::max_login_start_body + 1)}, "login start");
  expect_dropped(door, {status, length_prefix(mc::max_status_body + 1)}, "status request");
  expect_dropped(door, {{0x80, 0x80, 0x80, 0x80}}, "a length without end");
  expect_dropped(door, {{0x00}}, "an empty frame");
}

TEST(HelloLimits, after_the_status_only_a_ping_may_come) {
  StatusServer backend(R"({"version":{"name":"x","protocol":769},"description":"hello"})");
  ProxyRig rig({.global = long_deadline.global,
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  FakeClient client(rig.endpoint());
  ASSERT_TRUE(client.status("play.example"));
  client.wire.send(length_prefix(4000));
  EXPECT_TRUE(client.wire.ends());
}

TEST(HelloLimits, what_is_not_the_game_is_dropped_without_an_answer) {
  Door door("play.example", long_deadline);
  for (const std::string_view words : {"GET / HTTP/1.1\r\nHost: play.example\r\n\r\n",
                                       "\x16\x03\x01\x02\x01\x01", "SSH-2.0-x\r\n"}) {
    FakeClient client = door.client();
    client.wire.send(words);
    EXPECT_TRUE(client.wire.ends()) << words;
  }
  EXPECT_TRUE(door.rig.logged({"dropped before login"}));
}

TEST(HelloLimits, an_unknown_intent_is_dropped) {
  Door door("play.example", long_deadline);
  expect_dropped(door, {handshake_bytes("play.example", mc::v1_21_4, mc::Intent{4})}, "intent 4");
  expect_dropped(door, {handshake_bytes("play.example", mc::v1_21_4, mc::Intent{0})}, "intent 0");
}

TEST(HelloLimits, player_names_that_are_none_are_dropped) {
  Door door("play.example", long_deadline);
  const auto with_name = [](std::string_view name) {
    ByteBuffer body{0x00, static_cast<Byte>(name.size())};
    body.insert(body.end(), name.begin(), name.end());
    ByteBuffer out = handshake_bytes("play.example", mc::v1_16_4, mc::Intent::login);
    mc::append_frame(out, body);
    return out;
  };
  for (const std::string_view name : {"", "ThisNameIsTooLong", "new\nline", "\xFF\xFE"})
    expect_dropped(door, {with_name(name)}, name);
  EXPECT_FALSE(door.backend.accept(Duration{}).open());
}

// Bytes that come one by one do not buy time: the deadline is one, from accept on.
TEST(HelloLimits, infrared_drip_feeding_does_not_extend_the_deadline) {
  Door door("play.example", short_deadline);
  const ByteBuffer handshake = handshake_bytes(
      std::string(250, 'a') + "///" + std::string(500, 'b'), mc::v1_21_4, mc::Intent::login);
  FakeClient client = door.client();
  std::size_t sent = 0;
  // At this pace the handshake alone takes half a minute.
  while (sent + 1 < handshake.size() && client.wire.stays_quiet(milliseconds(40))) {
    client.wire.send(ByteView(handshake).subspan(sent, 1));
    ++sent;
  }
  EXPECT_LT(sent + 1, handshake.size());
  EXPECT_TRUE(client.wire.ends());
}

TEST(HelloLimits, silence_ends_at_the_deadline_wherever_it_falls) {
  Door door("play.example", short_deadline);
  std::vector<FakeClient> clients;
  const ByteBuffer login = login_bytes("play.example", "Steve");
  const ByteBuffer handshake = handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login);
  for (const std::size_t said :
       {std::size_t{0}, std::size_t{1}, handshake.size(), login.size() - 1}) {
    clients.push_back(door.client());
    clients.back().wire.send(ByteView(login).first(said));
  }
  for (FakeClient& client : clients) EXPECT_TRUE(client.wire.ends());
  EXPECT_FALSE(door.backend.accept(Duration{}).open());
}

// Once the login is on its way the deadline has done its work.
TEST(HelloLimits, the_deadline_does_not_end_a_player) {
  Door door("play.example", short_deadline);
  FakeClient client = door.client();
  client.log_in("play.example", "Steve");
  Wire backend = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(backend));
  // A connection that came later has met its deadline; the player has not.
  FakeClient silent = door.client();
  EXPECT_TRUE(silent.wire.ends());
  ASSERT_TRUE(client.wire.send("still here"));
  EXPECT_EQ(as_text(backend.receive(10)), "still here");
}

TEST(HelloLimits, a_status_client_that_stays_is_closed_at_the_deadline) {
  StatusServer backend(R"({"version":{"name":"x","protocol":769},"description":"hello"})");
  ProxyRig rig({.global = "limits.setup_timeout = \"1s\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  FakeClient client(rig.endpoint());
  ASSERT_TRUE(client.status("play.example"));
  EXPECT_TRUE(client.wire.ends());
}

}  // namespace
}  // namespace drawbridge::kit
