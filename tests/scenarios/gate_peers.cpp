// Weak spots of other proxies at the door, each of which is closed here. (Those that belong to one
// check are beside that check's other tests, under the same kind of name.)
#include <gtest/gtest.h>

#include <vector>

#include "kit/door.hpp"
#include "kit/login_client.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_view_literals;

const IpAddress here = *IpAddress::parse("127.0.0.1");
const IpAddress there = *IpAddress::parse("127.0.0.7");

Door::More global(std::string_view lines) {
  return {.server = {}, .global = std::string(lines)};
}

constexpr std::string_view few =
    "rate_limit.enabled = true\nrate_limit.max_connections = 2\nrate_limit.window = \"1h\"\n"
    "kick_messages.rate_limited = \"slow down\"\n";

std::string kick(Door& door, const IpAddress& from) {
  FakeClient client = door.client(from);
  client.log_in("play.example", "Steve");
  return client.kicked().value_or("(no kick)");
}

// Whole IPv6 addresses are no sources: an attacker has 2^64 of them.
TEST(GatePeers, peers_fault_6_addresses_of_one_ipv6_network_are_one_source) {
  Door door("play.example", global(std::string(few) + "receive_proxy_protocol = true\n"
                                                      "trusted_proxies = [\"127.0.0.1\"]"));
  const auto from = [&](std::string_view source) {
    FakeClient client = door.client();
    client.wire.send(fmt::format("PROXY TCP6 {} 2001:db8:ffff::1 1 2\r\n", source));
    client.log_in("play.example", "Steve");
    Wire backend = door.backend.accept(milliseconds(200));
    return backend.open() ? std::string("in") : client.kicked().value_or("(no kick)");
  };
  EXPECT_EQ(from("2001:db8:0:1::1"), "in");
  EXPECT_EQ(from("2001:db8:0:1:ffff::2"), "in");
  EXPECT_EQ(from("2001:db8:0:1:1234:5678:9abc:def0"), "slow down");
  EXPECT_EQ(from("2001:db8:0:2::1"), "in") << "another network";
}

// There it means one log-in a window, where one would expect that it means none of it.
TEST(GatePeers, a_limit_of_0_is_an_error_and_not_one_login_a_window) {
  for (const std::string_view key : {"max_connections", "status_max"}) {
    Door door("play.example",
              global(fmt::format("rate_limit.enabled = true\nrate_limit.{} = 0\n", key)));
    EXPECT_EQ(door.rig.start_code(), 2) << key;
    EXPECT_TRUE(door.rig.logged({"drawbridge.toml", key}));
  }
}

// One bucket for everybody lets a single attacker keep all others out.
TEST(GatePeers, mc_router_one_source_does_not_use_up_the_share_of_others) {
  Door door("play.example", global(few));
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(Player(door.rig.endpoint(), door.backend, "play.example", "A", here).plays());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(kick(door, here), "slow down");
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(Player(door.rig.endpoint(), door.backend, "play.example", "B", there).plays());
}

// Its table of connections was written from several threads; this ended the process.
TEST(GatePeers, infrared_hundreds_may_leave_at_once) {
  Door door;
  constexpr int crowd = 200;
  std::vector<Wire> backends;
  {
    std::vector<FakeClient> clients;
    for (int i = 0; i < crowd; ++i) {
      clients.push_back(door.client(IpAddress::v4(0x7F000100U + static_cast<std::uint32_t>(i))));
      if (i % 2 == 0) continue;  // half of them say nothing
      clients.back().log_in("play.example", fmt::format("P{}", i));
      backends.push_back(door.backend.accept());
      EXPECT_TRUE(FakeServer::read_hello(backends.back()));
    }
  }
  for (Wire& backend : backends) {
    EXPECT_TRUE(backend.ends());
    backend.close();
  }
  EXPECT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 0; }));
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend).plays());
}

// The key is read there, and nobody is ever refused. Whoever is still being connected counts: a
// rush of log-ins does not overshoot.
TEST(GatePeers, peers_fault_21_max_players_counts_those_who_are_being_connected) {
  Door door("play.example",
            {.server = "proxy_mode = \"offline\"\nmax_players = 1\nkick_messages.full = \"full\"",
             .global = {}});
  LoginClient first(door.rig.endpoint(), {.player = "Steve"});
  Wire undecided = door.backend.accept();  // this backend has not said anything yet
  ASSERT_TRUE(undecided.open());
  LoginClient second(door.rig.endpoint(), {.player = "Alex"});
  EXPECT_EQ(second.log_in().kicked, "full");
  undecided.close();
  EXPECT_FALSE(first.log_in().in);
  EXPECT_TRUE(eventually([&] {
    LoginClient third(door.rig.endpoint(), {.player = "Alex"});
    return door.backend.accept(milliseconds(50)).open();
  })) << "the place is given back";
}

}  // namespace
}  // namespace drawbridge::kit
