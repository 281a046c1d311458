// Server files: what is read, what is refused, and that every refusal comes with its place.
#include <sys/stat.h>

#include "config/favicon.hpp"
#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

LoadedServer load(std::string_view text, std::string_view path = "servers/test.toml") {
  return load_server(text, path);
}

// The smallest good file; what a test adds goes behind it.
std::string with(std::string_view rest) {
  return "domains = [\"a.example.com\"]\naddresses = [\"10.0.0.1\"]\n" + std::string(rest);
}

TEST(ServerFile, IsReadWithDefaults) {
  const LoadedServer loaded = load(with(""), "servers/My Server.toml");
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->id, "my-server");
  EXPECT_EQ(loaded.id, "my-server");
  EXPECT_THAT(loaded.config->domains, ElementsAre("a.example.com"));
  ASSERT_EQ(loaded.config->addresses.size(), 1u);
  EXPECT_EQ(loaded.config->addresses[0].address.text(), "10.0.0.1:25565");
  EXPECT_EQ(loaded.config->proxy_mode, ProxyMode::passthrough);
  EXPECT_TRUE(loaded.problems.empty());
}

TEST(ServerFile, NameBeatsIdBeatsFileName) {
  EXPECT_EQ(load(with("name = \"n\"\nid = \"i\"")).config->id, "n");
  EXPECT_EQ(load(with("id = \"i\"")).config->id, "i");
  EXPECT_EQ(load(with("")).config->id, "test");
  EXPECT_THAT(text_of(load(with("name = \"My Server\"")).problems),
              HasSubstr("write \"my-server\""));
  EXPECT_THAT(text_of(load(with(""), "\xC3\xBC.toml").problems), HasSubstr("set `name`"));
}

TEST(ServerFile, ReadsEveryShapeOfValue) {
  const LoadedServer loaded = load(with(R"(
send_proxy_protocol = "v1"
domain_rewrite = { explicit = "Inner.Example.com" }
balance = "least_conn"
fallback = ["lobby"]
disconnect_message = { json = '{"text":"gone {server}"}' }
[kick_messages]
full = "full: {max}"
banned = "{reason}"
[timeouts]
connect = "2s"
[motd.online]
text = "hi"
max_players = 7
)"));
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  const ServerConfig& server = *loaded.config;
  EXPECT_EQ(server.send_proxy_protocol, SendProxy::v1);
  EXPECT_EQ(server.domain_rewrite.host, "inner.example.com");
  EXPECT_EQ(server.balance, Balance::least_conn);
  EXPECT_THAT(server.fallback, ElementsAre("lobby"));
  ASSERT_TRUE(server.disconnect_message);
  EXPECT_EQ(server.disconnect_message->kind, Text::Kind::json);
  EXPECT_EQ(server.kick_messages.at(Kick::full).value, "full: {max}");
  EXPECT_EQ(server.timeouts.connect, Duration(seconds(2)));
  ASSERT_TRUE(server.motd.online);
  EXPECT_EQ(server.motd.online->max_players, 7u);
  EXPECT_EQ(load(with("send_proxy_protocol = true")).config->send_proxy_protocol, SendProxy::v2);
  EXPECT_EQ(load(with("send_proxy_protocol = 'v2_crc32c'")).config->send_proxy_protocol,
            SendProxy::v2_crc32c);
}

TEST(ServerFile, WeightsAreRead) {
  const LoadedServer loaded = load(R"(domains = ["a"]
balance = "round_robin"
addresses = ["a", { address = "b:1", weight = 0 }, { address = "c" }])");
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->addresses[1].weight, 0);
  EXPECT_EQ(loaded.config->addresses[2].weight, 1);
}

TEST(ServerFile, UnknownKeyNamesItsPlaceAndTheNearest) {
  const LoadedServer loaded =
      load("domain = [\"x\"]\naddresses = [\"a\"]\n  [motd.onlin]\n  text = 'x'");
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(
      text_of(loaded.problems),
      AllOf(HasSubstr("servers/test.toml:1:1: error: domain: unknown key, did you mean `domains`?"),
            HasSubstr(
                "servers/test.toml:3:9: error: motd.onlin: unknown key, did you mean `online`?")));
}

TEST(ServerFile, AMisspeltKeyIsOneProblemAndNotTwo) {
  EXPECT_EQ(text_of(load("domains = [\"x\"]\naddreses = [\"a\"]\n").problems),
            "servers/test.toml:2:1: error: addreses: unknown key, did you mean `addresses`?\n");
  const std::string nested =
      text_of(load("addresses = [\"a\"]\n[motd.online]\ntxt = 'x'\n").problems);
  EXPECT_THAT(nested, HasSubstr("did you mean `text`?"));
  EXPECT_THAT(nested, Not(HasSubstr("required")));
}

