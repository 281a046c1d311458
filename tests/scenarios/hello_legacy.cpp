// Clients from before 1.7: their three pings are answered in the form that each reads, whatever
// state the server is in, and then the connection closes. A modern frame that looks like one of
// them is none.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;

constexpr std::string_view online_json =
    R"({"version":{"name":"Paper 1.21.4","protocol":769},)"
    R"("players":{"max":20,"online":3},"description":"A fine server"})";

const ByteBuffer beta{0xFE};
const ByteBuffer v1_4{0xFE, 0x01};
const ByteBuffer v1_6_bare{0xFE, 0x01, 0xFA};

ByteBuffer v1_6(std::string_view host) {
  return mc::legacy_ping_request(host, 25565);
}

// What a client of the age reads when it sends this; the connection must end after it.
std::string answer(ProxyRig& rig, const ByteBuffer& ping) {
  FakeClient client(rig.endpoint());
  client.wire.send(ping);
  const auto text = client.legacy_answer();
  EXPECT_TRUE(client.wire.closes());
  return text.value_or("(no answer)");
}

std::string new_form(std::string_view version, std::string_view motd, std::string_view counts) {
  const std::string nul = "\0"s;
  return fmt::format("§1{}127{}{}{}{}{}{}", nul, nul, version, nul, motd, nul, counts);
}

