// Whose words a player reads, and that what strangers write (names, hosts) stays words in them.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

namespace json = boost::json;
using namespace std::string_literals;

std::string offline_kick(ProxyRig& rig, std::string_view host, std::string_view player = "Steve") {
  FakeClient client(rig.endpoint());
  client.log_in(host, player);
  return client.kicked().value_or("(no kick)");
}

std::string down(std::string_view domain, std::string_view more) {
  return server_file(domain, "127.0.0.1:1", more);
}

TEST(KicksWords, the_servers_beat_the_global_ones_and_those_the_built_in) {
  ProxyRig rig(
      {.global = "kick_messages.offline = \"global: {server}\"",
       .servers = {{"own", down("own.example", "kick_messages.offline = \"own: {server}\"")},
                   {"old", down("old.example", "disconnect_message = \"old: {server}\"")},
                   {"none", down("none.example", "")}}});
  EXPECT_EQ(offline_kick(rig, "own.example"), "own: own");
  EXPECT_EQ(offline_kick(rig, "old.example"), "old: old");
  EXPECT_EQ(offline_kick(rig, "none.example"), "global: none");
  rig.write_global("");
  EXPECT_EQ(offline_kick(rig, "none.example"),
            "Server is currently unreachable. Please try again later.");
}

TEST(KicksWords, all_placeholders_are_filled) {
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", down("play.example",
                                  "max_players = 5\nkick_messages.offline = "
                                  "\"{player} at {host} on {server}: {players}/{max}\"")}}});
  // The player itself counts while it is being connected.
  const std::string words = offline_kick(rig, "play.example");
  EXPECT_TRUE(words == "Steve at play.example on lobby: 0/5" ||
              words == "Steve at play.example on lobby: 1/5")
      << words;
}

TEST(KicksWords, a_json_component_arrives_as_it_was_written) {
  ProxyRig rig(
      {.global = {},
       .servers = {
           {"lobby", down("play.example",
                          R"(kick_messages.offline = { json = '{"text":"Hello ",)"
                          R"("color":"gold","extra":[{"text":"{player}","bold":true}]}' })")}}});
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve", mc::v1_20_3);
  const auto body = client.wire.receive_frame();
  ASSERT_TRUE(body);
  const std::string_view packet = as_text(*body);
  const json::value component = json::parse(packet.substr(packet.find('{')));
  EXPECT_EQ(component, json::parse(R"({"text":"Hello ","color":"gold",)"
                                   R"("extra":[{"text":"Steve","bold":true}]})"));
}

// --- What strangers write ---

// The component inside the kick for this player and host.
json::value component_for(ProxyRig& rig, std::string_view host, std::string_view player) {
  FakeClient client(rig.endpoint());
  client.log_in(host, player, mc::v1_20_3);
  const auto body = client.wire.receive_frame();
  if (!body) return nullptr;
  const std::string_view packet = as_text(*body);
  const auto begin = packet.find('{');
  boost::system::error_code error;
  json::value out = json::parse(packet.substr(std::min(begin, packet.size())), error);
  EXPECT_FALSE(error) << "not JSON: " << packet;
  return out;
}

TEST(KicksWords, a_players_name_brings_no_codes_into_a_text) {
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", down("play.example", "kick_messages.offline = \"bye {player}!\"")}}});
  EXPECT_EQ(component_for(rig, "play.example", "§c§kSteve"),
            json::parse(R"({"text":"bye ckSteve!"})"));
}

TEST(KicksWords, a_players_name_brings_no_json_into_a_component) {
  ProxyRig rig(
      {.global = {},
       .servers = {
           {"lobby", down("play.example",
                          R"(kick_messages.offline = { json = '{"text":"bye {player}"}' })")}}});
  for (const std::string& name : {R"(","bold":true,")"s, R"(\","a":")"s, R"(\)"s, R"("}{")"s})
    EXPECT_EQ(component_for(rig, "play.example", name), json::value({{"text", "bye " + name}}))
        << name;
}

TEST(KicksWords, a_host_name_brings_neither) {
  ProxyRig rig({.global = R"(kick_messages.unknown_host = { json = '{"text":"not {host}"}' })",
                .servers = {{"other", server_file("other.example", "127.0.0.1:1")}}});
  const json::value got = component_for(
      rig, R"(x","clickevent":{"action":"open_url","value":"http://evil.example"},"y":")", "Steve");
  ASSERT_TRUE(got.is_object());
  EXPECT_EQ(got.as_object().size(), 1U) << json::serialize(got);
  const json::value coded = component_for(rig, "§4red.example", "Steve");
  ASSERT_TRUE(coded.is_object());
  EXPECT_EQ(coded.at("text").as_string().find("§"), json::string::npos);
  const json::value broken = component_for(rig, "\xFF\xC3\x28.example", "Steve");
  EXPECT_TRUE(broken.is_object()) << "bytes that are no UTF-8 do not break the component";
}

// A placeholder within a name is text, not a placeholder.
TEST(KicksWords, a_players_name_is_not_expanded_again) {
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", down("play.example", "kick_messages.offline = \"bye {player}\"")}}});
  EXPECT_EQ(offline_kick(rig, "play.example", "{server}"), "bye {server}");
}

TEST(KicksWords, old_clients_get_no_codes_from_strangers_either) {
  ProxyRig rig({.global = "kick_messages.unknown_host = \"no {host}\"", .servers = {}});
  FakeClient client(rig.endpoint());
  ByteBuffer login{0x02, 74, 0, 1, 0, 'A', 0, 3, 0x00, 0xA7, 0, 'c', 0, 'x', 0, 0, 0, 1};
  client.wire.send(login);
  const auto words = client.legacy_answer();
  ASSERT_TRUE(words);
  EXPECT_EQ(words->find("§"), std::string::npos) << *words;
}

TEST(KicksWords, the_log_escapes_what_strangers_write) {
  ProxyRig rig({.global = {}, .servers = {{"other", server_file("other.example", "127.0.0.1:1")}}});
  FakeClient client(rig.endpoint());
  client.log_in("evil\nINFO faked=line.example", "Steve");
  EXPECT_TRUE(client.kicked());
  EXPECT_TRUE(rig.logged({"unknown_host", "faked"}));
  EXPECT_EQ(rig.log_lines({"\nINFO"}), 0U);
}

}  // namespace
}  // namespace drawbridge::kit
