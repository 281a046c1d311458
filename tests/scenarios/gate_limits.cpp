// Rate limits and the caps of one source: what is refused dials nothing, says why where the client
// can read it, and counts for the player's address.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_view_literals;

const IpAddress here = *IpAddress::parse("127.0.0.1");
const IpAddress there = *IpAddress::parse("127.0.0.7");

// A window so long that nothing comes back during a test.
constexpr std::string_view two_logins =
    "rate_limit.enabled = true\nrate_limit.max_connections = 2\nrate_limit.window = \"1h\"\n"
    "kick_messages.rate_limited = \"slow down, {player}: {seconds} s\"\n";

Door::More global(std::string_view lines) {
  return {.server = {}, .global = std::string(lines)};
}

std::string kick(Door& door, const IpAddress& from, std::string_view player = "Steve") {
  FakeClient client = door.client(from);
  client.log_in("play.example", player);
  return client.kicked().value_or("(no kick)");
}

bool joins(Door& door, const IpAddress& from) {
  return Player(door.rig.endpoint(), door.backend, "play.example", "Steve", from).plays();
}

bool reaches_backend(Door& door) {
  return door.backend.accept(milliseconds(20)).open();
}

TEST(GateLimits, the_login_above_the_limit_is_told_when_to_come_back_and_dials_nothing) {
  Door door("play.example", global(two_logins));
  EXPECT_TRUE(joins(door, here));
  EXPECT_TRUE(joins(door, here));
  EXPECT_EQ(kick(door, here), "slow down, Steve: 1800 s");
  EXPECT_FALSE(reaches_backend(door));
  EXPECT_TRUE(joins(door, there)) << "another source";
  EXPECT_TRUE(door.rig.logged({"rate_limited", "127.0.0.1", "rate limit (logins)"}));
}

TEST(GateLimits, off_by_default) {
  Door door;
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(joins(door, here));
}

TEST(GateLimits, pings_have_a_limit_of_their_own) {
  Door door("play.example", global(std::string(two_logins) +
                                   "rate_limit.status_max = 3\nrate_limit.status_window = \"1h\"\n"
                                   "unknown_domain_behavior = \"default_motd\"\n"));
  for (int i = 0; i < 3; ++i) {
    FakeClient client = door.client(here);
    const auto json = client.status("other.example");
    ASSERT_TRUE(json);
    EXPECT_EQ(json->find("slow down"), std::string::npos);
  }
  FakeClient client = door.client(here);
  const auto json = client.status("other.example");
  ASSERT_TRUE(json) << "a refused ping still reads why";
  EXPECT_NE(json->find("slow down"), std::string::npos) << *json;
  EXPECT_TRUE(joins(door, here)) << "log-ins are counted apart";
}

// The closest peer's limiter does not see old clients, and transfers neither.
TEST(GateLimits, peers_fault_5_old_clients_and_transfers_count_like_all_others) {
  Door door("play.example",
            global(std::string(two_logins) +
                   "rate_limit.status_max = 1\nrate_limit.status_window = \"1h\"\n"));
  {
    FakeClient client = door.client(here);
    client.wire.send(login_bytes("play.example", "Steve", mc::v1_21_4, mc::Intent::transfer));
    EXPECT_TRUE(door.backend.accept().open());
  }
  {
    FakeClient client = door.client(here);
    client.wire.send(legacy_login_bytes("play.example", "Steve"));
    EXPECT_TRUE(door.backend.accept().open());
  }
  EXPECT_EQ(kick(door, here), "slow down, Steve: 1800 s");
  {
    FakeClient client = door.client(here);
    client.wire.send("\xFE\x01"sv);
    EXPECT_TRUE(client.legacy_answer());
  }
  EXPECT_TRUE(door.client(here).wire.ends()) << "nothing is left for it";
  FakeClient other = door.client(there);
  other.wire.send("\xFE\x01"sv);
  EXPECT_TRUE(other.legacy_answer());
  FakeClient again = door.client(there);
  again.wire.send("\xFE\x01"sv);
  const auto answer = again.legacy_answer();
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("slow down"), std::string::npos) << *answer;
}

TEST(GateLimits, peers_fault_3_the_players_address_counts_and_not_the_balancers) {
  Door door("play.example", global(std::string(two_logins) + "receive_proxy_protocol = true\n"
                                                             "trusted_proxies = [\"127.0.0.1\"]"));
  const auto through_balancer = [&](std::string_view source) {
    FakeClient client = door.client(here);
    client.wire.send(fmt::format("PROXY TCP4 {} 10.0.0.1 1 2\r\n", source));
    client.log_in("play.example", "Steve");
    Wire backend = door.backend.accept(milliseconds(200));
    if (!backend.open()) return client.kicked().value_or("(no kick)");
    return std::string("in");
  };
  for (int i = 0; i < 6; ++i) EXPECT_EQ(through_balancer(fmt::format("203.0.113.{}", i + 1)), "in");
  EXPECT_EQ(through_balancer("203.0.113.1"), "in");
  EXPECT_EQ(through_balancer("203.0.113.1"), "slow down, Steve: 1800 s");
}