TEST(HelloLegacy, peers_fault_5_pings_are_answered_from_the_cache_of_all_pings) {
  StatusServer backend{std::string(online_json)};
  // Only a 1.6 ping names its host, so the others go to the default server.
  ProxyRig rig({.global = "default_server = \"lobby\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  const std::string expected = new_form("Paper 1.21.4", "A fine server", "3\0"s + "20");
  EXPECT_EQ(answer(rig, beta), "A fine server§3§20");
  EXPECT_EQ(answer(rig, v1_4), expected);
  EXPECT_EQ(answer(rig, v1_6_bare), expected);
  EXPECT_EQ(answer(rig, v1_6("play.example")), expected);
  EXPECT_EQ(backend.pings(), 1) << "they share one answer of the cache";
}

TEST(HelloLegacy, the_host_of_a_1_6_ping_is_routed) {
  ProxyRig rig({.global = {},
                .servers = {{"a", server_file("a.example", "127.0.0.1:1",
                                              "motd.unreachable.text = \"this is a\"")},
                            {"b", server_file("b.example", "127.0.0.1:1",
                                              "motd.unreachable.text = \"this is b\"")}}});
  EXPECT_NE(answer(rig, v1_6("a.example")).find("this is a"), std::string::npos);
  EXPECT_NE(answer(rig, v1_6("B.example.")).find("this is b"), std::string::npos);
}

TEST(HelloLegacy, pings_are_answered_while_the_backend_is_down) {
  ProxyRig rig({.global = "default_server = \"lobby\"",
                .servers = {{"lobby", server_file("play.example", "127.0.0.1:1",
                                                  "motd.unreachable.text = \"§cgone fishing\"\n"
                                                  "motd.unreachable.version_name = \"none\"")}}});
  EXPECT_EQ(answer(rig, beta), "gone fishing§0§0");
  const std::string expected = new_form("none", "§cgone fishing", "0\0"s + "0");
  EXPECT_EQ(answer(rig, v1_4), expected);
  EXPECT_EQ(answer(rig, v1_6_bare), expected);
  EXPECT_EQ(answer(rig, v1_6("play.example")), expected);
}

TEST(HelloLegacy, pings_for_an_unknown_host_get_the_default_motd) {
  ProxyRig rig(
      {.global = "[default_motd.online]\ntext = \"who is there\"\nmax_players = 7", .servers = {}});
  EXPECT_EQ(answer(rig, beta), "who is there§0§7");
  EXPECT_EQ(answer(rig, v1_4), new_form("drawbridge", "who is there", "0\0"s + "7"));
  EXPECT_EQ(answer(rig, v1_6("nobody.example")),
            new_form("drawbridge", "who is there", "0\0"s + "7"));
}

TEST(HelloLegacy, pings_for_an_unknown_host_are_dropped_when_that_is_asked_for) {
  ProxyRig rig({.global = "unknown_domain_behavior = \"drop\"", .servers = {}});
  for (const ByteBuffer& ping : {beta, v1_4, v1_6("nobody.example")}) {
    FakeClient client(rig.endpoint());
    client.wire.send(ping);
    EXPECT_TRUE(client.wire.ends());
  }
}

// The parts of a 1.6 ping may come in pieces, as long as no pause makes it look finished.
TEST(HelloLegacy, a_1_6_ping_in_pieces_is_one_ping) {
  ProxyRig rig({.global = {},
                .servers = {{"a", server_file("a.example", "127.0.0.1:1",
                                              "motd.unreachable.text = \"this is a\"")}}});
  FakeClient client(rig.endpoint());
  client.wire.send_byte_by_byte(v1_6("a.example"));
  const auto text = client.legacy_answer();
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("this is a"), std::string::npos) << *text;
}

TEST(HelloLegacy, a_ping_that_ends_its_side_at_once_is_answered) {
  ProxyRig rig({.global = "[default_motd.online]\ntext = \"hello\"", .servers = {}});
  FakeClient client(rig.endpoint());
  client.wire.send(beta);
  client.wire.half_close();
  EXPECT_EQ(client.legacy_answer(), "hello§0§0");
}

TEST(HelloLegacy, bytes_after_a_ping_do_not_cost_the_answer) {
  ProxyRig rig({.global = "[default_motd.online]\ntext = \"hello\"", .servers = {}});
  ByteBuffer ping = v1_6("nobody.example");
  ping.resize(ping.size() + 8000, 0x55);
  EXPECT_EQ(answer(rig, ping), new_form("drawbridge", "hello", "0\0"s + "0"));
}

// A modern handshake whose frame has `length` bytes, of which the prefix begins with FE.
ByteBuffer handshake_of(std::size_t length, std::string& host) {
  const std::size_t around =
      handshake_bytes(std::string(200, 'a'), mc::v1_21_4, mc::Intent::login).size() - 2 - 200;
  host = std::string(length - around - 12, 'x');
  for (std::size_t i = 30; i < host.size(); i += 31) host[i] = '.';
  host += "play.example";
  ByteBuffer out = handshake_bytes(host, mc::v1_21_4, mc::Intent::login);
  EXPECT_EQ(out.size(), length + 2);
  EXPECT_EQ(out[0], 0xFE);
  return out;
}

TEST(HelloLegacy, a_frame_of_254_bytes_is_a_modern_handshake) {
  Door door("*example");
  std::string host;
  ByteBuffer login = handshake_of(254, host);
  ASSERT_EQ(login[1], 0x01);
  ASSERT_EQ(login[2], 0x00);
  const ByteBuffer start = login_start_bytes("Steve", mc::v1_21_4);
  login.insert(login.end(), start.begin(), start.end());

  // In one piece, and cut where old and new are still the same.
  for (const std::size_t cut : {login.size(), std::size_t{1}, std::size_t{2}}) {
    // A pause of ours between the pieces makes it an old ping by rights; then once more.
    for (int attempt = 0;; ++attempt) {
      ASSERT_LT(attempt, 20) << "this machine pauses too long";
      FakeClient client = door.client();
      const TimePoint before = Clock::now();
      client.wire.send(ByteView(login).first(cut));
      client.wire.send(ByteView(login).subspan(cut));
      if (Clock::now() - before > milliseconds(100)) continue;
      Wire backend = door.backend.accept();
      EXPECT_EQ(backend.receive(login.size()), login) << "cut at " << cut;
      break;
    }
  }
}

TEST(HelloLegacy, a_frame_of_382_bytes_is_a_modern_handshake) {
  Door door("play.example");
  // Too long for a name alone: the tail of a protection service makes it so long.
  const ByteBuffer short_one =
      handshake_bytes("play.example///" + std::string(200, 't'), mc::v1_21_4, mc::Intent::login);
  const std::size_t tail = 200 + 382 + 2 - short_one.size();
  ByteBuffer login =
      handshake_bytes("play.example///" + std::string(tail, 't'), mc::v1_21_4, mc::Intent::login);
  ASSERT_EQ(login.size(), 382U + 2U);
  ASSERT_EQ(login[0], 0xFE);
  ASSERT_EQ(login[1], 0x02);
  const ByteBuffer start = login_start_bytes("Steve", mc::v1_21_4);
  login.insert(login.end(), start.begin(), start.end());
  FakeClient client = door.client();
  client.wire.send(login);
  Wire backend = door.backend.accept();
  EXPECT_EQ(backend.receive(login.size()), login);
}

}  // namespace
}  // namespace drawbridge::kit
