#include "config/inactive.hpp"

#include <fmt/format.h>

#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

GlobalConfig global(std::string_view text) {
  const Loaded loaded = load_global(text, "g.toml");
  EXPECT_TRUE(loaded.config) << text_of(loaded.problems);
  return loaded.config.value_or(GlobalConfig());
}

ServerConfig server(std::string_view rest) {
  const LoadedServer loaded =
      load_server("domains = ['a']\naddresses = ['b']\n" + std::string(rest), "s.toml");
  EXPECT_TRUE(loaded.config) << text_of(loaded.problems);
  return loaded.config.value_or(ServerConfig());
}

TEST(InactiveKeys, OnlyThoseThatAreSetAndDoNothing) {
  EXPECT_THAT(inactive_keys(GlobalConfig()), IsEmpty());
  EXPECT_THAT(
      inactive_keys(global("max_connections = 5\nconnect_timeout = '1s'\n[keepalive]\ntime = '9s'\n"
                           "[status_cache]\nttl = '1s'\n[kick_messages]\nfull = 'x'\n"
                           "[default_motd.online]\ntext = 'x'\nfavicon = 'iVBORw0KGgo='")),
      IsEmpty());
  EXPECT_THAT(
      inactive_keys(global("[permissions]\nprovider = 'mine'\n[kubernetes]\nnamespace = 'x'\n"
                           "[plugins.a]\nenabled = false\n"
                           "[wasm.quotas]\ncommands = 1")),
      ElementsAre("permissions.provider", "kubernetes", "wasm.quotas.commands", "plugins"));
}

TEST(InactiveKeys, PathsOnlyWhenSomebodySetThem) {
  const Loaded loaded = load_global("plugins_dir = 'p'", "etc/drawbridge.toml");
  EXPECT_THAT(inactive_keys(*loaded.config, loaded.origins), ElementsAre("plugins_dir"));
}

TEST(InactiveKeys, SingleValuesOfActiveKeys) {
  EXPECT_THAT(inactive_keys(server("")), IsEmpty());
  EXPECT_THAT(
      inactive_keys(server("balance = 'least_conn'\nproxy_mode = 'zero_copy'\nmax_players = 3")),
      IsEmpty());
  EXPECT_THAT(inactive_keys(server("proxy_mode = 'offline'\n[motd.online]\ntext = 'x'\n"
                                   "favicon = 'https://example.com/x.png'")),
              ElementsAre("motd.online.favicon"));
}

TEST(Protection, PlainServersAreServed) {
  for (const std::string_view mode :
       {"passthrough", "zero_copy", "server_only", "client_only", "offline"})
    EXPECT_EQ(
        protection_missing(server("proxy_mode = '" + std::string(mode) + "'"), GlobalConfig()),
        std::nullopt);
}

// Each of these would be served in a weaker form than its file asks for.
TEST(Protection, NothingIsServedInAWeakerForm) {
  const auto why = [](std::string_view own, std::string_view shared = "") {
    return protection_missing(server(own), global(shared)).value_or("");
  };
  EXPECT_THAT(why("[ip_filter]\ncountry_blacklist = ['de']"), HasSubstr("geoip.database"));
  EXPECT_THAT(why("", "[ip_filter]\ncountry_whitelist = ['DE']"), HasSubstr("geoip.database"));
  EXPECT_THAT(why("", "[ban]\nprovider = 'my-plugin'"), HasSubstr("my-plugin"));
  EXPECT_EQ(why("[server_manager]\ntype = 'docker'\nverify_before_wake = true"), "");
  EXPECT_EQ(why("", "[ban]\nprovider = 'none'"), "");
  EXPECT_EQ(why("[ip_filter]"), "");
  for (const std::string_view mode : {"none", "velocity", "bungee_cord", "bungee_guard"}) {
    EXPECT_EQ(why(fmt::format("forwarding_mode = '{}'", mode)), "");
    EXPECT_EQ(why("", fmt::format("[forwarding]\nmode = '{}'", mode)), "");
  }
}

}  // namespace
}  // namespace drawbridge::config
