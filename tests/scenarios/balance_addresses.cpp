// Several addresses of one server: the next one when one refuses or is silent, and an address that
// keeps failing left out.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"
#include "kit/sleeping_port.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view offline = "Server is currently unreachable. Please try again later.";
const std::string refusing = "127.0.0.1:1";

std::string server_at(const std::vector<std::string>& addresses, std::string_view more = {}) {
  std::string list;
  for (const std::string& address : addresses) list += fmt::format("\"{}\",", address);
  return fmt::format("domains = [\"play.example\"]\naddresses = [{}]\n{}\n", list, more);
}

std::string kick(ProxyRig& rig) {
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  return client.kicked().value_or("(no kick)");
}

TEST(BalanceAddresses, one_that_refuses_is_passed_over) {
  FakeServer backend;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_at({refusing, backend.address()})}}});
  Player player(rig.endpoint(), backend);
  EXPECT_TRUE(player.plays());
  player.leave();
  EXPECT_TRUE(rig.logged({"left", "backend=" + backend.address()}));
}

TEST(BalanceAddresses, one_that_does_not_answer_is_given_up_after_connect_timeout) {
  // A full backlog: the kernel drops what comes, as a host that is off does.
  const Harbour full("127.0.0.1", 0);
  const Wire fills = Wire::connect(full.endpoint());
  FakeServer backend;
  ProxyRig rig({.global = "connect_timeout = \"300ms\"",
                .servers = {{"lobby", server_at({full.address(), backend.address()})}}});
  Player player(rig.endpoint(), backend);
  EXPECT_TRUE(player.plays());
}

TEST(BalanceAddresses, the_first_that_works_is_always_taken_in_first_available) {
  FakeServer first;
  FakeServer second;
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server_at({first.address(), second.address()})}}});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(Player(rig.endpoint(), first).plays());
  EXPECT_FALSE(second.accept(Duration::zero()).open());
}

TEST(BalanceAddresses, connect_max_attempts_bounds_how_many_are_tried) {
  FakeServer backend;
  const std::string file = server_at({refusing, "127.0.0.2:1", backend.address()});
  ProxyRig two({.global = "connect_max_attempts = 2", .servers = {{"lobby", file}}});
  EXPECT_EQ(kick(two), offline);
  EXPECT_FALSE(backend.accept(Duration::zero()).open());
}

TEST(BalanceAddresses, three_are_tried_unless_said_otherwise_and_all_with_0) {
  FakeServer backend;
  const std::string file = server_at({refusing, "127.0.0.2:1", "127.0.0.3:1", backend.address()});
  {
    ProxyRig three({.global = {}, .servers = {{"lobby", file}}});
    EXPECT_EQ(kick(three), offline);
  }
  ProxyRig all({.global = "connect_max_attempts = 0", .servers = {{"lobby", file}}});
  EXPECT_TRUE(Player(all.endpoint(), backend).plays());
}

// With one attempt a connection, whoever does not reach the first address reaches none, until that
// address is left out.
TEST(BalanceAddresses, one_that_fails_three_times_is_left_out) {
  FakeServer backend;
  ProxyRig rig({.global = "connect_max_attempts = 1",
                .servers = {{"lobby", server_at({refusing, backend.address()})}}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kick(rig), offline);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Player(rig.endpoint(), backend).plays());
  EXPECT_EQ(rig.log_lines({"address left out for a while", "server=lobby", refusing}), 1U);
}

TEST(BalanceAddresses, a_reload_does_not_forget_who_is_left_out) {
  FakeServer backend;
  ProxyRig rig({.global = "connect_max_attempts = 1",
                .servers = {{"lobby", server_at({refusing, backend.address()})}}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kick(rig), offline);
  rig.write_server("lobby", server_at({refusing, backend.address()}, "max_players = 50"));
  EXPECT_TRUE(Player(rig.endpoint(), backend).plays());
}

TEST(BalanceAddresses, when_all_are_left_out_they_are_tried_regardless) {
  SleepingPort port;
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_at({port.address()})}}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(kick(rig), offline);
  EXPECT_EQ(rig.log_lines({"address left out for a while"}), 1U);
  port.wake();
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  Wire server = port.accept();
  EXPECT_TRUE(FakeServer::read_hello(server).has_value());
  EXPECT_TRUE(rig.logged({"address is back", port.address()}));
}

}  // namespace
}  // namespace drawbridge::kit
