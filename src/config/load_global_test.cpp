// The global file, and what beats it: environment, then command line.
#include <fmt/format.h>

#include "config/grammar.hpp"
#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Loaded load(std::string_view text, const Overlays& overlays = {},
            std::string_view path = "etc/drawbridge.toml") {
  return load_global(text, path, overlays);
}

Overlays environment(std::vector<std::pair<std::string, std::string>> values) {
  Overlays out;
  out.environment = std::move(values);
  return out;
}

TEST(GlobalFile, NoFileIsTheDefaults) {
  const Loaded loaded = load_global(std::nullopt);
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(*loaded.config, GlobalConfig());
  EXPECT_TRUE(loaded.problems.empty());
}

TEST(GlobalFile, PathsStartAtItsFolder) {
  const Loaded loaded = load("servers_dir = 'my/servers'");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->servers_dir, "etc/my/servers");
  EXPECT_EQ(loaded.config->ban.file, "etc/bans.json");
  EXPECT_EQ(load("servers_dir = '/abs'").config->servers_dir, "/abs");
  // Given on the command line they start where the command was given.
  Overlays overlays;
  overlays.settings.push_back({"servers_dir", "here", "--servers-dir"});
  EXPECT_EQ(load("", overlays).config->servers_dir, "here");
}

TEST(GlobalFile, OwnNameFollowsTheFile) {
  EXPECT_EQ(load("").config->product_name, "drawbridge");
  EXPECT_EQ(load("", {}, "infrarust.toml").config->product_name, "infrarust");
}

TEST(GlobalFile, WhichOneIsRead) {
  const ScratchFolder folder;
  EXPECT_FALSE(find_global_file({}, folder.path()).path);
  folder.write("infrarust.toml", "");
  EXPECT_EQ(find_global_file({}, folder.path()).path->filename(), "infrarust.toml");
  folder.write("drawbridge.toml", "");
  const GlobalFile both = find_global_file({}, folder.path());
  EXPECT_EQ(both.path->filename(), "drawbridge.toml");
  EXPECT_THAT(both.note, HasSubstr("infrarust.toml"));
  EXPECT_EQ(find_global_file("x.toml", folder.path()).path, "x.toml");
  EXPECT_THAT(text_of(load_global("nowhere/x.toml").problems), HasSubstr("does not exist"));
}

TEST(GlobalFile, RangesAreHeld) {
  const auto problems = [](std::string_view text) { return text_of(load(text).problems); };
  EXPECT_THAT(problems("worker_threads = 1025"), HasSubstr("0..1024"));
  EXPECT_THAT(problems("[limits]\nsetup_timeout = '500ms'"), HasSubstr("1s..1m"));
  EXPECT_THAT(problems("[limits]\nstranger_memory = 5"), HasSubstr("at least 1MiB"));
  EXPECT_THAT(problems("[keepalive]\ntime = '0s'"), HasSubstr("more than 0s"));
  EXPECT_THAT(problems("coalesce = '6ms'"), HasSubstr("50us..5ms"));
  EXPECT_THAT(problems("[telemetry.traces]\nsampling_ratio = 1.5"), HasSubstr("0.0..1.0"));
  EXPECT_THAT(problems("[rate_limit]\nipv4_prefix = 7"), HasSubstr("8..32"));
  EXPECT_THAT(problems("max_connections = -1"), HasSubstr("max_connections"));
  EXPECT_EQ(problems("worker_threads = 1024\ncoalesce = '50us'"), "");
}