TEST(ServerFile, AllProblemsComeAtOnce) {
  const LoadedServer loaded = load(R"(domains = ["a:1", "b c"]
addresses = [5]
proxy_mode = "pass"
max_players = "many"
nonsense = 1
[timeouts]
read = 30
write = "0s")");
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(count_errors(loaded.problems), 8u) << text_of(loaded.problems);
  for (const Problem& problem : loaded.problems) {
    EXPECT_GT(problem.line, 0) << problem.text();
    EXPECT_GT(problem.column, 0) << problem.text();
    EXPECT_FALSE(problem.key.empty()) << problem.text();
  }
  EXPECT_THAT(text_of(loaded.problems), HasSubstr("write \"30s\""));
}

TEST(ServerFile, ASyntaxErrorDoesNotHideTheRest) {
  const LoadedServer loaded =
      load("domains = [\"a\"]\nmax_players = ten\nbalance = 'x'\nfoo = = 1\nbar = 2");
  EXPECT_THAT(text_of(loaded.problems),
              AllOf(HasSubstr(":2:"), HasSubstr(":3:11: error: balance"), HasSubstr(":4:"),
                    HasSubstr(":5:1: error: bar: unknown key")));
  // `addresses` may have stood on a broken line.
  EXPECT_THAT(text_of(loaded.problems), Not(HasSubstr("addresses")));
}

TEST(ServerFile, AnOpenListIsOneProblem) {
  const LoadedServer loaded = load("domains = [\"a\"\naddresses = [\"b\"]\nmax_players = 1\n");
  EXPECT_EQ(loaded.problems.size(), 1u) << text_of(loaded.problems);
}

TEST(ServerFile, KeysThatDoNotFitEachOther) {
  const auto problems = [](std::string_view rest) { return text_of(load(with(rest)).problems); };
  EXPECT_THAT(problems("network = 'n'"), HasSubstr("error: network: needs proxy_mode"));
  EXPECT_THAT(problems("bungeecord_channel = true"), HasSubstr("error: bungeecord_channel"));
  EXPECT_EQ(problems("bungeecord_channel = false"), "");
  EXPECT_EQ(problems("proxy_mode = 'offline'\nnetwork = 'n'"), "");
  EXPECT_THAT(problems("limbo_handlers = ['x']"), HasSubstr("warning: limbo_handlers: is ignored"));
  EXPECT_THAT(problems("disconnect_message = 'x'\n[kick_messages]\noffline = 'y'"),
              HasSubstr("error: disconnect_message"));
  EXPECT_THAT(problems("[server_manager]\ntype = 'local'"),
              AllOf(HasSubstr("server_manager.command"), HasSubstr("server_manager.working_dir")));
  EXPECT_THAT(
      problems(
          "proxy_mode = 'offline'\n[server_manager]\ntype = 'docker'\nverify_before_wake = true"),
      HasSubstr("error: server_manager.verify_before_wake"));
  EXPECT_THAT(text_of(load("domains = ['a', 'A.']\naddresses = ['b']").problems),
              HasSubstr("listed twice"));
}

TEST(ServerFile, NeedsAnAddressFromSomewhere) {
  EXPECT_THAT(text_of(load("domains = ['a']").problems),
              HasSubstr("error: addresses: is required"));
  EXPECT_THAT(text_of(load("domains = ['a']\naddresses = []").problems), HasSubstr("at least one"));
  EXPECT_TRUE(load("routes = [{ match = '(.*)', address = '$1' }]").config);
  EXPECT_FALSE(load("routes = [{ match = '(.*)' }]").config);
  EXPECT_TRUE(load("limbo = true\ndomains = ['a']").config);
}

TEST(ServerFile, OldWordsLoadWithAWarning) {
  const LoadedServer loaded = load(with("proxy_mode = 'full'\n[motd.offline]\ntext = 'down'"));
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->proxy_mode, ProxyMode::passthrough);
  ASSERT_TRUE(loaded.config->motd.unreachable);
  EXPECT_EQ(loaded.config->motd.unreachable->text.value, "down");
  EXPECT_THAT(text_of(loaded.problems),
              AllOf(HasSubstr("warning: proxy_mode"), HasSubstr("warning: motd.offline")));
  const LoadedServer both =
      load(with("[motd.offline]\ntext = 'old'\n[motd.unreachable]\ntext = 'new'"));
  ASSERT_TRUE(both.config) << text_of(both.problems);
  EXPECT_EQ(both.config->motd.unreachable->text.value, "new");
  EXPECT_EQ(load(with("proxy_mode = 'zerocopy'")).config->proxy_mode, ProxyMode::zero_copy);
}

TEST(ServerFile, HintsDoNotStopIt) {
  const LoadedServer loaded = load("domains = ['a']\naddresses = ['b', 'c']");
  ASSERT_TRUE(loaded.config);
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].severity, Problem::Severity::hint);
}

