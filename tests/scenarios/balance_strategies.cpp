// How players are spread over the addresses of one server.
#include <gtest/gtest.h>

#include <array>
#include <deque>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

// Backends of one server, and where each player went.
class BalanceStrategies : public ::testing::Test {
 protected:
  [[nodiscard]] std::string server_with(std::string_view balance,
                                        const std::vector<int>& weights) const {
    std::string list;
    for (std::size_t i = 0; i < weights.size(); ++i)
      list +=
          fmt::format("{{ address = \"{}\", weight = {} }},", backends[i].address(), weights[i]);
    return fmt::format("domains = [\"play.example\"]\naddresses = [{}]\nbalance = \"{}\"\n", list,
                       balance);
  }

  struct Seated {
    FakeClient client;
    Wire server;
  };
  // Index of the backend that the next player came to.
  std::size_t join(ProxyRig& rig, std::optional<IpAddress> from = std::nullopt) {
    FakeClient client(rig.endpoint(), from);
    EXPECT_TRUE(client.log_in("play.example", "Steve"));
    std::size_t where = backends.size();
    eventually([&] {
      for (std::size_t i = 0; i < backends.size(); ++i) {
        Wire server = backends[i].accept(Duration::zero());
        if (!server.open()) continue;
        where = i;
        EXPECT_TRUE(FakeServer::read_hello(server).has_value());
        players.push_back({std::move(client), std::move(server)});
        return true;
      }
      return false;
    });
    return where;
  }
  std::array<int, 3> spread(ProxyRig& rig, int joins) {
    std::array<int, 3> count{};
    for (int i = 0; i < joins; ++i) ++count.at(join(rig));
    return count;
  }

  std::array<FakeServer, 3> backends;
  std::deque<Seated> players;
};

TEST_F(BalanceStrategies, round_robin_follows_the_weights) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("round_robin", {3, 2, 1})}}});
  EXPECT_EQ(spread(rig, 12), (std::array{6, 4, 2}));
}

TEST_F(BalanceStrategies, least_conn_fills_the_emptiest) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("least_conn", {1, 1, 1})}}});
  EXPECT_EQ(spread(rig, 3), (std::array{1, 1, 1}));
  // Of three that are even, the one that loses its player gets the next.
  const auto lobby = rig.daemon().proxy().services().states.of("lobby");
  const std::string emptied = players[1].server.local().text();
  players[1].client.wire.reset();
  ASSERT_TRUE(eventually([&] { return lobby->players() == 2; }));
  const std::size_t where = join(rig);
  ASSERT_LT(where, backends.size());
  EXPECT_EQ(backends.at(where).address(), emptied);
}

TEST_F(BalanceStrategies, least_conn_counts_by_weight) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("least_conn", {4, 1, 1})}}});
  EXPECT_EQ(spread(rig, 12), (std::array{8, 2, 2}));
}

TEST_F(BalanceStrategies, random_draws_lots_by_weight) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("random", {5, 1, 0})}}});
  const auto count = spread(rig, 60);  // 50, 10 and 0, but for chance
  EXPECT_GT(count[0], count[1]);
  EXPECT_GT(count[1], 0);
  EXPECT_EQ(count[2], 0) << "the spare one";
}

TEST_F(BalanceStrategies, ip_hash_leads_an_address_to_the_same_backend) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("ip_hash", {1, 1, 1})}}});
  const auto source = [](std::uint32_t n) { return IpAddress::v4(0x7F030000U + n); };
  std::array<int, 3> count{};
  std::vector<std::size_t> first;
  for (std::uint32_t n = 0; n < 40; ++n) ++count.at(first.emplace_back(join(rig, source(n))));
  for (const int players_there : count) EXPECT_GT(players_there, 0);
  for (std::uint32_t n = 0; n < 40; ++n) EXPECT_EQ(join(rig, source(n)), first[n]);
  // Another process decides the same.
  rig.restart();
  for (std::uint32_t n = 0; n < 10; ++n) EXPECT_EQ(join(rig, source(n)), first[n]);
}

TEST_F(BalanceStrategies, lowest_latency_finds_out_about_each_address) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("lowest_latency", {1, 1, 1})}}});
  EXPECT_EQ(spread(rig, 3), (std::array{1, 1, 1}));
}

TEST_F(BalanceStrategies, slow_start_spares_an_address_that_was_added) {
  const std::string slowly = "slow_start = \"1h\"\n";
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("round_robin", {1}) + slowly}}});
  EXPECT_EQ(spread(rig, 2), (std::array{2, 0, 0}));
  rig.write_server("lobby", server_with("round_robin", {1, 1}) + slowly);
  const auto count = spread(rig, 20);
  EXPECT_GE(count[0], 18) << "the new one has an hour's time to grow";
}

TEST_F(BalanceStrategies, one_that_refuses_gives_its_share_to_the_others) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_with("round_robin", {1, 1, 1})}}});
  backends[0].close();
  const auto count = spread(rig, 6);
  EXPECT_EQ(count[0], 0);
  EXPECT_EQ(count[1] + count[2], 6);
  EXPECT_GT(count[1], 0);
  EXPECT_GT(count[2], 0);
}

}  // namespace
}  // namespace drawbridge::kit
