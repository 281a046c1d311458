#include "features/docker/labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drawbridge::features::docker {
namespace {

using control::DockerContainer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

using Labels = std::map<std::string, std::string, std::less<>>;

DockerContainer container(const std::string& name, Labels labels) {
  DockerContainer out;
  out.id = "id-of-" + name;
  out.name = name;
  out.created = "2026-01-01T00:00:00Z";
  out.state = DockerContainer::State::running;
  out.labels = std::move(labels);
  out.networks = {{.name = "bridge",
                   .id = "1111111111111111",
                   .aliases = {},
                   .address = "172.17.0.2",
                   .fixed_address = ""}};
  return out;
}

std::map<std::string, Described> all(const std::vector<DockerContainer>& containers,
                                     const LabelSettings& settings = {}) {
  return describe(containers, settings);
}

// The only server, without errors.
config::ServerConfig only(const std::vector<DockerContainer>& containers,
                          const LabelSettings& settings = {}) {
  const auto described = all(containers, settings);
  EXPECT_EQ(described.size(), 1U);
  const auto& server = described.begin()->second.server;
  for (const auto& problem : server.problems) EXPECT_EQ("", problem.text());
  return server.config.value_or(config::ServerConfig());
}

std::string problems(const std::vector<DockerContainer>& containers,
                     const LabelSettings& settings = {}) {
  std::string out;
  for (const auto& [id, described] : all(containers, settings))
    for (const auto& problem : described.server.problems) out += problem.text() + "\n";
  return out;
}

TEST(DockerLabels, DefaultsComeFromTheContainer) {
  const auto server = only({container("My_Lobby", {{"drawbridge.enable", "true"}})});
  EXPECT_EQ(server.id, "my_lobby");
  EXPECT_THAT(server.domains, ElementsAre("my_lobby.docker.local"));
  ASSERT_EQ(server.addresses.size(), 1U);
  EXPECT_EQ(server.addresses[0].address.text(), "172.17.0.2:25565");
  EXPECT_FALSE(server.server_manager);
}

TEST(DockerLabels, InfrarustsLabelsAreRead) {
  const auto server = only({container("c", {{"infrarust.enable", "true"},
                                            {"infrarust.domains", "a.example.org,\nB.example.org"},
                                            {"infrarust.port", "25570"},
                                            {"infrarust.proxy_mode", "offline"},
                                            {"infrarust.send_proxy_protocol", "true"},
                                            {"infrarust.name", "lobby"},
                                            {"infrarust.network", "main"},
                                            {"infrarust.motd.text", "hello"}})});
  EXPECT_EQ(server.id, "lobby");
  EXPECT_THAT(server.domains, ElementsAre("a.example.org", "b.example.org"));
  EXPECT_EQ(server.addresses[0].address.text(), "172.17.0.2:25570");
  EXPECT_EQ(server.proxy_mode, config::ProxyMode::offline);
  EXPECT_NE(server.send_proxy_protocol, config::SendProxy::off);
  EXPECT_EQ(server.network, "main");
  ASSERT_TRUE(server.motd.online);
  EXPECT_EQ(server.motd.online->text.value, "hello");
}

TEST(DockerLabels, AnyServerKeyIsALabel) {
  const auto server = only({container("c", {{"drawbridge.enable", "1"},
                                            {"drawbridge.max_players", "20"},
                                            {"drawbridge.motd.sleeping.text", "zzz {eta}"},
                                            {"drawbridge.fallback", "lobby, other"}})});
  EXPECT_EQ(server.max_players, 20U);
  EXPECT_EQ(server.motd.sleeping->text.value, "zzz {eta}");
  EXPECT_THAT(server.fallback, ElementsAre("lobby", "other"));
}

TEST(DockerLabels, OfTwoSpellingsOursWinsAndAWarningSaysSo) {
  const Labels labels = {{"drawbridge.enable", "true"},
                         {"drawbridge.domains", "ours.example.org"},
                         {"infrarust.domains", "theirs.example.org"}};
  const auto described = all({container("c", labels)});
  EXPECT_THAT(described.at("c").server.config->domains, ElementsAre("ours.example.org"));
  EXPECT_THAT(problems({container("c", labels)}), HasSubstr("infrarust.domains are both set"));
}

TEST(DockerLabels, OnlyEnabledContainersAreServers) {
  EXPECT_THAT(all({container("a", {}), container("b", {{"drawbridge.enable", "false"}}),
                   container("c", {{"drawbridge.domains", "c.example.org"}}),
                   container("d", {{"drawbridge.enable", "false"}, {"mc-router.host", "d.org"}})}),
              IsEmpty());
}

TEST(DockerLabels, MistakesAreErrorsThatNameTheContainer) {
  const auto errors = [&](const std::string& label, const std::string& value) {
    return problems({container("c", {{"drawbridge.enable", "true"}, {label, value}})});
  };
  EXPECT_THAT(errors("drawbridge.proxy_mode", "pasthrough"),
              HasSubstr("container c: error: proxy_mode"));
  EXPECT_THAT(errors("drawbridge.max_palyers", "5"), HasSubstr("max_players"));
  EXPECT_THAT(errors("drawbridge.port", "70000"), HasSubstr("error: port: must be a number"));
  EXPECT_THAT(errors("drawbridge.wake", "yes"), HasSubstr("error: wake: must be true or false"));
  EXPECT_THAT(errors("drawbridge.docker_network", "absent"), HasSubstr("not attached to"));
  const auto bad =
      all({container("c", {{"drawbridge.enable", "true"}, {"drawbridge.port", "none"}})});
  EXPECT_FALSE(bad.at("c").server.config);  // so its last good version stays
}

TEST(DockerLabels, AKeeperIsForThisContainerOnly) {
  const auto server = only({container("c", {{"drawbridge.enable", "true"},
                                            {"drawbridge.wake", "true"},
                                            {"drawbridge.server_manager.shutdown_after", "5m"},
                                            {"drawbridge.server_manager.idle_action", "pause"}})});
  ASSERT_TRUE(server.server_manager);
  EXPECT_EQ(server.server_manager->type, config::KeeperType::docker);
  EXPECT_EQ(server.server_manager->container, "c");
  EXPECT_EQ(server.server_manager->shutdown_after, minutes(5));
  EXPECT_EQ(server.server_manager->idle_action, config::IdleAction::pause);
  // An image from a stranger must not run commands on the host.
  EXPECT_THAT(problems({container("c", {{"drawbridge.enable", "true"},
                                        {"drawbridge.wake", "true"},
                                        {"drawbridge.server_manager.type", "local"},
                                        {"drawbridge.server_manager.command", "/bin/sh"}})}),
              HasSubstr("error: server_manager.type: cannot be set by a label"));
  EXPECT_THAT(problems({container("c", {{"drawbridge.enable", "true"},
                                        {"drawbridge.server_manager.shutdown_after", "5m"}})}),
              HasSubstr("has no effect without"));
}

TEST(DockerLabels, AStoppedContainerIsAServerIfItCanBeWoken) {
  DockerContainer stopped = container("c", {{"drawbridge.enable", "true"}});
  stopped.state = DockerContainer::State::exited;
  EXPECT_THAT(all({stopped}), IsEmpty());
  stopped.labels["drawbridge.wake"] = "true";
  stopped.networks[0].address.clear();
  EXPECT_EQ(only({stopped}).addresses[0].address.text(), "c:25565");
}

TEST(DockerLabels, McRoutersLabelsAreRead) {
  const auto server = only({container("c", {{"mc-router.host", "a.example.org\nb.example.org"},
                                            {"mc-router.port", "25566"},
                                            {"mc-router.auto-scale-up", "true"},
                                            {"mc-router.auto-scale-down", "true"},
                                            {"mc-router.auto-scale-asleep-motd", "asleep"},
                                            {"mc-router.auto-scale-loading-motd", "{duration}"},
                                            {"mc-router.auto-scale-wait-timeout", "90s"}})});
  EXPECT_THAT(server.domains, ElementsAre("a.example.org", "b.example.org"));
  EXPECT_EQ(server.addresses[0].address.text(), "172.17.0.2:25566");
  ASSERT_TRUE(server.server_manager);
  EXPECT_EQ(server.server_manager->wake_on, config::WakeOn::login);
  EXPECT_EQ(server.server_manager->shutdown_after, minutes(10));
  EXPECT_EQ(server.server_manager->start_timeout, seconds(90));
  EXPECT_EQ(server.motd.sleeping->text.value, "asleep");
  EXPECT_EQ(server.motd.starting->text.value, "{duration}");
  EXPECT_THAT(all({container("c", {{"mc-router.host", "a.example.org"}})},
                  {.network = "", .mc_router = false, .shared_networks = {}}),
              IsEmpty());
}

TEST(DockerLabels, OwnLabelsBeatMcRoutersKeyByKey) {
  const auto server = only({container("c", {{"mc-router.host", "theirs.example.org"},
                                            {"mc-router.port", "1"},
                                            {"drawbridge.port", "25570"},
                                            {"mc-router.auto-scale-up", "true"},
                                            {"mc-router.auto-scale-down", "true"},
                                            {"drawbridge.server_manager.shutdown_after", "3m"}})});
  EXPECT_THAT(server.domains, ElementsAre("theirs.example.org"));
  EXPECT_EQ(server.addresses[0].address.text(), "172.17.0.2:25570");
  EXPECT_EQ(server.server_manager->shutdown_after, minutes(3));
}

TEST(DockerLabels, AutoScaleUpFalseLeavesStartingToTheOperator) {
  const auto server = only({container("c", {{"mc-router.host", "a.example.org"},
                                            {"mc-router.auto-scale-up", "false"},
                                            {"mc-router.auto-scale-down", "true"}})});
  EXPECT_EQ(server.server_manager->wake_on, config::WakeOn::off);
}

TEST(DockerLabels, AGroupIsOneServerWithWeights) {
  const Labels labels = {{"drawbridge.enable", "true"},
                         {"drawbridge.group", "lobbies"},
                         {"drawbridge.balance", "random"}};
  DockerContainer first = container("lobby-1", labels);
  first.labels["drawbridge.weight"] = "3";
  DockerContainer second = container("lobby-2", labels);
  second.networks[0].address = "172.17.0.3";
  const auto both = only({second, first});
  EXPECT_EQ(both.id, "lobbies");
  ASSERT_EQ(both.addresses.size(), 2U);
  EXPECT_EQ(both.addresses[0].address.text(), "172.17.0.2:25565");
  EXPECT_EQ(both.addresses[0].weight, 3);
  EXPECT_EQ(both.addresses[1].weight, 1);
  second.health = DockerContainer::Health::unhealthy;
  EXPECT_EQ(only({first, second}).addresses.size(), 1U);
}

TEST(DockerLabels, AContainerThatIsBeingReplacedKeepsItsServer) {
  const Labels labels = {
      {"drawbridge.enable", "true"}, {"drawbridge.wake", "true"}, {"drawbridge.max_players", "1"}};
  const DockerContainer old = container("mc", labels);
  DockerContainer next = container("0123456789ab_mc", labels);
  next.created = "2026-01-02T00:00:00Z";
  next.state = DockerContainer::State::created;
  next.labels["drawbridge.max_players"] = "2";
  EXPECT_EQ(only({old, next}).max_players, 1U);  // the one that runs
  DockerContainer stopped = old;
  stopped.state = DockerContainer::State::exited;
  EXPECT_EQ(only({stopped, next}).max_players, 2U);  // the younger one
  EXPECT_THAT(all({next}), ElementsAre(Key("mc")));
}

TEST(DockerLabels, TheNetworkOfTheGlobalFileIsAWish) {
  EXPECT_THAT(problems({container("c", {{"drawbridge.enable", "true"}})},
                       {.network = "games", .mc_router = true, .shared_networks = {}}),
              HasSubstr("warning: docker_network"));
}

TEST(DockerLabels, TheDefaultServerIsMarked) {
  const auto described =
      all({container("c", {{"drawbridge.enable", "true"}, {"drawbridge.default", "true"}})});
  EXPECT_TRUE(described.at("c").is_default);
}

}  // namespace
}  // namespace drawbridge::features::docker
