// Backends by name: a name server that is silent about one name delays nobody who wants another,
// nor anybody whose address was known a moment ago.
#include <gtest/gtest.h>

#include "control/loopback_name_server.hpp"
#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

using control::LoopbackNameServer;
using Manner = LoopbackNameServer::Manner;

const IpAddress loopback = IpAddress::v4(INADDR_LOOPBACK);

std::string port_of(const FakeServer& server) {
  const std::string address = server.address();
  return address.substr(address.rfind(':'));
}

class ForwardingNames : public ::testing::Test {
 protected:
  // One worker: whoever waits there must not be in the others' way. Nobody gives up within the
  // test's patience.
  static constexpr std::string_view global = "worker_threads = 1\nconnect_timeout = \"60s\"";
  [[nodiscard]] control::ResolverOptions asking() const {
    control::ResolverOptions options;
    options.servers = {names.endpoint()};
    options.hosts_file = "/dev/null";
    options.lookup_timeout = seconds(60);
    options.query_timeout = seconds(60);
    options.min_ttl = milliseconds(1);
    return options;
  }
  [[nodiscard]] ProxyRig::Settings settings(std::map<std::string, std::string> servers) const {
    return {.global = std::string(global),
            .servers = std::move(servers),
            .bind = "127.0.0.1:0",
            .start = true,
            .resolver = asking()};
  }

  LoopbackNameServer names;
  FakeServer backend;
};

TEST_F(ForwardingNames, a_name_that_nobody_answers_for_delays_no_other) {
  names.set("silent.test", {.addresses = {loopback}, .v4 = Manner::silent, .v6 = Manner::silent});
  names.set("fine.test", {.addresses = {loopback}});
  ProxyRig rig(
      settings({{"silent", server_file("silent.example", "silent.test" + port_of(backend))},
                {"fine", server_file("fine.example", "fine.test" + port_of(backend))}}));
  FakeClient waits(rig.endpoint());
  ASSERT_TRUE(waits.log_in("silent.example", "Waits"));
  ASSERT_TRUE(names.wait_for_questions("silent.test", 1));
  for (const std::string_view name : {"First", "Second", "Third"}) {
    Player player(rig.endpoint(), backend, "fine.example", name);
    EXPECT_EQ(player.hello.hello.player, name);
    EXPECT_TRUE(player.plays());
  }
  EXPECT_TRUE(waits.wire.stays_quiet(Duration::zero()));
  // The one who waits gets in as soon as the answer comes.
  names.set("silent.test", {.addresses = {loopback}});
  ASSERT_TRUE(names.wait_for_questions("silent.test", 2));
  names.answer_kept();
  Wire server = backend.accept();
  const auto arrived = FakeServer::read_hello(server);
  ASSERT_TRUE(arrived.has_value());
  EXPECT_EQ(arrived->hello.player, "Waits");
}

TEST_F(ForwardingNames, a_known_address_is_used_while_the_name_server_is_silent) {
  names.set("lobby.test", {.addresses = {loopback}, .ttl = 0});
  ProxyRig rig(settings({{"lobby", server_file("play.example", "lobby.test" + port_of(backend))}}));
  Player first(rig.endpoint(), backend);
  names.set("lobby.test", {.addresses = {}, .v4 = Manner::silent, .v6 = Manner::silent});
  for (int i = 0; i < 3; ++i) {
    Player next(rig.endpoint(), backend);
    EXPECT_TRUE(next.plays());
  }
}

TEST_F(ForwardingNames, a_name_that_does_not_exist_leads_to_the_next_address) {
  ProxyRig rig(settings({{"lobby", fmt::format("domains = [\"play.example\"]\n"
                                               "addresses = [\"nowhere.test:25565\", \"{}\"]",
                                               backend.address())}}));
  Player player(rig.endpoint(), backend);
  EXPECT_TRUE(player.plays());
}

TEST_F(ForwardingNames, all_addresses_of_a_name_are_tried) {
  names.set("lobby.test", {.addresses = {*IpAddress::parse("127.0.0.77"), loopback}});
  ProxyRig rig(settings({{"lobby", server_file("play.example", "lobby.test" + port_of(backend))}}));
  Player player(rig.endpoint(), backend);
  EXPECT_TRUE(player.plays());
}

TEST_F(ForwardingNames, a_name_that_is_none_gets_the_kick_of_a_server_that_is_down) {
  ProxyRig rig(settings({{"lobby", server_file("play.example", "nowhere.test:25565")}}));
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  EXPECT_EQ(client.kicked(), "Server is currently unreachable. Please try again later.");
  EXPECT_TRUE(rig.logged({"backend unreachable", "nowhere.test"}));
}

}  // namespace
}  // namespace drawbridge::kit