TEST(ServerFile, SecretsThatAreNoneAreErrors) {
  const std::string manager =
      "[server_manager]\ntype = 'crafty'\napi_url = 'https://x'\nserver_id = '1'\n";
  EXPECT_TRUE(load(with(manager + "api_key = 'abc'")).config);
  EXPECT_THAT(text_of(load(with(manager + "api_key = '<redacted>'")).problems),
              HasSubstr("api_key"));
  EXPECT_THAT(text_of(load(with(manager + "api_key = 'TODO: key'")).problems),
              HasSubstr("filled in"));
}

TEST(ServerFile, NetworksWithHostBitsAreMaskedWithAWarning) {
  const LoadedServer loaded = load(with("[ip_filter]\nwhitelist = ['10.1.2.3/8']"));
  ASSERT_TRUE(loaded.config) << text_of(loaded.problems);
  EXPECT_EQ(loaded.config->ip_filter->whitelist[0].text(), "10.0.0.0/8");
  EXPECT_THAT(text_of(loaded.problems), HasSubstr("warning: ip_filter.whitelist"));
}

// A key may hold what a terminal would obey.
TEST(ServerFile, ProblemsAreOneReadableLine) {
  const LoadedServer loaded =
      load(with("[kick_messages]\n\"a\\u001b[2J\\nb\" = 'x'\n[\"\\u0007\"]"));
  EXPECT_EQ(loaded.problems.size(), 2u);
  for (const Problem& problem : loaded.problems) {
    const std::string text = problem.text();
    EXPECT_TRUE(std::ranges::none_of(text, [](char c) { return c >= 0 && c < ' '; })) << text;
  }
}