TEST(GlobalFile, WordsThatAreMoreThanWords) {
  EXPECT_EQ(load("receive_proxy_protocol = 'optional'\ntrusted_proxies = ['10.0.0.1']")
                .config->receive_proxy_protocol,
            ReceiveProxy::optional);
  EXPECT_EQ(load("coalesce = '1ms'").config->coalesce.slot, Duration(milliseconds(1)));
  EXPECT_EQ(load("coalesce = 'off'").config->coalesce.mode, Coalesce::Mode::off);
  EXPECT_FALSE(load("[status_cache]\nstale_while_error = false")
                   .config->status_cache.stale_while_error.enabled);
  EXPECT_EQ(load("[status_cache]\nstale_while_error = '1h'")
                .config->status_cache.stale_while_error.max_age,
            Duration(hours(1)));
  EXPECT_EQ(load("[forwarding]\nmode = 'modern'").config->forwarding.mode,
            ForwardingMode::velocity);
}

TEST(GlobalFile, WrongWordsAreErrorsThatNameTheRightOnes) {
  const auto problems = [](std::string_view text) { return text_of(load(text).problems); };
  EXPECT_THAT(problems("receive_proxy_protocol = 'maybe'"), HasSubstr("\"optional\""));
  EXPECT_THAT(problems("coalesce = true"), HasSubstr("\"auto\""));
  EXPECT_THAT(problems("[status_cache]\nstale_while_error = []"),
              HasSubstr("true, false or a duration"));
  EXPECT_THAT(problems("unknown_domain_behavior = 'dorp'"), HasSubstr("did you mean \"drop\"?"));
  EXPECT_THAT(problems("bind = 'localhost'"), HasSubstr("[::]:25565"));
  EXPECT_THAT(problems("servers_dir = ''"), HasSubstr("path is empty"));
  EXPECT_THAT(problems("max_connections = '5'"), HasSubstr("expected an integer, found a string"));
  EXPECT_THAT(problems("so_reuseport = 1"),
              HasSubstr("expected true or false, found the number 1"));
  EXPECT_THAT(problems("keepalive = 1"), HasSubstr("expected a table"));
  EXPECT_THAT(problems("listener = {}"), HasSubstr("expected a list of tables"));
  EXPECT_THAT(problems("fallback = 'a'"), HasSubstr("write [\"a\"]"));
}

TEST(GlobalFile, ProxyProtocolNeedsToKnowWhom) {
  EXPECT_THAT(text_of(load("receive_proxy_protocol = 'optional'").problems),
              HasSubstr("error: receive_proxy_protocol"));
  EXPECT_THAT(text_of(load("receive_proxy_protocol = true").problems),
              AllOf(HasSubstr("warning: receive_proxy_protocol"), HasSubstr("192.168.0.0/16")));
  EXPECT_THAT(text_of(load("trusted_proxies = []").problems), HasSubstr("must not be empty"));
  EXPECT_THAT(
      text_of(
          load("[[listener]]\nbind = '0.0.0.0:1'\nreceive_proxy_protocol = 'optional'").problems),
      HasSubstr("listener[0].trusted_proxies: is required"));
}

// The default trust is told where it is in use, and only there.
TEST(GlobalFile, AListenerThatTrustsAllPrivateNetworksSaysSo) {
  const auto problems = [](std::string_view rest) {
    return text_of(load("[[listener]]\nbind = '0.0.0.0:1'\n" + std::string(rest)).problems);
  };
  EXPECT_THAT(
      problems("receive_proxy_protocol = true"),
      AllOf(HasSubstr("warning: listener[0].trusted_proxies"), HasSubstr("192.168.0.0/16")));
  EXPECT_EQ(problems("receive_proxy_protocol = true\ntrusted_proxies = ['203.0.113.1']"), "");
  EXPECT_EQ(problems("receive_proxy_protocol = false"), "");
  EXPECT_EQ(text_of(load("trusted_proxies = ['203.0.113.1']\n[[listener]]\nbind = '0.0.0.0:1'\n"
                         "receive_proxy_protocol = true")
                        .problems),
            "");
}

