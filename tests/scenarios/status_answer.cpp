// A status answer on its way from a healthy backend to the client: what is added, what survives,
// and the latency packet in every order and cut.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

namespace json = boost::json;

constexpr std::string_view plain_json =
    R"({"version":{"name":"x","protocol":769},"players":{"max":9,"online":1},"description":"up"})";
constexpr std::string_view modded_json =
    R"({"enforcesSecureChat":true,"description":{"text":"modded","color":"gold"},)"
    R"("players":{"max":40,"online":2,"sample":[{"name":"Steve","id":"x"}]},)"
    R"("version":{"name":"Forge","protocol":763},"somethingNew":[1,{"a":null}],)"
    R"("forgeData":{"channels":[],"mods":[{"modId":"create","modmarker":"6.0"}],"d":"\u0001\u1234"}})";

// The answer of a proxy in front of a backend that says `backend_says`.
json::object through(std::string_view backend_says, std::string_view server_more = {}) {
  StatusServer backend{std::string(backend_says)};
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", server_file("play.example", backend.address(), server_more)}}});
  FakeClient client(rig.endpoint());
  const auto answer = client.status("play.example", mc::v1_20);
  if (!answer) return {};
  return json::parse(*answer).as_object();
}

TEST(StatusAnswer, fields_that_nobody_knows_and_mod_lists_survive) {
  EXPECT_EQ(through(modded_json), json::parse(modded_json).as_object());
}

TEST(StatusAnswer, motd_online_is_laid_over_and_the_rest_survives) {
  const json::object got = through(modded_json,
                                   "[motd.online]\ntext = \"§6gold §land bold\"\n"
                                   "version_name = \"Ours\"\nmax_players = 77");
  json::object expected = json::parse(modded_json).as_object();
  EXPECT_EQ(got.at("version").at("name"), "Ours");
  EXPECT_EQ(got.at("version").at("protocol"), 763);
  EXPECT_EQ(got.at("players").at("max"), 77);
  EXPECT_EQ(got.at("players").at("online"), 2);
  EXPECT_EQ(got.at("players").at("sample"), expected.at("players").at("sample"));
  EXPECT_NE(got.at("description"), expected.at("description"));
  for (const std::string_view kept : {"forgeData", "somethingNew", "enforcesSecureChat"})
    EXPECT_EQ(got.at(kept), expected.at(kept)) << kept;
}

TEST(StatusAnswer, placeholders_of_motds_are_filled) {
  const json::object got =
      through(plain_json, "max_players = 12\nmotd.online.text = \"{server}: {players} of {max}\"");
  const auto facts = mc::read_status(json::serialize(got));
  ASSERT_TRUE(facts);
  EXPECT_EQ(mc::to_plain(facts->description), "lobby: 0 of 12");
}

// --- Request and ping ---

class StatusOrder : public ::testing::Test {
 protected:
  StatusServer backend_{std::string(plain_json)};
  ProxyRig rig_{
      {.global = {}, .servers = {{"lobby", server_file("play.example", backend_.address())}}}};

  static ByteBuffer expected(std::int64_t payload) {
    ByteBuffer out = mc::status_response_frame(plain_json);
    const ByteBuffer pong = mc::pong_frame(payload);
    out.insert(out.end(), pong.begin(), pong.end());
    return out;
  }
};

// The closest peer loses a ping in the segment of the request; its clients wait 5 seconds.
TEST_F(StatusOrder, peers_fault_12_a_ping_in_the_segment_of_the_request) {
  ByteBuffer all = status_bytes("play.example");
  const ByteBuffer ping = mc::ping_frame(0x0123456789ABCDEF);
  all.insert(all.end(), ping.begin(), ping.end());
  FakeClient client(rig_.endpoint());
  client.wire.send(all);
  EXPECT_EQ(client.wire.receive_all(), expected(0x0123456789ABCDEF));
}

TEST_F(StatusOrder, one_byte_a_segment) {
  ByteBuffer all = status_bytes("play.example");
  const ByteBuffer ping = mc::ping_frame(-5);
  all.insert(all.end(), ping.begin(), ping.end());
  FakeClient client(rig_.endpoint());
  client.wire.send_byte_by_byte(all);
  EXPECT_EQ(client.wire.receive_all(), expected(-5));
}

TEST_F(StatusOrder, a_ping_after_the_answer_and_then_the_end) {
  FakeClient client(rig_.endpoint());
  EXPECT_EQ(client.status("play.example"), plain_json);
  EXPECT_EQ(client.ping(77), 77);
  EXPECT_TRUE(client.wire.ends());
}

TEST_F(StatusOrder, a_ping_without_a_request) {
  FakeClient client(rig_.endpoint());
  client.wire.send(handshake_bytes("play.example", mc::v1_21_4, mc::Intent::status));
  EXPECT_EQ(client.ping(42), 42);
  EXPECT_TRUE(client.wire.ends());
  EXPECT_EQ(backend_.pings(), 0) << "nobody asked for the status";
}

TEST_F(StatusOrder, a_request_without_a_ping) {
  FakeClient client(rig_.endpoint());
  client.wire.send(status_bytes("play.example"));
  client.wire.half_close();
  EXPECT_EQ(client.wire.receive_all(), mc::status_response_frame(plain_json));
}

TEST_F(StatusOrder, a_second_request_is_not_answered_twice) {
  ByteBuffer all = status_bytes("play.example");
  for (const ByteBuffer& more : {mc::status_request_frame(), mc::ping_frame(1)})
    all.insert(all.end(), more.begin(), more.end());
  FakeClient client(rig_.endpoint());
  client.wire.send(all);
  EXPECT_EQ(client.wire.receive_all(), expected(1));
}

// Whatever a client goes on to say, it reads its answer and no "connection reset".
TEST_F(StatusOrder, bytes_after_the_ping_do_not_cost_the_answer) {
  ByteBuffer all = status_bytes("play.example");
  const ByteBuffer ping = mc::ping_frame(3);
  all.insert(all.end(), ping.begin(), ping.end());
  all.resize(all.size() + 8000, 0x55);
  FakeClient client(rig_.endpoint());
  client.wire.send(all);
  EXPECT_EQ(client.wire.receive(expected(3).size()), expected(3));
  EXPECT_TRUE(client.wire.closes());
}

// A large answer (favicon, mod list) goes through whole.
TEST(StatusAnswer, an_answer_of_200_kilobytes) {
  const std::string big =
      fmt::format(R"({{"description":"up","version":{{"name":"x","protocol":769}},"pad":"{}"}})",
                  std::string(200'000, 'p'));
  EXPECT_EQ(through(big).at("pad").as_string().size(), 200'000U);
}

}  // namespace
}  // namespace drawbridge::kit
