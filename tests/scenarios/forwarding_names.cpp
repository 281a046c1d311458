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

LoopbackNameServer::Service service(std::string host, const FakeServer& at,
                                    std::uint16_t priority = 0) {
  const auto port = static_cast<std::uint16_t>(std::stoi(port_of(at).substr(1)));
  return {.host = std::move(host), .port = port, .priority = priority};
}

TEST_F(ForwardingNames, a_name_without_a_port_is_looked_up_as_a_service_first) {
  names.set("_minecraft._tcp.mc.test", {.services = {service("host.test", backend)}});
  names.set("host.test", {.addresses = {loopback}});
  ProxyRig rig(settings({{"lobby", server_file("play.example", "mc.test")}}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Player(rig.endpoint(), backend).plays());
  EXPECT_EQ(names.questions("_minecraft._tcp.mc.test"), 1U) << "kept for its time to live";
  EXPECT_EQ(names.questions("mc.test"), 0U);
}

TEST_F(ForwardingNames, a_name_with_a_port_is_not) {
  names.set("_minecraft._tcp.mc.test", {.services = {{.host = "nowhere.test", .port = 1}}});
  names.set("mc.test", {.addresses = {loopback}});
  ProxyRig rig(settings({{"lobby", server_file("play.example", "mc.test" + port_of(backend))}}));
  EXPECT_TRUE(Player(rig.endpoint(), backend).plays());
  EXPECT_EQ(names.questions("_minecraft._tcp.mc.test"), 0U);
}

TEST_F(ForwardingNames, services_are_tried_by_their_priority) {
  FakeServer spare;
  names.set("host.test", {.addresses = {loopback}});
  names.set("_minecraft._tcp.mc.test",
            {.services = {service("host.test", spare, 20), service("host.test", backend, 10)}});
  ProxyRig rig(settings({{"lobby", server_file("play.example", "mc.test")}}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Player(rig.endpoint(), backend).plays());
  backend.close();
  EXPECT_TRUE(Player(rig.endpoint(), spare).plays());
}

TEST_F(ForwardingNames, without_such_a_record_it_is_the_usual_port) {
  names.set("mc.test", {.addresses = {*IpAddress::parse("127.0.0.78")}});
  ProxyRig rig(settings({{"lobby", server_file("play.example", "mc.test")}}));
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  EXPECT_TRUE(names.wait_for_questions("mc.test", 1));
  EXPECT_EQ(names.questions("_minecraft._tcp.mc.test"), 1U);
}

// The first address swallows what is sent to it; the next one is not tried only after it gave up.
TEST_F(ForwardingNames, addresses_of_both_families_are_raced) {
  const Harbour full("127.0.0.79", 0);
  const Wire fills = Wire::connect(full.endpoint());
  Harbour six("::1", 16, full.endpoint().port);
  names.set("both.test", {.addresses = {full.endpoint().address, six.endpoint().address}});
  ProxyRig rig(settings(
      {{"lobby", server_file("play.example", fmt::format("both.test:{}", full.endpoint().port))}}));
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  Wire server = six.accept();
  EXPECT_TRUE(FakeServer::read_hello(server).has_value());
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
