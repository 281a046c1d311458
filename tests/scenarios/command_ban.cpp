// `drawbridge ban`, `unban`, `bans`, `audit`: they work on the file, whether a proxy runs or not.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "kit/fake_client.hpp"
#include "kit/fake_server.hpp"
#include "kit/player.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

class CommandBan : public ::testing::Test {
 protected:
  CommandBan() {
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
    folder.write("servers/lobby.toml", server_file("play.example", backend.address()));
  }
  [[nodiscard]] Ended run(std::vector<std::string> arguments) const {
    return run_program(DRAWBRIDGE_PROGRAM, {.arguments = arguments, .folder = folder.path()});
  }
  [[nodiscard]] boost::json::value file() const {
    std::ifstream in(folder.path() / "bans.json");
    return boost::json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  }
  FakeServer backend;
  TempFolder folder;
};

TEST_F(CommandBan, changes_the_file_without_a_proxy) {
  const Ended done = run({"ban", "Griefer", "--for", "7d", "--reason", "stole the beacon"});
  EXPECT_EQ(done.code, 0) << done.errors;
  EXPECT_NE(done.output.find("b1"), std::string::npos) << done.output;
  const auto ban = file().at("bans").at(0);
  EXPECT_EQ(ban.at("target").at("type"), "username");
  EXPECT_EQ(ban.at("target").at("value"), "Griefer");
  EXPECT_EQ(ban.at("reason"), "stole the beacon");
  EXPECT_EQ(ban.at("expires_at").as_int64() - ban.at("created_at").as_int64(), 7 * 86400);
  EXPECT_EQ(ban.at("source").at("type"), "console");

  EXPECT_EQ(run({"ban", "203.0.113.0/24"}).code, 0);
  const Ended list = run({"bans"});
  EXPECT_NE(list.output.find("Griefer"), std::string::npos);
  EXPECT_NE(list.output.find("203.0.113.0/24"), std::string::npos);
  const auto json = boost::json::parse(run({"bans", "--json"}).output);
  EXPECT_EQ(json.as_array().size(), 2U);
  EXPECT_EQ(json.at(1).at("permanent"), true);

  EXPECT_EQ(run({"unban", "gRIEFER"}).code, 0);
  EXPECT_EQ(file().at("bans").as_array().size(), 1U);
  const auto audit = boost::json::parse(run({"audit", "--json"}).output);
  ASSERT_EQ(audit.as_array().size(), 3U);
  EXPECT_EQ(audit.at(0).at("action"), "unban") << "newest first";
  EXPECT_EQ(audit.at(2).at("ban_id"), "b1");
}

TEST_F(CommandBan, what_cannot_be_done_is_said) {
  EXPECT_EQ(run({"ban", "10.0.0.256"}).code, 2);
  EXPECT_EQ(run({"ban", "Steve", "--for", "soon"}).code, 2);
  EXPECT_EQ(run({"unban", "Nobody"}).code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "bans.json"));
  folder.write("bans.json", "{ corrupt");
  const Ended done = run({"ban", "Steve"});
  EXPECT_EQ(done.code, 1);
  EXPECT_NE(done.errors.find("bans.json"), std::string::npos) << done.errors;
  std::ifstream in(folder.path() / "bans.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "{ corrupt");
}

// The closest peer reads this key and does nothing with it.
TEST_F(CommandBan, peers_fault_21_the_audit_trail_can_be_switched_off) {
  EXPECT_EQ(run({"ban", "Steve"}).code, 0);
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\nban.enable_audit_log = false\n");
  EXPECT_EQ(run({"ban", "Alex"}).code, 0);
  EXPECT_EQ(run({"unban", "Steve"}).code, 0);
  const auto audit = boost::json::parse(run({"audit", "--json"}).output);
  ASSERT_EQ(audit.as_array().size(), 1U) << "what was written before is kept";
  EXPECT_EQ(audit.at(0).at("action"), "ban");
  const Ended text = run({"audit"});
  EXPECT_EQ(text.code, 0);
  EXPECT_NE(text.output.find("Steve"), std::string::npos) << text.output;
  EXPECT_EQ(file().at("bans").as_array().size(), 1U);
}

TEST_F(CommandBan, throws_out_of_a_proxy_that_runs) {
  Program proxy(DRAWBRIDGE_PROGRAM,
                {.arguments = {"run", "-c", "drawbridge.toml"}, .folder = folder.path()});
  const Endpoint at = proxy.endpoint();
  Player player(at, backend);
  EXPECT_TRUE(player.plays());
  EXPECT_EQ(run({"ban", "-c", "drawbridge.toml", "steve", "--reason", "enough"}).code, 0);
  EXPECT_TRUE(player.client.wire.ends(seconds(1))) << "another process wrote the file";
  FakeClient again(at);
  again.log_in("play.example", "Steve");
  EXPECT_EQ(again.kicked(), "You are banned: enough");
  EXPECT_EQ(run({"unban", "-c", "drawbridge.toml", "Steve"}).code, 0);
  EXPECT_TRUE(proxy.logged({"bans read", "bans=0"}));
}

TEST_F(CommandBan, status_shows_refusals_by_reason_and_source) {
  folder.write("drawbridge.toml",
               "bind = \"127.0.0.1:0\"\nprotect = \"public\"\n"
               "ip_filter.blacklist = [\"127.0.0.7\"]\n");
  EXPECT_EQ(run({"status", "-c", "drawbridge.toml"}).code, 5) << "none runs";
  Program proxy(DRAWBRIDGE_PROGRAM,
                {.arguments = {"run", "-c", "drawbridge.toml"}, .folder = folder.path()});
  const Endpoint at = proxy.endpoint();
  for (int i = 0; i < 3; ++i) {
    FakeClient client(at, IpAddress::parse("127.0.0.7"));
    client.log_in("play.example", "Steve");
    EXPECT_TRUE(client.kicked());
  }
  FakeClient lost(at);
  lost.log_in("nowhere.example", "Steve");
  EXPECT_TRUE(lost.kicked());
  const Ended text = run({"status", "-c", "drawbridge.toml"});
  EXPECT_EQ(text.code, 0) << text.errors;
  EXPECT_NE(text.output.find("3  address filter"), std::string::npos) << text.output;
  EXPECT_NE(text.output.find("1  unknown host"), std::string::npos) << text.output;
  EXPECT_NE(text.output.find("3  127.0.0.7"), std::string::npos) << text.output;
  EXPECT_NE(text.output.find("rate limit of neighbours: "), std::string::npos) << text.output;
  const auto json = boost::json::parse(run({"status", "--json", "-c", "drawbridge.toml"}).output);
  // Who was filtered by its address never came to the rate limit.
  EXPECT_EQ(json.at("rate_tables").at(0).at("name"), "sources");
  EXPECT_EQ(json.at("rate_tables").at(0).at("sources"), 1);
  EXPECT_EQ(json.at("rate_tables").at(0).at("shared"), 0);
  EXPECT_EQ(json.at("refusals").at(0).at("reason"), "address filter");
  EXPECT_EQ(json.at("sources").at(0).at("count"), 3);
  EXPECT_EQ(run({"reload", "-c", "drawbridge.toml"}).code, 0);
  EXPECT_TRUE(proxy.logged({"reloading (command)"}));
  EXPECT_EQ(run({"stop", "-c", "drawbridge.toml"}).code, 0);
  EXPECT_EQ(proxy.wait(), 0);
}

}  // namespace
}  // namespace drawbridge::kit
