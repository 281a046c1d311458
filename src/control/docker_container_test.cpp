#include "control/docker_container.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drawbridge::control {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Shortened from what an engine of version 20.10.24 answered.
constexpr std::string_view running = R"({
  "Id": "94991586beaaeae1eb36eefa7eaf445e63631883a0303485f89aa138409e34db",
  "Created": "2026-11-22T14:11:08.1Z", "Name": "/lobby",
  "State": {"Status": "running", "Running": true, "Paused": false, "ExitCode": 0,
            "Health": {"Status": "starting", "FailingStreak": 0}},
  "Config": {"Labels": {"drawbridge.enable": "true", "a": "b"}},
  "HostConfig": {"NetworkMode": "default", "PortBindings": {}},
  "NetworkSettings": {
    "Ports": {"25565/tcp": [{"HostIp": "0.0.0.0", "HostPort": "30000"}], "19132/udp": null},
    "Networks": {
      "second": {"IPAMConfig": {"IPv4Address": "10.9.0.7"}, "NetworkID": "2222222222222222",
                 "Aliases": ["survival"], "IPAddress": "10.9.0.7", "GlobalIPv6Address": ""},
      "bridge": {"IPAMConfig": null, "NetworkID": "1111111111111111", "Aliases": null,
                 "IPAddress": "172.17.0.2", "GlobalIPv6Address": ""}}}})";

DockerContainer container() {
  auto parsed = parse_docker_container(running);
  EXPECT_TRUE(parsed);
  return parsed ? *parsed : DockerContainer();
}

std::string address(const DockerContainer& one, std::string_view wanted = "",
                    const std::vector<std::string>& shared = {}) {
  return docker_address(one, 25565, wanted, shared).text;
}

TEST(DockerContainer, IsReadFromTheEnginesAnswer) {
  const DockerContainer one = container();
  EXPECT_EQ(one.name, "lobby");
  EXPECT_EQ(one.state, DockerContainer::State::running);
  EXPECT_EQ(one.health, DockerContainer::Health::starting);
  EXPECT_EQ(one.labels.at("drawbridge.enable"), "true");
  ASSERT_THAT(one.networks, SizeIs(2));
  EXPECT_EQ(one.networks[0].name, "bridge");
  ASSERT_THAT(one.published, SizeIs(1));
  EXPECT_EQ(one.published[0].host_port, 30000);
}

TEST(DockerContainer, NonsenseIsAnError) {
  EXPECT_FALSE(parse_docker_container("nothing"));
  EXPECT_FALSE(parse_docker_container("{}"));
  EXPECT_FALSE(parse_docker_container(R"({"Id": 5, "Name": []})"));
  EXPECT_FALSE(parse_docker_list(R"({"a": 1})"));
  EXPECT_THAT(*parse_docker_list(R"([5, {"Id": ""}])"), IsEmpty());
  // Members of the wrong type are as if they were not there.
  const auto odd = parse_docker_container(
      R"({"Id": "a", "Name": "b", "State": 5, "NetworkSettings": {"Networks": {"x": 7}}})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(address(*odd), "b:25565");
}

TEST(DockerAddress, OfTheNetworkThatIsWanted) {
  for (const char* wanted : {"second", "222222222222", "survival"})
    EXPECT_EQ(address(container(), wanted), "10.9.0.7:25565") << wanted;
  const DockerAddress missed = docker_address(container(), 25565, "third", {});
  EXPECT_TRUE(missed.missed);
  EXPECT_EQ(missed.text, "172.17.0.2:25565");
}

TEST(DockerAddress, OfANetworkThatIsSharedElseTheFirstByName) {
  EXPECT_EQ(address(container(), "", {"2222222222222222"}), "10.9.0.7:25565");
  EXPECT_EQ(address(container()), "172.17.0.2:25565");
}

TEST(DockerAddress, WithoutAnIpThePublishedPortOrTheName) {
  DockerContainer one = container();
  one.networks.clear();
  EXPECT_EQ(address(one), "127.0.0.1:30000");
  one.published[0].address = "192.0.2.1";
  EXPECT_EQ(address(one), "192.0.2.1:30000");
  one.published.clear();
  EXPECT_EQ(address(one), "lobby:25565");
  one.host_network = true;
  EXPECT_EQ(address(one), "127.0.0.1:25565");
}

TEST(DockerAddress, AStoppedContainerKeepsTheAddressThatItWasGiven) {
  DockerContainer one = container();
  for (auto& network : one.networks) network.address.clear();
  EXPECT_EQ(address(one), "10.9.0.7:25565");
}

TEST(OwnContainer, IsFoundInTheListOfMounts) {
  const std::string id(64, 'a');
  const std::string line = "760 751 8:1 /var/lib/docker/containers/" + id +
                           "/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw\n";
  EXPECT_EQ(own_container_id("23 1 0:21 / /proc rw - proc proc rw\n" + line), id);
  EXPECT_EQ(own_container_id("23 1 0:21 / /proc rw - proc proc rw\n"), "");
  EXPECT_EQ(own_container_id("/containers/abc"), "");
}

}  // namespace
}  // namespace drawbridge::control