TEST(ServerFile, TextsAreChecked) {
  EXPECT_THAT(text_of(load(with("disconnect_message = '{nobody}'")).problems),
              HasSubstr("{nobody}"));
  EXPECT_THAT(text_of(load(with("disconnect_message = { json = '{' }")).problems),
              HasSubstr("JSON"));
  EXPECT_THAT(text_of(load(with("disconnect_message = { json = '5' }")).problems),
              HasSubstr("component"));
  // Clients cannot read it: the player would see an exception in place of the kick.
  EXPECT_THAT(text_of(load(with("disconnect_message = { json = '[]' }")).problems),
              HasSubstr("not empty"));
  const std::string deep = std::string(33, '[') + "1" + std::string(33, ']');
  EXPECT_THAT(text_of(load(with("disconnect_message = { json = '" + deep + "' }")).problems),
              HasSubstr("JSON"));
  EXPECT_THAT(
      text_of(load(with("disconnect_message = '" + std::string(70'000, 'a') + "'")).problems),
      HasSubstr("65536"));
  EXPECT_THAT(text_of(load(with("disconnect_message = { json = '\"{nobody}\"' }")).problems),
              HasSubstr("{nobody}"));
  EXPECT_THAT(text_of(load(with("disconnect_message = { jsn = '{}' }")).problems),
              HasSubstr("`json`"));
  EXPECT_THAT(text_of(load(with("[kick_messages]\nfull = '{reason}'")).problems),
              HasSubstr("{reason}"));
}

TEST(ServerFile, NeverCrashesOnBytesThatAreNoText) {
  for (const std::string_view text :
       {std::string_view("\0\0", 2), std::string_view("\xFF\xFE"), std::string_view("=")}) {
    const LoadedServer loaded = load(text);
    EXPECT_FALSE(loaded.config);
    EXPECT_FALSE(loaded.problems.empty());
  }
  EXPECT_TRUE(load("\xEF\xBB\xBF" + with("")).config);  // a byte order mark is no key
}

TEST(ServerFile, NestingHasAnEnd) {
  const LoadedServer loaded = load("domains = " + std::string(100000, '['));
  EXPECT_FALSE(loaded.config);
}

TEST(ServerFile, UnreadableFilesAreProblems) {
  const ScratchFolder folder;
  EXPECT_THAT(text_of(load_server_file(folder.path() / "none.toml").problems),
              HasSubstr("does not exist"));
  EXPECT_THAT(text_of(load_server_file(folder.path()).problems), HasSubstr("is a folder"));
  // A pipe would wait for somebody to write into it.
  const auto pipe = folder.path() / "pipe.toml";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(text_of(load_server_file(pipe).problems), HasSubstr("not a plain file"));
}

TEST(ServerSettings, LabelsAreDottedPathsWithTexts) {
  const LoadedServer loaded =
      load_server_settings({{"domains", "a.example.com, b.example.com\nc.example.com"},
                            {"addresses", "10.0.0.1:25565"},
                            {"max_players", "20"},
                            {"send_proxy_protocol", "1"},
                            {"motd.sleeping.text", "{text}zzz"},
                            {"slow_start_aggression", "1.5"},
                            {"domain_rewrite.explicit", "x.example.com"}},
                           "container c1", "C 1");
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(text_of(loaded.problems), HasSubstr("container c1: error: motd.sleeping.text"));
  const LoadedServer good =
      load_server_settings({{"domains", "a.example.com, b.example.com\nc.example.com"},
                            {"addresses", "10.0.0.1:25565"},
                            {"max_players", "20"},
                            {"send_proxy_protocol", "1"},
                            {"motd.sleeping.text", "zzz"},
                            {"slow_start_aggression", "1.5"},
                            {"domain_rewrite.explicit", "x.example.com"}},
                           "container c1", "C 1");
  ASSERT_TRUE(good.config) << text_of(good.problems);
  EXPECT_EQ(good.config->id, "c-1");
  EXPECT_THAT(good.config->domains, ElementsAre("a.example.com", "b.example.com", "c.example.com"));
  EXPECT_EQ(good.config->max_players, 20u);
  EXPECT_EQ(good.config->send_proxy_protocol, SendProxy::v2);
  EXPECT_EQ(good.config->motd.sleeping->text.value, "zzz");
  EXPECT_EQ(good.config->domain_rewrite.host, "x.example.com");
}

TEST(ServerSettings, WrongLabelsAreErrorsWithTheNearestKey) {
  const auto problems = [](std::string key, std::string value) {
    return text_of(
        load_server_settings(
            {{"domains", "a"}, {"addresses", "b"}, {std::move(key), std::move(value)}}, "c", "c")
            .problems);
  };
  EXPECT_THAT(problems("max_player", "1"), HasSubstr("`max_players`"));
  EXPECT_THAT(problems("motd.onlin.text", "x"), HasSubstr("`motd.online`"));
  EXPECT_THAT(problems("max_players", "x"), HasSubstr("integer"));
  EXPECT_THAT(problems("limbo", "yes"), HasSubstr("true or false"));
  EXPECT_THAT(problems("domains.x", "y"), HasSubstr("does not fit"));
}

// A PNG file of `padding` bytes more than the fewest: header, one chunk of text, end. There is no
// picture in it, and nobody looks.
std::string png(unsigned char width, std::uint16_t padding = 0) {
  std::string out("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0", 19);
  out += static_cast<char>(width);
  out += std::string("\0\0\0\x40\x08\x06\0\0\0\0\0\0\0", 13);
  out += std::string(2, '\0');
  out += static_cast<char>(padding >> 8);
  out += static_cast<char>(padding & 0xFF);
  out += "tEXt" + std::string(padding + std::size_t{4}, 'x');
  return out + std::string("\0\0\0\0IEND\xAE\x42\x60\x82", 12);
}

TEST(Icons, MustBe64x64Png) {
  const ScratchFolder folder;
  folder.write("good.png", png(64));
  folder.write("wide.png", png(65));
  folder.write("text.png", "hello");
  folder.write("cut.png", png(64).substr(0, 40));
  // 57 bytes of a file are not its text.
  folder.write("largest.png", png(64, 22'000 - 57));
  folder.write("larger.png", png(64, 22'001 - 57));
  const auto icon = [&](std::string_view value) {
    const std::string text =
        with("[motd.online]\ntext = 'x'\nfavicon = '" + std::string(value) + "'");
    return load_server(text, folder.path() / "s.toml");
  };
  const LoadedServer good = icon("good.png");
  ASSERT_TRUE(good.config);
  EXPECT_TRUE(good.problems.empty()) << text_of(good.problems);
  const auto loaded = load_favicon(*good.config->motd.online->favicon);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->starts_with("data:image/png;base64,iVBORw0KGgo"));
  // The same icon as data URL and as bare base64.
  EXPECT_EQ(load_favicon(*icon(*loaded).config->motd.online->favicon), *loaded);
  EXPECT_EQ(load_favicon(*icon(loaded->substr(22)).config->motd.online->favicon), *loaded);
  // A bad one is no reason to take the server away.
  for (const std::string_view bad :
       {"wide.png", "text.png", "missing.png", "cut.png", "larger.png"}) {
    const LoadedServer warned = icon(bad);
    EXPECT_TRUE(warned.config) << bad;
    EXPECT_THAT(text_of(warned.problems), HasSubstr("warning: motd.online.favicon")) << bad;
  }
  EXPECT_THAT(text_of(icon("cut.png").problems), HasSubstr("cut off"));
  EXPECT_THAT(text_of(icon("larger.png").problems), HasSubstr("22001 bytes"));
  EXPECT_TRUE(icon("largest.png").problems.empty());
  EXPECT_EQ(icon("https://example.com/i.png").config->motd.online->favicon->kind,
            Favicon::Kind::url);
}

}  // namespace
}  // namespace drawbridge::config
