// The other words of the command line: route, ping, schema, version, and those that are none.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kit/fake_server.hpp"
#include "kit/program.hpp"
#include "kit/signpost.hpp"
#include "mc/status.hpp"
#include "net/proxy_protocol.hpp"

namespace drawbridge::kit {
namespace {

Ended drawbridge(std::vector<std::string> arguments, const std::filesystem::path& folder = "/") {
  return run_program(DRAWBRIDGE_PROGRAM, {.arguments = std::move(arguments), .folder = folder});
}

bool is_json(const std::string& text) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  return !error && value.is_object();
}

TEST(CommandRoute, says_which_server_and_ends_with_0_or_4) {
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:25566"));
  folder.write("servers/wild.toml", server_file("*.example", "127.0.0.1:25567"));
  const Ended exact = drawbridge({"route", "Play.Example."}, folder.path());
  EXPECT_EQ(exact.code, 0);
  EXPECT_TRUE(exact.output.contains("lobby")) << exact.output;
  EXPECT_TRUE(exact.output.contains("127.0.0.1:25566")) << exact.output;
  const Ended suffix = drawbridge({"route", "deep.down.example"}, folder.path());
  EXPECT_EQ(suffix.code, 0);
  EXPECT_TRUE(suffix.output.contains("> wild")) << suffix.output;
  const Ended none = drawbridge({"route", "elsewhere.test"}, folder.path());
  EXPECT_EQ(none.code, 4);
  EXPECT_TRUE(none.output.contains("no server")) << none.output;
  EXPECT_EQ(drawbridge({"route"}, folder.path()).code, 2);
}

TEST(CommandRoute, asks_for_the_listener_that_was_named) {
  const TempFolder folder;
  folder.write("drawbridge.toml",
               "[[listener]]\nbind = \"127.0.0.1:1\"\nname = \"plain\"\n"
               "[[listener]]\nbind = \"127.0.0.1:2\"\nname = \"guests\"\n"
               "default_server = \"lobby\"\n");
  folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:25566"));
  const auto ask = [&](const std::string& listener) {
    return drawbridge({"route", "other.example", "--listener", listener}, folder.path());
  };
  EXPECT_EQ(ask("plain").code, 4);
  for (const char* guests : {"guests", "127.0.0.1:2"}) {
    const Ended ended = ask(guests);
    EXPECT_EQ(ended.code, 0) << guests;
    EXPECT_TRUE(ended.output.contains("> lobby (listener default)")) << ended.output;
  }
  const Ended unknown = ask("nobody");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(unknown.output.contains("nobody")) << unknown.output;
}

TEST(CommandRoute, takes_the_players_version_and_address) {
  const TempFolder folder;
  folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\n");
  folder.write("servers/lobby.toml", server_file("play.example", "127.0.0.1:25566"));
  const Ended ended = drawbridge(
      {"route", "play.example", "--protocol", "763", "--ip", "2001:db8::9"}, folder.path());
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.output.contains("> lobby")) << ended.output;
  EXPECT_TRUE(ended.output.contains("protocol 763 (1.20-1.20.1)")) << ended.output;
  EXPECT_TRUE(ended.output.contains("2001:db8::9")) << ended.output;
  const Ended wrong = drawbridge({"route", "play.example", "--ip", "10.0.0.300"}, folder.path());
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(wrong.output.contains("10.0.0.300")) << wrong.output;
  EXPECT_EQ(drawbridge({"route", "play.example", "--protocol", "new"}, folder.path()).code, 2);
}

TEST(CommandPing, shows_what_a_client_would_see) {
  StatusServer backend(R"({"version":{"name":"Paper 1.21.4","protocol":769},)"
                       R"("players":{"max":50,"online":7},"description":{"text":"Hello there"}})");
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server_file("play.example", backend.address())}}});
  const std::string at = rig.endpoint().text();
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{}, std::vector<std::string>{"--legacy"}}) {
    std::vector<std::string> arguments{"ping", at, "--host", "play.example"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const Ended ended = drawbridge(arguments);
    EXPECT_EQ(ended.code, 0) << ended.errors;
    EXPECT_TRUE(ended.output.contains("Hello there")) << ended.output;
    EXPECT_TRUE(ended.output.contains("7 of 50")) << ended.output;
  }
}

TEST(CommandPing, sends_a_proxy_header_if_asked_to) {
  ProxyRig rig({.global = "receive_proxy_protocol = true\ntrusted_proxies = [\"127.0.0.0/8\"]",
                .servers = {{"a", signpost("[\"a.example\"]", "this is a")}}});
  const std::string at = rig.endpoint().text();
  const Ended with = drawbridge({"ping", at, "--host", "a.example", "--proxy-protocol"});
  EXPECT_EQ(with.code, 0) << with.errors;
  EXPECT_TRUE(with.output.contains("this is a")) << with.output;
  EXPECT_EQ(drawbridge({"ping", at, "--host", "a.example"}).code, 4);
}

TEST(CommandPing, ends_with_4_when_nobody_answers_and_2_when_it_cannot_ask) {
  for (const std::string_view more : {"--host=x", "--legacy"}) {
    const Ended ended = drawbridge({"ping", "127.0.0.1:1", std::string(more)});
    EXPECT_EQ(ended.code, 4);
    EXPECT_TRUE(ended.errors.contains("no answer from 127.0.0.1:1")) << ended.errors;
  }
  EXPECT_EQ(drawbridge({"ping", "127.0.0.1:notaport"}).code, 2);
  EXPECT_EQ(drawbridge({"ping"}).code, 2);
}

TEST(CommandSchema, prints_json_schemas_and_the_reference) {
  for (const std::string_view of : {"global", "server"}) {
    const Ended ended = drawbridge({"schema", std::string(of)});
    EXPECT_EQ(ended.code, 0);
    EXPECT_TRUE(is_json(ended.output)) << ended.output.substr(0, 200);
    EXPECT_TRUE(ended.output.contains(of == "global" ? "worker_threads" : "addresses"));
  }
  const Ended page = drawbridge({"schema", "--markdown"});
  EXPECT_EQ(page.code, 0);
  EXPECT_TRUE(page.output.contains("| `max_connections`")) << page.output.substr(0, 500);
  EXPECT_EQ(drawbridge({"schema", "players"}).code, 2);
}

TEST(CommandVersion, says_who_it_is) {
  const Ended word = drawbridge({"version"});
  EXPECT_EQ(word.code, 0);
  EXPECT_TRUE(word.output.starts_with("drawbridge ")) << word.output;
  EXPECT_EQ(drawbridge({"-V"}).output, word.output);
  const Ended machine = drawbridge({"version", "--json"});
  EXPECT_EQ(machine.code, 0);
  EXPECT_TRUE(is_json(machine.output)) << machine.output;
}

TEST(CommandLine, help_is_fine_and_nonsense_is_2) {
  EXPECT_EQ(drawbridge({"--help"}).code, 0);
  EXPECT_EQ(drawbridge({"dance"}).code, 2);
  EXPECT_EQ(drawbridge({"run", "--no-such-flag"}).code, 2);
  EXPECT_EQ(drawbridge({"check", "--set", "no-equals-sign"}).code, 2);
}

}  // namespace
}  // namespace drawbridge::kit
