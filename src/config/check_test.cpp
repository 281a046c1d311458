#include "config/check.hpp"

#include "config/test_files.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view good_server = "domains = ['a.example.com']\naddresses = ['10.0.0.1']\n";

CheckResult run(const std::filesystem::path& path, bool strict = false, bool show = false,
                bool json = false) {
  return check({.path = path, .show = show, .json = json, .strict = strict}, {});
}

TEST(Check, AFolderThatIsFine) {
  const ScratchFolder folder;
  folder.write("drawbridge.toml", "bind = '127.0.0.1:1'\n");
  folder.write("servers/a.toml", good_server);
  const CheckResult result = run(folder.path(), true);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "1 server, 0 errors, 0 warnings\n");
}

TEST(Check, AFolderOfServersThatIsMissingOrEmptyIsNamed) {
  const ScratchFolder folder;
  folder.write("drawbridge.toml", "servers_dir = 'severs'\n");
  EXPECT_THAT(run(folder.path()).output, HasSubstr("severs (servers_dir) does not exist yet"));
  folder.write("severs/readme", "");
  EXPECT_THAT(run(folder.path()).output, HasSubstr("severs holds no server files"));
}

TEST(Check, ErrorsOfAllFilesAndTheExitCode) {
  const ScratchFolder folder;
  const auto global = folder.write("drawbridge.toml", "bnd = 1\n");
  folder.write("servers/a.toml", "domain = ['x']\n");
  const CheckResult result = run(global);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.output, AllOf(HasSubstr("drawbridge.toml:1:1: error: bnd"),
                                   HasSubstr("a.toml:1:1: error: domain")));
}

TEST(Check, WarningsCountOnlyWhenStrict) {
  const ScratchFolder folder;
  folder.write("drawbridge.toml", "receive_proxy_protocol = true\n");
  folder.write(
      "servers/a.toml",
      std::string(good_server) + "ip_filter.country_blacklist = ['DE']\nlimbo_handlers = ['x']");
  const CheckResult result = run(folder.path());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, AllOf(HasSubstr("logins will be refused"),
                                   HasSubstr("limbo_handlers: accepted, not active yet")));
  EXPECT_EQ(run(folder.path(), true).exit_code, 3);
}

TEST(Check, TheForwardingSecretIsLookedAtAndNeverMade) {
  const ScratchFolder folder;
  folder.write("drawbridge.toml", "forwarding.mode = 'bungee_guard'\n");
  folder.write("servers/a.toml", good_server);
  const auto secret = folder.path() / "forwarding.secret";
  EXPECT_THAT(run(folder.path(), true).output, HasSubstr("forwarding.secret: will be made"));
  EXPECT_FALSE(std::filesystem::exists(secret));
  folder.write("forwarding.secret", "0123456789abcdef\n");
  std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
  EXPECT_EQ(run(folder.path(), true).output, "1 server, 0 errors, 0 warnings\n");
  std::filesystem::permissions(secret, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(run(folder.path()).output, AllOf(HasSubstr("forwarding.secret: warning: others"),
                                               Not(HasSubstr("0123456789abcdef"))));
  std::filesystem::remove(secret);
  folder.write("forwarding.secret", "");
  EXPECT_THAT(run(folder.path()).output, HasSubstr("logins will be refused: it is empty"));
  // Nobody needs it.
  folder.write("drawbridge.toml", "forwarding.mode = 'velocity'\n");
  EXPECT_THAT(run(folder.path()).output, Not(HasSubstr("forwarding.secret")));
}

TEST(Check, HintsNeverCount) {
  const ScratchFolder folder;
  folder.write("drawbridge.toml", "");
  folder.write("servers/a.toml", "domains = ['a']\naddresses = ['b', 'c']");
  EXPECT_EQ(run(folder.path(), true).exit_code, 0);
}

TEST(Check, ASingleServerFile) {
  const ScratchFolder folder;
  EXPECT_EQ(run(folder.write("x.toml", good_server)).exit_code, 0);
  const CheckResult bad = run(folder.write("y.toml", "domains = ['a:1']\naddresses = ['b']"));
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.output, HasSubstr("has a port"));
  EXPECT_EQ(run(folder.path() / "missing.toml").exit_code, 2);
  EXPECT_EQ(run(folder.path()).exit_code, 2);  // no global file in it
}

TEST(Check, ShowsValuesWithTheirSourceAndNoSecrets) {
  const ScratchFolder folder;
  folder.write("drawbridge.toml",
               "connect_timeout = '7s'\n[web]\napi_key = 'hush-hush-hush-hush'\n[cluster]\nurl = "
               "'redis://u:hush@h'\n"
               "[http_discovery]\nurl = 'http://x'\nheaders = { X-Key = 'hush' }");
  folder.write("servers/a.toml", good_server);
  Overlays overlays;
  overlays.environment = {{"DRAWBRIDGE_MAX_CONNECTIONS", "3"}};
  const CheckResult result = check({.path = folder.path(), .show = true}, overlays);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("connect_timeout = \"7s\"  # " +
                              (folder.path() / "drawbridge.toml:1").native()),
                    HasSubstr("max_connections = 3  # environment DRAWBRIDGE_MAX_CONNECTIONS"),
                    HasSubstr("connect_max_attempts = 3  # default"),
                    HasSubstr("web.api_key = \"<redacted>\""), HasSubstr("redis://u:<redacted>@h"),
                    HasSubstr("X-Key = \"<redacted>\""), HasSubstr("domains = [\"a.example.com\"]"),
                    Not(HasSubstr("hush"))));
}

TEST(Check, JsonSaysTheSame) {
  const ScratchFolder folder;
  folder.write("drawbridge.toml", "bnd = 1\n");
  const CheckResult result = run(folder.path(), false, true, true);
  const auto parsed = parse_json(result.output);
  ASSERT_TRUE(parsed) << result.output;
  EXPECT_FALSE(parsed->find("ok")->boolean);
  EXPECT_EQ(parsed->find("errors")->integer, 1);
  const Node& problem = parsed->find("problems")->children.at(0);
  EXPECT_EQ(problem.find("key")->text, "bnd");
  EXPECT_EQ(problem.find("line")->integer, 1);
  folder.write("drawbridge.toml", "max_connections = 1\n");
  const auto good = parse_json(run(folder.path(), false, true, true).output);
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->find("ok")->boolean);
  const Node& values = *good->find("files")->children.at(0).find("values");
  EXPECT_EQ(values.find("max_connections")->find("value")->integer, 1);
}

}  // namespace
}  // namespace drawbridge::config