TEST(GateLimits, exempt_sources_have_no_limit) {
  Door door("play.example",
            global(std::string(two_logins) + "rate_limit.exempt = [\"127.0.0.7\"]\n"
                                             "limits.connections_per_source = 1\n"));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(joins(door, there));
  Player first(door.rig.endpoint(), door.backend, "play.example", "A", there);
  Player second(door.rig.endpoint(), door.backend, "play.example", "B", there);
  EXPECT_TRUE(first.plays());
  EXPECT_TRUE(second.plays());
}

TEST(GateLimits, wider_buckets_must_agree) {
  Door door("play.example",
            global("rate_limit.enabled = true\nrate_limit.max_connections = 100\n"
                   "[[rate_limit.bucket]]\nname = \"neighbours\"\nipv4_prefix = 24\n"
                   "max_connections = 3\nwindow = \"1h\"\n"));
  for (int i = 1; i <= 3; ++i)
    EXPECT_TRUE(joins(door, *IpAddress::parse(fmt::format("127.0.0.{}", i))));
  EXPECT_NE(kick(door, *IpAddress::parse("127.0.0.4")), "(no kick)");
  EXPECT_TRUE(joins(door, *IpAddress::parse("127.0.1.1")));
}

TEST(GateLimits, change_live_and_other_changes_forget_nobody) {
  Door door("play.example", global(two_logins));
  EXPECT_TRUE(joins(door, here));
  EXPECT_TRUE(joins(door, here));
  door.rig.write_global(std::string(two_logins) + "connect_timeout = \"4s\"\n");
  EXPECT_EQ(kick(door, here), "slow down, Steve: 1800 s");
  door.rig.write_global("");
  EXPECT_TRUE(joins(door, here));
}

TEST(GateLimits, a_login_may_wait_for_its_turn_instead) {
  Door door("play.example",
            global("rate_limit.enabled = true\nrate_limit.max_connections = 2\n"
                   "rate_limit.window = \"600ms\"\nrate_limit.max_wait = \"5s\"\n"));
  std::vector<FakeClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(door.client(here));
    clients.back().log_in("play.example", "Steve");
  }
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(door.backend.accept().open()) << i;
}

// The promise of the one key: those of one household who come back at once all get in.
TEST(GateLimits, protect_public_lets_ten_players_behind_one_address_rejoin_at_once) {
  Door door("play.example", global("protect = \"public\"\nrate_limit.window = \"1s\"\n"));
  std::vector<FakeClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(door.client(here));
    clients.back().log_in("play.example", fmt::format("Player{}", i));
  }
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(door.backend.accept().open()) << i;
}

TEST(GateLimits, protect_public_sets_what_the_reference_lists) {
  Door door("play.example", global("protect = \"public\"\n"));
  std::vector<Wire> silent;
  for (int i = 0; i < 31; ++i) silent.push_back(Wire::connect(door.rig.endpoint(), here));
  ASSERT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 31; }));
  // Eight of them are being read: a log-in behind them waits until one has ended.
  FakeClient waiting = door.client(here);
  waiting.log_in("play.example", "Steve");
  EXPECT_FALSE(reaches_backend(door));
  Wire above = Wire::connect(door.rig.endpoint(), here);
  EXPECT_TRUE(above.ends()) << "the 33rd open connection";
  EXPECT_FALSE(silent.front().ends(Duration::zero()));
  EXPECT_TRUE(door.rig.logged({"turned away", "127.0.0.1", "connections of one source"}));
  silent.clear();
  EXPECT_TRUE(door.backend.accept().open());
}

TEST(GateLimits, protect_public_limits_pings_and_neighbourhoods) {
  // The same windows would let some back in while the test runs.
  constexpr std::string_view slow =
      "protect = \"public\"\nrate_limit.window = \"1h\"\nrate_limit.status_window = \"1h\"\n"
      "rate_limit.max_wait = \"0s\"\nkick_messages.rate_limited = \"slow down\"\n"
      "unknown_domain_behavior = \"default_motd\"\n";
  Door door("play.example", global(slow));
  for (int i = 0; i < 300; ++i)
    ASSERT_EQ(door.client(there).status("other.example").value_or("slow down").find("slow down"),
              std::string::npos)
        << i;
  EXPECT_NE(door.client(there).status("other.example").value_or("").find("slow down"),
            std::string::npos)
      << "the 301st";
  for (int source = 1; source <= 8; ++source)
    for (int i = 0; i < 6; ++i)
      ASSERT_TRUE(joins(door, *IpAddress::parse(fmt::format("127.1.1.{}", source))))
          << source << " " << i;
  EXPECT_EQ(kick(door, *IpAddress::parse("127.1.1.1")), "slow down") << "its seventh";
  EXPECT_EQ(kick(door, *IpAddress::parse("127.1.1.9")), "slow down")
      << "its first, the 49th of its /24";
  EXPECT_TRUE(joins(door, *IpAddress::parse("127.1.2.1"))) << "another /24";
}