// The kernel would say that the port is taken, by our own socket.
TEST(GlobalFile, ListenersThatOverlapAreAnErrorThatNamesBoth) {
  const auto problems = [](std::string_view first, std::string_view second,
                           std::string_view before = "") {
    return text_of(load(fmt::format("{}\n[[listener]]\nbind = '{}'\n[[listener]]\nbind = '{}'",
                                    before, first, second))
                       .problems);
  };
  for (const auto& [first, second] : {std::pair{"[::]:25565", "0.0.0.0:25565"},
                                      {"127.0.0.1:25565", "[::]:25565"},
                                      {"[::]:25565", "[::1]:25565"},
                                      {"0.0.0.0:25565", "192.0.2.1:25565"}}) {
    EXPECT_THAT(problems(first, second),
                AllOf(HasSubstr("error: listener[1].bind"), HasSubstr(first), HasSubstr(second),
                      HasSubstr("overlap")));
    EXPECT_EQ(problems(first, second, "so_reuseport = true"), "") << first;
  }
  for (const auto& [first, second] : {std::pair{"[::]:25565", "0.0.0.0:25566"},
                                      {"0.0.0.0:25565", "[::1]:25565"},
                                      {"127.0.0.1:25565", "127.0.0.2:25565"},
                                      {"[::]:0", "0.0.0.0:0"},
                                      {"unix:/run/a.sock", "[::]:25565"}})
    EXPECT_THAT(problems(first, second), Not(HasSubstr("overlap"))) << first;
  EXPECT_THAT(text_of(load("bind = '[::]:1'\n[[listener]]\nbind = '127.0.0.1:1'").problems),
              AllOf(HasSubstr("error: listener[0].bind"), HasSubstr("`bind`")));
  EXPECT_EQ(text_of(load("bind = '[::]:1'\n[[listener]]\nbind = '[::]:1'").problems), "");
}

TEST(GlobalFile, TrustedProxiesFromAFile) {
  const ScratchFolder folder;
  folder.write("proxies.txt", "# ours\n203.0.113.0/24\n\n2001:db8::/32 # v6\n");
  const auto path = folder.write(
      "drawbridge.toml", "receive_proxy_protocol = true\ntrusted_proxies_file = 'proxies.txt'");
  const Loaded loaded = load_global(path);
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  ASSERT_EQ(loaded.config->trusted_proxies.size(), 2u);
  EXPECT_EQ(loaded.config->trusted_proxies[0].text(), "203.0.113.0/24");
  EXPECT_TRUE(loaded.problems.empty()) << text_of(loaded.problems);
  folder.write("proxies.txt", "10.0.0.0/8\nnonsense\n");
  EXPECT_THAT(text_of(load_global(path).problems), HasSubstr("proxies.txt:2: \"nonsense\""));
}

TEST(GlobalFile, ListenersInheritFromTheGlobalKeys) {
  const Loaded loaded = load(R"(default_server = "lobby"
receive_proxy_protocol = true
trusted_proxies = ["10.0.0.0/8"]
[[listener]]
bind = "[::]:25566"
name = "second"
receive_proxy_protocol = false
[[listener]]
bind = "unix:run/x.sock"
mode = "0600"
default_server = "other")");
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  const auto listeners = effective_listeners(*loaded.config);
  ASSERT_EQ(listeners.size(), 2u);  // tables and no bind: only the tables listen
  EXPECT_EQ(listeners[0].name, "second");
  EXPECT_EQ(listeners[0].receive_proxy_protocol, ReceiveProxy::off);
  EXPECT_EQ(listeners[0].default_server, std::nullopt);  // the global one then
  EXPECT_EQ(listeners[1].bind.unix_path, "etc/run/x.sock");
  EXPECT_EQ(listeners[1].mode, 0600u);
  EXPECT_EQ(listeners[1].default_server, "other");
  EXPECT_TRUE(listeners[1].trust_everybody);
  EXPECT_EQ(listeners[1].receive_proxy_protocol, ReceiveProxy::required);

  EXPECT_EQ(effective_listeners(GlobalConfig())[0].bind.text(), "0.0.0.0:25565");
  GlobalConfig both = *loaded.config;
  both.bind = *parse_address("127.0.0.1:1");
  EXPECT_EQ(effective_listeners(both).size(), 3u);
  both.bind = both.listener[0].bind;
  EXPECT_EQ(effective_listeners(both).size(), 2u);
}

