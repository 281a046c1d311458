// A host name that leads nowhere: a readable kick, with the file to create for those who may see
// it, or nothing at all where that was asked for.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

// Everybody comes from the address in the PROXY header, so that tests can come from afar.
constexpr std::string_view behind_proxy =
    "receive_proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]\n";

std::string kick_from(ProxyRig& rig, std::string_view source, std::string_view host) {
  FakeClient client(rig.endpoint());
  if (!source.empty())
    client.wire.send(fmt::format("PROXY TCP4 {} 10.0.0.1 12345 25565\r\n", source));
  client.log_in(host, "Steve");
  return client.kicked().value_or("(no kick)");
}

const std::map<std::string, std::string> one_server{
    {"lobby", signpost("[\"play.example\"]", "lobby")}};

TEST(RoutingUnknownHost, the_kick_names_the_host_and_the_log_the_player) {
  ProxyRig rig({.global = {}, .servers = one_server});
  const std::string words = kick_from(rig, {}, "nobody.example");
  EXPECT_NE(words.find("no server at nobody.example"), std::string::npos) << words;
  EXPECT_TRUE(rig.logged({"unknown_host", "nobody.example", "Steve", "127.0.0.1"}));
  EXPECT_TRUE(rig.logged({"unknown_host", "SRV record sends its target"}));
}

TEST(RoutingUnknownHost, on_this_machine_it_says_which_file_to_create) {
  ProxyRig rig({.global = {}, .servers = one_server});
  const std::string words = kick_from(rig, {}, "nobody.example");
  EXPECT_NE(words.find("servers/my-server.toml"), std::string::npos) << words;
  EXPECT_NE(words.find("domains = [\"nobody.example\"]"), std::string::npos) << words;
}

// The words of the hint are a file that works.
TEST(RoutingUnknownHost, what_the_hint_says_is_a_server_file) {
  ProxyRig rig({.global = {}, .servers = one_server});
  const std::string words = kick_from(rig, {}, "nobody.example");
  const auto begin = words.find("domains = ");
  ASSERT_NE(begin, std::string::npos);
  rig.write_server("my-server", words.substr(begin) + "\nmotd.unreachable.text = \"created\"");
  EXPECT_EQ(where(rig, "nobody.example"), "created");
}

TEST(RoutingUnknownHost, strangers_see_no_path_of_this_machine) {
  ProxyRig rig({.global = std::string(behind_proxy), .servers = one_server});
  const std::string words = kick_from(rig, "203.0.113.9", "nobody.example");
  EXPECT_NE(words.find("nobody.example"), std::string::npos) << words;
  EXPECT_EQ(words.find("toml"), std::string::npos) << words;
  EXPECT_EQ(words.find(rig.folder().path().string()), std::string::npos) << words;
}

TEST(RoutingUnknownHost, own_words_take_the_place_of_the_hint) {
  ProxyRig rig({.global = "kick_messages.unknown_host = \"{player}, what is {host}?\"",
                .servers = one_server});
  EXPECT_EQ(kick_from(rig, {}, "nobody.example"), "Steve, what is nobody.example?");
}

TEST(RoutingUnknownHost, a_ping_gets_the_default_motd) {
  ProxyRig rig({.global = "[default_motd.online]\ntext = \"nothing at {host}\"\n"
                          "version_name = \"door\"\nmax_players = 5",
                .servers = one_server});
  FakeClient client(rig.endpoint());
  const auto json = client.status("nobody.example", mc::v1_16_4);
  ASSERT_TRUE(json);
  const auto facts = mc::read_status(*json);
  ASSERT_TRUE(facts);
  EXPECT_EQ(mc::to_plain(facts->description), "nothing at nobody.example");
  EXPECT_EQ(facts->version_name, "door");
  EXPECT_EQ(facts->protocol, mc::number(mc::v1_16_4)) << "compatible with whoever asks";
  EXPECT_EQ(facts->online, 0);
  EXPECT_EQ(facts->max, 5);
}

TEST(RoutingUnknownHost, peers_fault_19_a_ping_is_answered_without_any_configuration) {
  ProxyRig rig({.global = {}, .servers = {}});
  EXPECT_NE(where(rig, "nobody.example"), "(no answer)");
  EXPECT_NE(where(rig, "nobody.example"), "");
}

TEST(RoutingUnknownHost, drop_closes_pings_and_logins_without_a_word) {
  ProxyRig rig({.global = "unknown_domain_behavior = \"drop\"", .servers = one_server});
  FakeClient login(rig.endpoint());
  login.log_in("nobody.example", "Steve");
  EXPECT_TRUE(login.wire.ends());
  FakeClient ping(rig.endpoint());
  ping.wire.send(status_bytes("nobody.example"));
  EXPECT_TRUE(ping.wire.ends());
  EXPECT_TRUE(rig.logged({"unknown host", "nobody.example"}));
  EXPECT_EQ(where(rig, "play.example"), "lobby");
}

TEST(RoutingUnknownHost, the_behaviour_changes_without_a_restart) {
  ProxyRig rig({.global = {}, .servers = one_server});
  EXPECT_NE(where(rig, "nobody.example"), "(no answer)");
  rig.write_global("unknown_domain_behavior = \"drop\"");
  EXPECT_EQ(where(rig, "nobody.example"), "(no answer)");
}

}  // namespace
}  // namespace drawbridge::kit