TEST(GateLimits, open_connections_of_one_source_have_a_cap_and_are_given_back) {
  Door door("play.example", global("limits.connections_per_source = 2\n"));
  Player first(door.rig.endpoint(), door.backend, "play.example", "A", here);
  Player second(door.rig.endpoint(), door.backend, "play.example", "B", here);
  EXPECT_TRUE(door.client(here).wire.ends());
  EXPECT_TRUE(joins(door, there));
  first.leave();
  EXPECT_TRUE(eventually([&] {
    FakeClient client = door.client(here);
    client.log_in("play.example", "C");
    return door.backend.accept(milliseconds(50)).open();
  }));
  EXPECT_TRUE(second.plays());
}

TEST(GateLimits, a_balancer_is_not_one_source) {
  Door door("play.example",
            global("limits.connections_per_source = 1\nlimits.pre_login_per_source = 1\n"
                   "receive_proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]"));
  std::vector<Wire> waiting;
  std::vector<Wire> playing;
  for (int i = 0; i < 4; ++i) waiting.push_back(Wire::connect(door.rig.endpoint(), here));
  for (std::size_t i = 0; i < 4; ++i) {
    waiting[i].send(fmt::format("PROXY TCP4 203.0.113.{} 10.0.0.1 1 2\r\n", i + 1));
    waiting[i].send(login_bytes("play.example", "Steve"));
    playing.push_back(door.backend.accept());
    EXPECT_TRUE(playing.back().open()) << i;
  }
  // Its players have the cap, and what is said of them is theirs.
  Wire again = Wire::connect(door.rig.endpoint(), here);
  again.send("PROXY TCP4 203.0.113.1 10.0.0.1 1 2\r\n");
  again.send(login_bytes("play.example", "Steve"));
  EXPECT_TRUE(again.ends());
  EXPECT_TRUE(
      door.rig.logged({"dropped before login", "203.0.113.1", "connections of one source"}));
}

// Silent connections of one source are read a few at a time; a player behind that address still
// gets a turn when they end.
TEST(GateLimits, those_above_the_reading_cap_wait_for_their_turn) {
  Door door("play.example", global("limits.pre_login_per_source = 2\n"));
  Wire first = Wire::connect(door.rig.endpoint(), here);
  Wire second = Wire::connect(door.rig.endpoint(), here);
  first.send("\x10"sv);
  second.send("\x10"sv);
  ASSERT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 2; }));
  FakeClient third = door.client(here);
  third.log_in("play.example", "Steve");
  EXPECT_FALSE(reaches_backend(door));
  EXPECT_TRUE(joins(door, there)) << "another source does not wait";
  first.close();
  EXPECT_TRUE(door.backend.accept().open());
}

TEST(GateLimits, waiting_has_the_deadline_of_all_set_up) {
  Door door("play.example",
            global("limits.pre_login_per_source = 1\nlimits.setup_timeout = \"1s\"\n"));
  Wire first = Wire::connect(door.rig.endpoint(), here);
  first.send("\x10"sv);
  ASSERT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 1; }));
  Wire second = Wire::connect(door.rig.endpoint(), here);
  EXPECT_TRUE(second.ends());
}

TEST(GateLimits, connections_of_one_source_may_have_a_rate) {
  Door door("play.example", global("rate_limit.enabled = true\nrate_limit.accept_max = 3\n"
                                   "rate_limit.accept_window = \"1h\"\n"));
  for (int i = 0; i < 3; ++i) Wire::connect(door.rig.endpoint(), here).close();
  EXPECT_TRUE(eventually([&] { return door.client(here).wire.ends(milliseconds(100)); }));
  EXPECT_TRUE(door.rig.logged({"turned away", "connection rate"}));
  EXPECT_TRUE(joins(door, there));
}

// The closest peer parses the handshake first.
TEST(GateLimits, peers_fault_6_who_may_neither_log_in_nor_ping_is_not_read) {
  Door door("play.example",
            global(std::string(two_logins) +
                   "rate_limit.status_max = 1\nrate_limit.status_window = \"1h\"\n"));
  EXPECT_TRUE(joins(door, here));
  EXPECT_TRUE(joins(door, here));
  EXPECT_TRUE(FakeClient(door.rig.endpoint(), here).status("other.example"));
  EXPECT_TRUE(door.client(here).wire.ends());
  EXPECT_TRUE(door.rig.logged({"turned away", "connection rate"}));
}

TEST(GateLimits, a_listener_may_have_a_cap_of_its_own) {
  FakeServer backend;
  ProxyRig rig({.global = "[[listener]]\nbind = \"127.0.0.2:0\"\nmax_connections = 1\n",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  const auto addresses = rig.daemon().addresses();
  ASSERT_EQ(addresses.size(), 2U);
  const bool first_is_capped = addresses[0].address == *IpAddress::parse("127.0.0.2");
  const Endpoint capped = addresses[first_is_capped ? 0 : 1];
  const Endpoint open = addresses[first_is_capped ? 1 : 0];
  Player player(capped, backend, "play.example", "A");
  EXPECT_TRUE(FakeClient(capped).wire.ends());
  Player other(open, backend, "play.example", "B");
  EXPECT_TRUE(other.plays());
  EXPECT_TRUE(player.plays());
}

}  // namespace
}  // namespace drawbridge::kit