TEST(GlobalFile, OldKeysLoadWithAWarning) {
  const Loaded loaded = load(R"([forwarding]
bungeecord_channel = true
channel_permissions = ["x"]
[plugins.auth]
path = "auth.so"
[default_motd.offline]
text = "old"
[plugin_messaging.bungeecord_permissions]
ConnectOther = true
kick_player = true)");
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.problems.size(), 4u) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->default_motd.online->text.value, "old");
  EXPECT_TRUE(loaded.config->plugin_messaging.bungeecord_permissions.connect_other);
  EXPECT_TRUE(loaded.config->plugin_messaging.bungeecord_permissions.kick_player);
}

TEST(GlobalFile, PluginsInheritTheSandbox) {
  const Loaded loaded = load(R"([plugins.a.wasm]
memory_limit_mb = 128
[plugins.b]
[wasm]
cpu_budget = "1s"
[wasm.quotas]
commands = 7)");
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->plugins.at("a").wasm.limits.memory_limit_mb, 128u);
  EXPECT_EQ(loaded.config->plugins.at("a").wasm.limits.cpu_budget, Duration(seconds(1)));
  EXPECT_EQ(loaded.config->plugins.at("b").wasm.limits.quotas.commands, 7u);
}

TEST(GlobalFile, OperatorsMistakes) {
  EXPECT_THAT(text_of(load("[web]\nbind = '0.0.0.0:80'").problems),
              HasSubstr("web.api_key: is required"));
  EXPECT_THAT(text_of(load("[web]\nbind = '0.0.0.0:80'\napi_key = 'CHANGE-ME'").problems),
              HasSubstr("is required"));
  EXPECT_THAT(text_of(load("[web]\napi_key = 'short'").problems), HasSubstr("16 characters"));
  EXPECT_THAT(text_of(load("[web]\nenable_api = false\nenable_webui = true").problems),
              HasSubstr("enable_webui"));
  EXPECT_TRUE(load("[web]").config->web);
  EXPECT_FALSE(load("").config->web);
  EXPECT_THAT(text_of(load("[permissions]\nplayer_commands = ['kick', 'list']").problems),
              HasSubstr("warning"));
  EXPECT_THAT(
      load("[permissions]\nplayer_commands = ['kick', 'list']").config->permissions.player_commands,
      ElementsAre("list"));
}

TEST(Protect, FillsWhatIsNotSetByHand) {
  const Loaded loaded = load("protect = 'public'\n[rate_limit]\nmax_connections = 9");
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_TRUE(loaded.config->rate_limit.enabled);
  EXPECT_EQ(loaded.config->rate_limit.max_connections, 9u);
  EXPECT_EQ(loaded.config->limits.packets_per_second, 500u);
  ASSERT_EQ(loaded.config->rate_limit.bucket.size(), 1u);
  EXPECT_EQ(loaded.config->rate_limit.bucket[0].max_connections, 72u);
  EXPECT_EQ(loaded.origins.at("rate_limit.enabled").text(), "protect");
  EXPECT_EQ(loaded.origins.at("rate_limit.bucket[0].max_connections").text(), "protect");
  EXPECT_EQ(loaded.origins.at("rate_limit.max_connections").text(), "etc/drawbridge.toml:3");
}

TEST(Protect, LeavesBucketsThatAreSetByHand) {
  const Loaded loaded =
      load("protect = 'public'\n[[rate_limit.bucket]]\nname = 'mine'\nmax_connections = 3");
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  ASSERT_EQ(loaded.config->rate_limit.bucket.size(), 1u);
  EXPECT_EQ(loaded.config->rate_limit.bucket[0].name, "mine");
  EXPECT_EQ(loaded.origins.at("rate_limit.bucket[0].max_connections").text(),
            "etc/drawbridge.toml:4");
}

