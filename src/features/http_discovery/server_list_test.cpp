#include "features/http_discovery/server_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drawbridge::features::http_discovery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

config::LoadedServer only(std::string_view body, bool is_genuine = true) {
  const auto list = parse_server_list(body);
  EXPECT_TRUE(list) << list.error().what;
  if (!list || list->documents.size() != 1) return {};
  const auto& [id, document] = *list->documents.begin();
  return load_listed(id, document, is_genuine);
}

std::string problem_of(std::string_view body) {
  const auto loaded = only(body);
  EXPECT_FALSE(loaded.config);
  return loaded.problems.empty() ? "" : loaded.problems.front().text();
}

TEST(ServerList, IsJsonOrToml) {
  const auto json = only(R"({"servers": [{"id": "lobby", "domains": ["a.example"],
    "addresses": [{"address": "10.0.0.1:25565", "weight": 3}], "max_players": 20,
    "motd": {"sleeping": {"text": "zz \"quoted\" \u00a7a"}}, "network": null}]})");
  ASSERT_TRUE(json.config);
  EXPECT_EQ(json.config->id, "lobby");
  EXPECT_EQ(json.config->addresses[0].weight, 3);
  EXPECT_EQ(json.config->motd.sleeping->text.value, "zz \"quoted\" \u00a7a");
  EXPECT_FALSE(json.config->network);
  const auto toml = only(
      "[[servers]]\nid = 'lobby'\ndomains = ['a.example']\naddresses = ['10.0.0.1']\n"
      "[servers.server_manager]\ntype = 'webhook'\nstart_url = 'http://x/'\n");
  ASSERT_TRUE(toml.config);
  EXPECT_EQ(toml.config->server_manager->type, config::KeeperType::webhook);
}

TEST(ServerList, SomethingElseIsAnError) {
  for (const char* body : {"", "<html>", "{", "[]", "{}", R"({"servers": 5})", "servers = 1"})
    EXPECT_FALSE(parse_server_list(body)) << body;
  EXPECT_THAT(parse_server_list(R"({"servers": []})")->documents, IsEmpty());
}

TEST(ServerList, EntriesWithoutAnIdAreLeftOutAndNamed) {
  const auto list = parse_server_list(
      R"({"servers": [5, {"id": "No Id"}, {"id": "a"}, {"id": "a", "max_players": 3}]})");
  ASSERT_TRUE(list);
  EXPECT_THAT(list->documents, ElementsAre(Key("a")));
  EXPECT_THAT(list->problems,
              ElementsAre("servers[0] has no usable `id`", "servers[1] has no usable `id`",
                          "servers[3]: there is a a already"));
}

TEST(ServerList, ABadDocumentIsAnErrorThatNamesIt) {
  EXPECT_THAT(problem_of(R"({"servers": [{"id": "a", "domians": []}]})"),
              HasSubstr("http_discovery/a:"));
  EXPECT_THAT(problem_of(R"({"servers": [{"id": "a", "name": "b", "domains": ["x.org"],
                             "addresses": ["h"]}]})"),
              HasSubstr("`name` is another"));
}

TEST(ServerList, AListFromTheNetworkCannotReachIntoThisMachine) {
  const auto with = [](const std::string& manager) {
    return problem_of(
        R"({"servers": [{"id": "a", "domains": ["x.org"], "addresses": ["h"], "server_manager": )" +
        manager + "}]}");
  };
  EXPECT_THAT(with(R"({"type": "local", "command": "/bin/sh", "working_dir": "/"})"),
              HasSubstr("cannot have programs run here"));
  EXPECT_THAT(with(R"({"type": "crafty", "api_url": "http://h", "api_key": "file:/etc/shadow",
                       "server_id": "1"})"),
              HasSubstr("cannot have files or variables read"));
  EXPECT_THAT(with(R"({"type": "webhook", "start_url": "http://h", "headers": {"A": "env:HOME"}})"),
              HasSubstr("cannot have files or variables read"));
  EXPECT_THAT(with(R"({"type": "webhook", "start_url": "http://h", "ca_file": "/etc/shadow"})"),
              HasSubstr("cannot have files or variables read"));
  for (const std::string key : {R"("ip_filter": {"blacklist_file": "/etc/shadow"})",
                                R"("motd": {"online": {"text": "x", "favicon": "/etc/shadow"}})"})
    EXPECT_THAT(
        problem_of(R"({"servers": [{"id": "a", "domains": ["x.org"], "addresses": ["h"], )" + key +
                   "}]}"),
        HasSubstr("cannot have files or variables read"));
}

TEST(ServerList, OnlyAGenuineListStartsAndStopsContainers) {
  const std::string_view body =
      R"({"servers": [{"id": "a", "domains": ["x.org"], "addresses": ["h"],
                       "server_manager": {"type": "docker", "container": "a"}}]})";
  EXPECT_TRUE(only(body).config);
  const auto plain = only(body, false);
  EXPECT_FALSE(plain.config);
  ASSERT_FALSE(plain.problems.empty());
  EXPECT_THAT(plain.problems.front().text(), HasSubstr("use https"));
}

}  // namespace
}  // namespace drawbridge::features::http_discovery
