// What stands in the host field of the handshake: which names lead to the server, and which parts
// of the field the backend may see.
#include <gtest/gtest.h>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;

// The host field that the backend reads when a client sends this one; nothing if it is never
// dialled.
std::optional<std::string> arrived_host(Door& door, const std::string& sent) {
  FakeClient client = door.client();
  client.wire.send(login_bytes(sent, "Steve"));
  Wire backend = door.backend.accept(client.wire.ends(milliseconds(0)) ? Duration{} : patience);
  if (!backend.open()) return std::nullopt;
  const auto arrived = FakeServer::read_hello(backend);
  if (!arrived) return std::nullopt;
  EXPECT_EQ(arrived->hello.player, "Steve");
  EXPECT_EQ(arrived->hello.port, 25565);
  return arrived->hello.host;
}

// These lead to play.example and reach the backend as they were sent.
TEST(HelloHost, spellings_of_one_name_lead_to_it_and_pass_unchanged) {
  Door door;
  const std::vector<std::string> spellings{
      "play.example",
      "PLAY.Example",
      "play.example.",
      "play.example///203.0.113.9:4711///1700000000///c2lnbmF0dXJl",
      "Play.Example.///203.0.113.9:4711",
  };
  for (const std::string& sent : spellings) EXPECT_EQ(arrived_host(door, sent), sent);
}

TEST(HelloHost, a_name_beyond_ascii_is_found_by_its_xn_form) {
  Door door("münchen.example");
  for (const std::string& sent : {"münchen.example"s, "MÜNCHEN.example"s, "xn--mnchen-3ya.example"s,
                                  "XN--MNCHEN-3YA.example"s})
    EXPECT_EQ(arrived_host(door, sent), sent);
}

TEST(HelloHost, a_domain_in_xn_form_is_found_by_the_name_as_typed) {
  Door door("xn--mnchen-3ya.example");
  EXPECT_EQ(arrived_host(door, "münchen.example"), "münchen.example");
}

TEST(HelloHost, mod_markers_survive) {
  Door door;
  for (const std::string& marker : {"\0FML\0"s, "\0FML2\0"s, "\0FML3\0"s, "\0FORGE"s, "\0FORGE7"s})
    EXPECT_EQ(arrived_host(door, "play.example" + marker), "play.example" + marker);
}

TEST(HelloHost, floodgate_data_survives) {
  Door door;
  const std::string part = "\0^Floodgate^>"s + std::string(700, 'Q');
  EXPECT_EQ(arrived_host(door, "play.example" + part), "play.example" + part);
  EXPECT_EQ(arrived_host(door, "play.example\0FML2\0"s + part.substr(1)),
            "play.example\0FML2\0"s + part.substr(1));
}

TEST(HelloHost, floodgate_data_beyond_its_cap_is_left_out) {
  Door door;
  EXPECT_EQ(arrived_host(door, "play.example\0^Floodgate^>"s + std::string(2100, 'Q')),
            "play.example");
}

// A backend that trusts BungeeCord data believes `host NUL address NUL uuid` from whoever reaches
// it: the closest peer hands on what a client writes there.
TEST(HelloHost, peers_fault_2_no_client_smuggles_an_identity) {
  Door door;
  const std::string uuid = "069a79f444e94726a5befca90e38aaf5";
  const std::string identity = "\0"s + "127.0.0.1" + "\0"s + uuid;
  const std::string properties = "\0[{\"name\":\"textures\",\"value\":\"x\"}]"s;
  EXPECT_EQ(arrived_host(door, "play.example" + identity), "play.example");
  EXPECT_EQ(arrived_host(door, "play.example" + identity + properties), "play.example");
  EXPECT_EQ(arrived_host(door, "play.example\0FML\0"s + identity), "play.example\0FML\0"s);
  EXPECT_EQ(arrived_host(door, "play.example\0FML2\0"s + identity.substr(1)),
            "play.example\0FML2\0"s);
  // Markers dressed up as addresses are markers once at most.
  EXPECT_EQ(arrived_host(door, "play.example\0FML\0FML\0FML"s), "play.example\0FML\0"s);
  EXPECT_EQ(arrived_host(door, "play.example\0FML"s + ".example" + identity), "play.example");
  // Behind a tail as well.
  EXPECT_EQ(arrived_host(door, "play.example///1.2.3.4:5///6"s + identity),
            "play.example///1.2.3.4:5///6");
}

TEST(HelloHost, a_marker_within_the_name_is_part_of_the_name) {
  Door door("forge.example");
  EXPECT_EQ(arrived_host(door, "FORGE.example"), "FORGE.example");
}

TEST(HelloHost, a_stripped_handshake_keeps_version_and_login_start) {
  Door door;
  FakeClient client = door.client();
  client.wire.send(login_bytes("play.example\0evil\0"s, "Steve", mc::v1_16_4));
  client.wire.send("after");
  Wire backend = door.backend.accept();
  const ByteBuffer expected = login_bytes("play.example", "Steve", mc::v1_16_4);
  EXPECT_EQ(backend.receive(expected.size()), expected);
  EXPECT_EQ(as_text(backend.receive(5)), "after");
}

TEST(HelloHost, names_beyond_255_bytes_are_refused) {
  Door door("*");
  FakeClient client = door.client();
  client.wire.send(login_bytes(std::string(256, 'a'), "Steve"));
  EXPECT_TRUE(client.wire.ends());
  EXPECT_TRUE(door.rig.logged({"dropped before login", "256"}));
  EXPECT_EQ(arrived_host(door, std::string(255, 'a')), std::string(255, 'a'));
}

}  // namespace
}  // namespace drawbridge::kit