TEST(Environment, BeatsTheFileAndIsBeatenByTheCommandLine) {
  Overlays overlays =
      environment({{"DRAWBRIDGE_CONNECT_TIMEOUT", "2s"}, {"DRAWBRIDGE_MAX_CONNECTIONS", "7"}});
  overlays.settings.push_back({"max_connections", "9", ""});
  const Loaded loaded =
      load("connect_timeout = '1s'\nmax_connections = 5\nconnect_max_attempts = 1", overlays);
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->connect_timeout, Duration(seconds(2)));
  EXPECT_EQ(loaded.config->max_connections, 9u);
  EXPECT_EQ(loaded.config->connect_max_attempts, 1u);
  EXPECT_EQ(loaded.origins.at("connect_timeout").text(), "environment DRAWBRIDGE_CONNECT_TIMEOUT");
  EXPECT_EQ(loaded.origins.at("max_connections").text(), "--set max_connections");
  EXPECT_EQ(loaded.origins.at("connect_max_attempts").text(), "etc/drawbridge.toml:3");
}

TEST(Environment, TextIsATomlValueElseAString) {
  const Loaded loaded =
      load("", environment({{"DRAWBRIDGE_RATE_LIMIT__WINDOW", "30s"},
                            {"DRAWBRIDGE_TRUSTED_PROXIES", "[\"10.0.0.0/8\", \"::1\"]"},
                            {"DRAWBRIDGE_SO_REUSEPORT", "true"},
                            {"DRAWBRIDGE_BIND", "[::1]:5"},
                            {"DRAWBRIDGE_LISTENER", "[{bind='127.0.0.1:1'}]"},
                            {"DRAWBRIDGE_WEB__API_KEY", "1234567890123456"},
                            {"DRAWBRIDGE_KICK_MESSAGES__FULL", "no room"},
                            {"DRAWBRIDGE_PLUGINS__AUTH__ENABLED", "false"}}));
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->rate_limit.window, Duration(seconds(30)));
  EXPECT_EQ(loaded.config->trusted_proxies.size(), 2u);
  EXPECT_TRUE(loaded.config->so_reuseport);
  EXPECT_EQ(loaded.config->bind->text(), "[::1]:5");
  EXPECT_EQ(loaded.config->listener.size(), 1u);
  EXPECT_EQ(loaded.config->web->api_key, "1234567890123456");
  EXPECT_EQ(loaded.config->kick_messages.at(Kick::full).value, "no room");
  EXPECT_FALSE(loaded.config->plugins.at("auth").enabled);
  // More than one value is a string, and cannot bring further keys along.
  EXPECT_FALSE(
      load("", environment({{"DRAWBRIDGE_MAX_CONNECTIONS", "1\nso_reuseport = true"}})).config);
}

TEST(Environment, UnknownNamesAreErrorsExceptReservedOnes) {
  EXPECT_THAT(text_of(load("", environment({{"DRAWBRIDGE_RATE_LIMIT__WINDWO", "1s"}})).problems),
              AllOf(HasSubstr("environment DRAWBRIDGE_RATE_LIMIT__WINDWO"),
                    HasSubstr("`rate_limit.window`")));
  EXPECT_TRUE(load("", environment({{"DRAWBRIDGE_CONFIG", "x"},
                                    {"DRAWBRIDGE_LOG", "debug"},
                                    {"DRAWBRIDGE_LOG_FORMAT", "json"},
                                    {"DRAWBRIDGE_COLOR", "never"},
                                    {"PATH", "/bin"}}))
                  .problems.empty());
  EXPECT_FALSE(load("", environment({{"DRAWBRIDGE_", "x"}})).config);
}

