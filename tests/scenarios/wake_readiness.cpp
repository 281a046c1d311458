// When a server counts as ready: what the pings look like that ask it, and what is kept about
// starts.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "kit/fake_client.hpp"
#include "kit/sleepy_server.hpp"

namespace drawbridge::kit {
namespace {

std::optional<std::string> join(ProxyRig& rig, std::string_view from = "127.0.0.1") {
  FakeClient player(rig.endpoint(), IpAddress::parse(from));
  player.log_in("play.example", "Steve");
  return player.kicked();
}

std::string shown(ProxyRig& rig) {
  FakeClient client(rig.endpoint());
  return client.status("play.example").value_or("(nothing)");
}

std::vector<std::string> headers_at(const SleepyServer& server) {
  std::ifstream in(server.folder() / "headers");
  return {std::istream_iterator<std::string>(in), {}};
}

// Pings go on after the player has come.
void expect_headers(const SleepyServer& server, const std::string& of_pings,
                    const std::string& of_players) {
  const auto headers = headers_at(server);
  ASSERT_FALSE(headers.empty());
  EXPECT_EQ(headers.front(), of_pings) << "a ping of ours is nobody's";
  EXPECT_EQ(std::ranges::count(headers, of_players), 1) << "the player's is the player's";
}

// A server that wants the header answers nobody without one, so it would never be ready.
TEST(WakeReadiness, pings_carry_the_header_that_the_server_wants) {
  const SleepyServer server({"--proxy-header", "v2"});
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server.file({}, "send_proxy_protocol = true")}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  expect_headers(server, "LOCAL", "PROXY");
}

TEST(WakeReadiness, and_in_its_version) {
  const SleepyServer server({"--proxy-header", "v1"});
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server.file({}, "send_proxy_protocol = \"v1\"")}}});
  EXPECT_EQ(join(rig), "welcome Steve");
  expect_headers(server, "UNKNOWN", "TCP4");
}

TEST(WakeReadiness, how_long_starts_take_is_remembered_over_a_restart) {
  const SleepyServer server;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server.file("shutdown_after = \"100ms\"",
                                                  "motd.sleeping.text = \"asleep<{eta}>\"")}}});
  EXPECT_TRUE(eventually([&] { return shown(rig).find("asleep<>") != std::string::npos; }))
      << "nothing is known yet: " << shown(rig);
  EXPECT_EQ(join(rig), "welcome Steve");
  const auto tells = [&] {
    const std::string text = shown(rig);
    return text.find("asleep<") != std::string::npos && text.find("s>") != std::string::npos;
  };
  EXPECT_TRUE(eventually(tells)) << shown(rig);
  rig.restart();
  EXPECT_TRUE(eventually(tells)) << shown(rig);
  EXPECT_NE(shown(rig).find("AAAA"), std::string::npos) << "and its picture";
  EXPECT_EQ(server.starts(), 1U) << "a restart starts nothing";
}

}  // namespace
}  // namespace drawbridge::kit
