#include "config/inactive.hpp"
#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string server(std::string_view domain, std::string_view rest = "") {
  return "domains = ['" + std::string(domain) + "']\naddresses = ['10.0.0.1']\n" +
         std::string(rest);
}

TEST(ServerFolder, OnlyTomlFilesOfTheTopLevel) {
  const ScratchFolder folder;
  folder.write("b.toml", server("b"));
  folder.write("a.toml", server("a"));
  folder.write("c.toml.example", "not toml at all [");
  folder.write(".hidden.toml", "[");
  folder.write("deeper/d.toml", server("d"));
  folder.write("folder.toml/e.toml", server("e"));
  const LoadedFolder loaded = load_folder(folder.path());
  ASSERT_EQ(loaded.files.size(), 2u);
  EXPECT_EQ(loaded.files[0].server.config->id, "a");
  EXPECT_EQ(loaded.files[1].server.config->id, "b");
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(load_folder(folder.path() / "missing").problems.empty());
  EXPECT_FALSE(load_folder(folder.path() / "a.toml").problems.empty());
}

TEST(ServerFolder, OfTwoFilesWithOneIdTheFirstStays) {
  const ScratchFolder folder;
  folder.write("one.toml", server("a", "name = 'same'"));
  folder.write("two.toml", server("b", "name = 'same'"));
  const LoadedFolder loaded = load_folder(folder.path());
  EXPECT_TRUE(loaded.files[0].server.config);
  EXPECT_FALSE(loaded.files[1].server.config);
  EXPECT_THAT(text_of(loaded.problems),
              AllOf(HasSubstr("one.toml"), HasSubstr("two.toml"), HasSubstr("\"same\"")));
}

TEST(ServerFolder, ABadFileLeavesTheOthersAlone) {
  const ScratchFolder folder;
  folder.write("bad.toml", "domains = [");
  folder.write("good.toml", server("a"));
  const LoadedFolder loaded = load_folder(folder.path());
  EXPECT_FALSE(loaded.files[0].server.config);
  EXPECT_EQ(loaded.files[0].server.id, "bad");
  EXPECT_TRUE(loaded.files[1].server.config);
}

std::string crossed(std::string_view global,
                    std::vector<std::pair<std::string, std::string>> files) {
  const Loaded loaded = load_global(global, "g.toml");
  EXPECT_TRUE(loaded.config) << text_of(loaded.problems);
  std::vector<LoadedFolder::File> servers;
  for (const auto& [name, text] : files) servers.push_back({name, load_server(text, name)});
  return text_of(cross_check(*loaded.config, loaded.origins, servers));
}

TEST(CrossCheck, NamesThatNobodyDefines) {
  EXPECT_THAT(crossed("default_server = 'x'\nfallback = ['y']",
                      {{"a.toml", server("a", "fallback = ['z', 'a']")}}),
              AllOf(HasSubstr("g.toml:1: warning: default_server"), HasSubstr("\"y\""),
                    HasSubstr("\"z\""), HasSubstr("names the server itself")));
  // A file that is bad right now may be back any moment.
  EXPECT_EQ(crossed("default_server = 'b'", {{"a.toml", server("a")}, {"b.toml", "="}}), "");
}

TEST(CrossCheck, SomethingMustLeadToAForwardingServer) {
  const std::string lonely = "addresses = ['10.0.0.1']";
  EXPECT_THAT(crossed("", {{"a.toml", lonely}}),
              HasSubstr("a.toml: warning: domains: nothing leads"));
  EXPECT_EQ(crossed("default_server = 'a'", {{"a.toml", lonely}}), "");
  EXPECT_EQ(crossed("[[route]]\nmatch = 'x'\nserver = 'a'", {{"a.toml", lonely}}), "");
  EXPECT_EQ(crossed("", {{"a.toml", lonely}, {"b.toml", server("b", "fallback = ['a']")}}), "");
  EXPECT_EQ(crossed("", {{"a.toml", lonely + "\nproxy_mode = 'offline'"}}), "");
}

TEST(CrossCheck, VelocityCannotBeSentByTheForwardingFamily) {
  EXPECT_THAT(crossed("[forwarding]\nmode = 'velocity'", {{"a.toml", server("a")}}),
              HasSubstr("warning: forwarding_mode"));
  EXPECT_THAT(crossed("", {{"a.toml", server("a", "forwarding_mode = 'velocity'")}}),
              HasSubstr("sends nothing"));
  EXPECT_EQ(crossed("[forwarding]\nmode = 'velocity'",
                    {{"a.toml", server("a", "forwarding_mode = 'none'")}}),
            "");
}

// What an Infrarust 2 user has, mixed from its features, loads without an error.
TEST(Infrarust, FilesLoadUnchanged) {
  const Loaded global = load_global(in_repository("tests/golden/infrarust/infrarust.toml"));
  ASSERT_TRUE(global.config) << text_of(global.problems);
  EXPECT_EQ(count_errors(global.problems), 0u) << text_of(global.problems);
  EXPECT_EQ(global.config->product_name, "infrarust");
  EXPECT_EQ(global.config->max_connections, 2000u);
  EXPECT_EQ(global.config->wasm.epoch_tick, Duration(milliseconds(50)));
  EXPECT_EQ(global.config->active_health.interval, Duration(minutes(1)));

  const LoadedFolder servers = load_folder(global.config->servers_dir);
  ASSERT_GE(servers.files.size(), 8u);
  for (const LoadedFolder::File& file : servers.files)
    EXPECT_TRUE(file.server.config) << text_of(file.server.problems);
  EXPECT_EQ(count_errors(cross_check(*global.config, global.origins, servers.files)), 0u);
  const auto find = [&](std::string_view id) -> const ServerConfig& {
    const auto at =
        std::ranges::find(servers.files, id, [](const auto& f) { return f.server.config->id; });
    return at->server.config.value();
  };
  EXPECT_THAT(find("old-world").domains, testing::ElementsAre("old.example.com"));
  EXPECT_EQ(find("mini_games").addresses[0].weight, 3);
  EXPECT_EQ(find("crafty").server_manager->shutdown_after, Duration(minutes(30)));
  EXPECT_EQ(find("survival").motd.unreachable->text.value, "§cSurvival is down");
  EXPECT_EQ(find("event").server_manager->start_timeout, Duration(seconds(60)));
}

TEST(ShippedConfiguration, LoadsWithoutAProblem) {
  const Loaded loaded = load_global(in_repository("config/drawbridge.toml"));
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_TRUE(loaded.problems.empty()) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->bind->text(), "[::]:25565");
  EXPECT_EQ(loaded.config->servers_dir, in_repository("config/servers"));
  EXPECT_TRUE(inactive_keys(*loaded.config, loaded.origins).empty());
  EXPECT_TRUE(load_folder(loaded.config->servers_dir).files.empty());
  // The example is a good file as soon as it is copied, also with everything in it uncommented.
  std::string example = file_text(in_repository("config/servers/survival.toml.example"));
  EXPECT_TRUE(load_server(example, "survival.toml").problems.empty());
  for (const std::string_view mark :
       {"# proxy_mode", "# send_proxy", "# max_players", "# [motd", "# text"}) {
    const auto at = example.find(mark);
    ASSERT_NE(at, std::string::npos) << mark;
    example.erase(at, 2);
  }
  const LoadedServer full = load_server(example, "survival.toml");
  EXPECT_TRUE(full.problems.empty()) << text_of(full.problems);
  EXPECT_TRUE(full.config->motd.unreachable);
}

}  // namespace
}  // namespace drawbridge::config