TEST(Environment, FileNamesAFileWithTheValue) {
  const ScratchFolder folder;
  const std::string path = folder.write("key", "0123456789abcdef\n").native();
  const Loaded loaded = load("", environment({{"DRAWBRIDGE_WEB__API_KEY_FILE", path}}));
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->web->api_key, "0123456789abcdef");
  // trusted_proxies_file is a key of its own.
  const std::string list = folder.write("list", "10.0.0.0/8\n").native();
  const Loaded own = load("", environment({{"DRAWBRIDGE_TRUSTED_PROXIES_FILE", list}}));
  ASSERT_TRUE(own.config) << text_of(own.problems);
  EXPECT_EQ(own.config->trusted_proxies_file, list);
  EXPECT_THAT(text_of(load("", environment({{"DRAWBRIDGE_BIND_FILE", "/nonexistent/x"}})).problems),
              HasSubstr("cannot be read"));
}

TEST(Environment, ControlSocketFollowsTheServiceManager) {
  EXPECT_EQ(load("", environment({{"RUNTIME_DIRECTORY", "/run/drawbridge:/run/x"}}))
                .config->control.socket,
            "/run/drawbridge/drawbridge.sock");
  EXPECT_EQ(load("").config->control.socket, "etc/drawbridge.sock");
  EXPECT_EQ(load("", environment({{"STATE_DIRECTORY", "/var/lib/drawbridge:/var/lib/x"}}))
                .config->state_dir,
            "/var/lib/drawbridge");
  EXPECT_EQ(load("").config->state_dir, "etc/state");
}

TEST(CommandLine, WrongKeysAreNamedAsTheyWereGiven) {
  Overlays overlays;
  overlays.settings.push_back({"bnd", "1", ""});
  overlays.settings.push_back({"bind", "nonsense", "--bind"});
  EXPECT_THAT(text_of(load("", overlays).problems),
              AllOf(HasSubstr("--set bnd: error: bnd: unknown key, did you mean `bind`?"),
                    HasSubstr("--bind: error: bind")));
}

TEST(GlobalFile, AKeyThatFellIntoTheTableAboveIsToldWhereItBelongs) {
  const std::string problems =
      text_of(load("[default_motd.online]\ntext = 'x'\nprotect = \"public\"\n").problems);
  EXPECT_THAT(problems, HasSubstr("3:1: error: default_motd.online.protect: unknown key here; "
                                  "`protect` is a key of the whole file: move the line up"));
}

TEST(GlobalFile, AFolderStandsForTheFileInIt) {
  const ScratchFolder folder;
  EXPECT_EQ(find_global_file(folder.path()).path, folder.path() / "drawbridge.toml");
  folder.write("infrarust.toml", "");
  EXPECT_EQ(find_global_file(folder.path()).path, folder.path() / "infrarust.toml");
}

TEST(GlobalFile, AnErrorBehindMoreProblemsThanAreToldStillRefusesTheFile) {
  std::string list = "trusted_proxies = [";
  for (int i = 0; i < 250; ++i) list += fmt::format("\"10.0.{}.7/24\", ", i);  // a warning each
  const Loaded loaded = load(list + "\"1.2.3.400\"]");
  EXPECT_FALSE(loaded.config);
}

TEST(GlobalFile, BindOnTheCommandLineReplacesAllListeners) {
  Overlays overlays;
  overlays.settings.push_back({"bind", "127.0.0.1:0", "--bind"});
  const Loaded loaded = load("bind = '127.0.0.1:1'\n[[listener]]\nbind = '127.0.0.1:2'", overlays);
  ASSERT_TRUE(loaded.config);
  const auto listeners = effective_listeners(*loaded.config);
  ASSERT_EQ(listeners.size(), 1U);
  EXPECT_EQ(listeners[0].bind.text(), "127.0.0.1:0");
}

}  // namespace
}  // namespace drawbridge::config
