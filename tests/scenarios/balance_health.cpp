// Active probes: who is out is asked whether it works again, so that no player needs to find out.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"
#include "kit/sleeping_port.hpp"

namespace drawbridge::kit {
namespace {

const std::string refusing = "127.0.0.1:1";

std::string server_at(const std::vector<std::string>& addresses, std::string_view more) {
  std::string list;
  for (const std::string& address : addresses) list += fmt::format("\"{}\",", address);
  return fmt::format("domains = [\"play.example\"]\naddresses = [{}]\n{}\n", list, more);
}

void knock_in_vain(ProxyRig& rig, int times) {
  for (int i = 0; i < times; ++i) {
    FakeClient client(rig.endpoint());
    client.log_in("play.example", "Steve");
    EXPECT_TRUE(client.kicked().has_value());
  }
}

// The prober has looked at all addresses so many times more: what it was going to probe it has.
void await_looks(ProxyRig& rig, std::uint64_t count) {
  const core::Prober& prober = rig.daemon().proxy().prober();
  const std::uint64_t until = prober.looks() + count;
  ASSERT_TRUE(eventually([&] { return prober.looks() >= until; }));
}

// Out for 30 s by the rules; only a probe can say earlier that it is back.
TEST(BalanceHealth, an_address_that_was_left_out_is_back_when_a_probe_reaches_it) {
  SleepingPort port;
  ProxyRig rig({.global = "active_health.unhealthy_interval = \"100ms\"",
                .servers = {{"lobby", server_at({port.address()}, "")}}});
  knock_in_vain(rig, 3);
  EXPECT_EQ(rig.log_lines({"address left out for a while", port.address()}), 1U);
  port.wake();
  EXPECT_TRUE(rig.logged({"address is back", port.address()}));
}

TEST(BalanceHealth, a_healthy_address_that_stops_answering_probes_is_left_out) {
  FakeServer backend;
  ProxyRig rig({.global = "connect_max_attempts = 1\n[active_health]\nprobe_healthy = true\n"
                          "timeout = \"500ms\"",
                .servers = {{"lobby", server_at({refusing, backend.address()}, "")}}});
  ASSERT_TRUE(rig.logged({"address left out for a while", "server=lobby", refusing}));
  EXPECT_EQ(rig.log_lines({"backend unreachable"}), 0U) << "no player met it";
  // Probes of the healthy one came, too; the player is the next connection that says something.
  FakeClient client(rig.endpoint());
  ASSERT_TRUE(client.log_in("play.example", "Steve"));
  std::optional<Arrived> arrived;
  EXPECT_TRUE(eventually([&] {
    Wire wire = backend.accept();
    arrived = FakeServer::read_hello(wire);
    return arrived.has_value();
  }));
  ASSERT_TRUE(arrived.has_value());
  EXPECT_EQ(arrived->hello.player, "Steve");
}

TEST(BalanceHealth, a_server_has_its_own_table_and_may_turn_probes_off) {
  SleepingPort port;
  SleepingPort quiet;
  ProxyRig rig({.global = "active_health.unhealthy_interval = \"100ms\"",
                .servers = {{"lobby", server_at({port.address()}, "")},
                            {"quiet", fmt::format("domains = [\"quiet.example\"]\n"
                                                  "addresses = [\"{}\"]\n"
                                                  "active_health.enabled = false\n",
                                                  quiet.address())}}});
  knock_in_vain(rig, 3);
  for (int i = 0; i < 3; ++i) {
    FakeClient client(rig.endpoint());
    client.log_in("quiet.example", "Steve");
    EXPECT_TRUE(client.kicked().has_value());
  }
  quiet.wake();
  port.wake();
  EXPECT_TRUE(rig.logged({"address is back", port.address()}));
  await_looks(rig, 3);
  EXPECT_EQ(rig.log_lines({"address is back", quiet.address()}), 0U);
}

TEST(BalanceHealth, a_status_probe_asks_as_a_client_does_with_the_header_that_the_server_wants) {
  FakeServer backend;
  ProxyRig rig(
      {.global = "[active_health]\nprobe_healthy = true\nkind = \"status_ping\"",
       .servers = {{"lobby", server_at({backend.address()}, "send_proxy_protocol = \"v1\"")}}});
  Wire probe = backend.accept();
  ASSERT_TRUE(probe.open());
  const ByteBuffer header = probe.receive(15);
  EXPECT_EQ(as_text(header), "PROXY UNKNOWN\r\n");
  const auto asked = FakeServer::read_hello(probe);
  ASSERT_TRUE(asked.has_value());
  EXPECT_TRUE(asked->hello.wants_status());
  EXPECT_EQ(asked->hello.host, "play.example");
}

TEST(BalanceHealth, at_most_max_concurrent_probes_run_at_once) {
  FakeServer first;
  FakeServer second;
  ProxyRig rig({.global = "[active_health]\nprobe_healthy = true\nkind = \"status_ping\"\n"
                          "max_concurrent = 1\ntimeout = \"20s\"",
                .servers = {{"lobby", server_at({first.address(), second.address()}, "")}}});
  Wire probe = first.accept();
  ASSERT_TRUE(FakeServer::read_hello(probe).has_value());
  await_looks(rig, 3);  // and the answer to this probe is still owed
  EXPECT_FALSE(second.accept(Duration::zero()).open());
  probe.close();
  EXPECT_TRUE(second.accept().open());
}

}  // namespace
}  // namespace drawbridge::kit
