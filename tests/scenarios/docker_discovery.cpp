// Servers from container labels, told by an engine that has whatever the test says.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/strings.hpp"
#include "control/fake_docker_engine.hpp"
#include "kit/player.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

class DockerDiscovery : public ::testing::Test {
 protected:
  // A container whose server says `words` to a ping.
  static control::FakeContainer sign(const std::string& domain, const std::string& words) {
    return {.status = "running",
            .labels = {{"drawbridge.enable", "true"},
                       {"drawbridge.domains", domain},
                       {"drawbridge.port", "1"},
                       {"drawbridge.motd.unreachable.text", words}}};
  }
  [[nodiscard]] std::string docker(const std::string& more = "") const {
    return "[docker]\nendpoint = '" + engine.endpoint() + "'\nreconnect_delay = '20ms'\n" + more;
  }
  static bool leads_to(ProxyRig& rig, std::string_view host, std::string_view words) {
    return eventually([&] { return where(rig, host) == words; });
  }

  TempFolder folder;
  control::FakeDockerEngine engine{folder.path() / "docker.sock"};
};

TEST_F(DockerDiscovery, containers_that_are_there_at_the_start_are_served) {
  engine.put("a", sign("a.example", "this is a"));
  ProxyRig rig({.global = docker(), .servers = {}});
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
}

TEST_F(DockerDiscovery, players_get_into_a_container) {
  FakeServer backend;
  const std::string port = backend.address().substr(backend.address().rfind(':') + 1);
  engine.put("mc", {.status = "running",
                    .labels = {{"drawbridge.enable", "true"},
                               {"drawbridge.domains", "play.example"},
                               {"drawbridge.port", port}}});
  ProxyRig rig({.global = docker(), .servers = {}});
  EXPECT_TRUE(rig.changed_servers("added=mc"));
  Player player(rig.endpoint(), backend);
  EXPECT_TRUE(player.plays());
}

// The labels below `labels:` in the ```yaml blocks of the guides.
std::vector<std::map<std::string, std::string>> labels_of_the_guides() {
  std::vector<std::map<std::string, std::string>> out;
  for (const auto& page :
       std::filesystem::directory_iterator(std::filesystem::path(DRAWBRIDGE_ROOT) / "docs")) {
    std::ifstream in(page.path());
    bool is_yaml = false;
    bool is_label = false;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("```")) is_yaml = line == "```yaml";
      const std::string_view entry = drawbridge::trimmed(line);
      if (is_yaml && entry == "labels:") {
        out.emplace_back();
        is_label = true;
      } else if (is_label && is_yaml && entry.starts_with("drawbridge.")) {
        const auto colon = entry.find(": ");
        std::string_view value = entry.substr(std::min(colon + 2, entry.size()));
        if (value.starts_with('"')) value = value.substr(1, value.find('"', 1) - 1);
        out.back().emplace(entry.substr(0, colon), value);
      } else {
        is_label = false;
      }
    }
  }
  return out;
}

TEST_F(DockerDiscovery, the_labels_that_the_guides_show_are_known) {
  const auto shown = labels_of_the_guides();
  ASSERT_GE(shown.size(), 2U) << "the pages were not found";
  for (std::size_t i = 0; i < shown.size(); ++i)
    engine.put("guide" + std::to_string(i), {.status = "running", .labels = shown[i]});
  ProxyRig rig({.global = docker(), .servers = {}});
  for (std::size_t i = 0; i < shown.size(); ++i)
    EXPECT_TRUE(eventually([&] {
      return rig.daemon().command("server guide" + std::to_string(i)).exit_code == 0;
    })) << i;
}

TEST_F(DockerDiscovery, a_list_that_a_label_names_changes_live) {
  const IpAddress there = *IpAddress::parse("127.0.0.7");
  folder.write("bad.txt", "# nobody yet\n");
  FakeServer backend;
  const std::string port = backend.address().substr(backend.address().rfind(':') + 1);
  engine.put("mc",
             {.status = "running",
              .labels = {{"drawbridge.enable", "true"},
                         {"drawbridge.domains", "play.example"},
                         {"drawbridge.port", port},
                         {"drawbridge.ip_filter.blacklist_file", folder.path() / "bad.txt"}}});
  ProxyRig rig(
      {.global = docker("[kick_messages]\nip_filtered = 'not from there'\n"), .servers = {}});
  EXPECT_TRUE(rig.changed_servers("added=mc"));
  EXPECT_TRUE(Player(rig.endpoint(), backend, "play.example", "Steve", there).plays());
  folder.write("bad.txt", "127.0.0.7\n");
  EXPECT_TRUE(rig.changed_servers("updated=mc"));
  FakeClient client(rig.endpoint(), there);
  client.log_in("play.example", "Steve");
  EXPECT_EQ(client.kicked(), "not from there");
}

TEST_F(DockerDiscovery, a_container_comes_stops_and_starts_again) {
  ProxyRig rig({.global = docker(), .servers = {}});
  ASSERT_TRUE(engine.await_listener());
  engine.put("a", sign("a.example", "this is a"));
  engine.say("start", "a");
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
  control::FakeContainer stopped = sign("a.example", "this is a");
  stopped.status = "exited";
  engine.put("a", stopped);
  engine.say("die", "a", 0);
  EXPECT_TRUE(rig.logged({"servers changed", "removed=a"}));
  engine.put("a", sign("a.example", "back again"));
  engine.say("start", "a");
  EXPECT_TRUE(leads_to(rig, "a.example", "back again"));
  engine.remove("a");
  engine.say("destroy", "a");
  EXPECT_TRUE(eventually([&] { return where(rig, "a.example") != "back again"; }));
}

TEST_F(DockerDiscovery, a_renamed_container_gets_the_id_of_its_new_name) {
  engine.put("a", sign("a.example", "this is a"));
  ProxyRig rig({.global = docker(), .servers = {}});
  ASSERT_TRUE(engine.await_listener());
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
  engine.remove("a");
  engine.put("b", sign("a.example", "this is b"));
  engine.say("destroy", "a");
  engine.say("rename", "b");
  EXPECT_TRUE(leads_to(rig, "a.example", "this is b"));
  EXPECT_TRUE(rig.logged({"servers changed", "added=b", "removed=a"}));
}

TEST_F(DockerDiscovery, a_bad_label_keeps_the_last_good_set) {
  engine.put("a", sign("a.example", "this is a"));
  ProxyRig rig({.global = docker(), .servers = {}});
  ASSERT_TRUE(engine.await_listener());
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
  control::FakeContainer bad = sign("other.example", "this is bad");
  bad.labels["drawbridge.max_palyers"] = "3";
  engine.put("a", bad);
  engine.say("update", "a");
  EXPECT_TRUE(rig.logged({"ERROR", "container a", "max_palyers", "max_players"}));
  EXPECT_EQ(where(rig, "a.example"), "this is a");
}

TEST_F(DockerDiscovery, after_a_lost_connection_everything_is_compared) {
  engine.put("a", sign("a.example", "this is a"));
  ProxyRig rig({.global = docker(), .servers = {}});
  ASSERT_TRUE(engine.await_listener());
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
  engine.put("b", sign("b.example", "this is b"));  // nobody says so
  engine.remove("a");
  engine.cut_events();
  EXPECT_TRUE(leads_to(rig, "b.example", "this is b"));
  EXPECT_NE(where(rig, "a.example"), "this is a");
}

TEST_F(DockerDiscovery, without_events_containers_are_compared_now_and_then) {
  ProxyRig rig({.global = docker("poll_interval = '5ms'\n"), .servers = {}});
  engine.put("a", sign("a.example", "this is a"));  // nobody says so
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
}

TEST_F(DockerDiscovery, files_beat_containers_of_one_id_and_of_one_domain) {
  engine.put("a", sign("a.example", "the container"));
  engine.put("c", sign("b.example", "container c"));
  ProxyRig rig({.global = docker(),
                .servers = {{"a", signpost("[\"a.example\"]", "the file")},
                            {"b", signpost("[\"b.example\"]", "file b")}}});
  EXPECT_TRUE(rig.changed_servers("added=c"));
  EXPECT_EQ(where(rig, "a.example"), "the file");
  EXPECT_EQ(where(rig, "b.example"), "file b");
  rig.remove_server("a");
  EXPECT_TRUE(leads_to(rig, "a.example", "the container"));
  rig.remove_server("b");
  EXPECT_TRUE(leads_to(rig, "b.example", "container c"));
}

TEST_F(DockerDiscovery, a_default_container_serves_unknown_hosts) {
  control::FakeContainer sign_a = sign("a.example", "this is a");
  sign_a.labels["drawbridge.default"] = "true";
  engine.put("a", sign_a);
  ProxyRig rig({.global = docker(), .servers = {}});
  EXPECT_TRUE(leads_to(rig, "unknown.example", "this is a"));
}

TEST_F(DockerDiscovery, the_table_can_come_and_go_while_players_are_served) {
  engine.put("a", sign("a.example", "this is a"));
  ProxyRig rig({.global = {}, .servers = {}});
  EXPECT_NE(where(rig, "a.example"), "this is a");
  rig.write_global(docker());
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
  rig.write_global("");
  EXPECT_NE(where(rig, "a.example"), "this is a");
}

// In the closest peer the endpoint is ignored for connection parameters.
TEST_F(DockerDiscovery, peers_fault_23_an_endpoint_that_is_not_there_is_told) {
  ProxyRig rig({.global = "[docker]\nendpoint = 'unix:///nowhere/at/all.sock'\n", .servers = {}});
  EXPECT_TRUE(rig.logged({"Docker cannot be asked", "/nowhere/at/all.sock", "No such file"}));
}

TEST_F(DockerDiscovery, reload_reads_the_labels_again) {
  ProxyRig rig({.global = docker(), .servers = {}});
  ASSERT_TRUE(engine.await_listener());
  engine.put("a", sign("a.example", "this is a"));  // nobody says so
  rig.daemon().reload();
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
}

}  // namespace
}  // namespace drawbridge::kit
