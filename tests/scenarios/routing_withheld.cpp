// A server whose protection rests on something that this build does not do is not served in a
// weaker form: its status works, log-ins are kicked with the reason, and no byte of a player
// reaches the backend.
#include <gtest/gtest.h>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view json =
    R"({"version":{"name":"x","protocol":769},"players":{"max":9,"online":1},"description":"up"})";

struct Case {
  std::string_view name;
  Door::More more;
  std::string_view reason;  // part of what the log says
};

class RoutingWithheld : public ::testing::TestWithParam<Case> {};

TEST_P(RoutingWithheld, status_works_and_no_login_gets_through) {
  Door door("play.example", GetParam().more);
  ASSERT_EQ(door.rig.start_code(), 0) << door.rig.whole_log();
  {
    FakeClient client = door.client();
    client.wire.send(status_bytes("play.example"));
    Wire backend = door.backend.accept();
    const auto arrived = FakeServer::read_hello(backend);
    ASSERT_TRUE(arrived && arrived->hello.wants_status());
    backend.send(mc::status_response_frame(json));
    const auto body = client.wire.receive_frame();
    ASSERT_TRUE(body);
    EXPECT_EQ(mc::read_status_response(*body), json);
  }
  FakeClient client = door.client();
  client.log_in("play.example", "Steve");
  const auto words = client.kicked();
  ASSERT_TRUE(words);
  EXPECT_NE(*words, "") << "a readable kick";
  EXPECT_TRUE(client.wire.ends());
  EXPECT_TRUE(door.rig.logged({"not_allowed", GetParam().reason, "Steve"}));
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open()) << "a login reached the backend";
}

INSTANTIATE_TEST_SUITE_P(
    Protections, RoutingWithheld,
    ::testing::Values(
        // The folder of drawbridge.toml is there, so this can be no file.
        Case{"secret_that_cannot_be_used",
             {.server = "forwarding_mode = \"bungee_guard\"",
              .global = "forwarding.secret_file = \".\""},
             "forwarding secret"},
        Case{"countries_of_the_server_without_a_database",
             {.server = "ip_filter.country_blacklist = [\"DE\"]", .global = {}},
             "geoip.database"},
        Case{"countries_without_a_database",
             {.server = {}, .global = "ip_filter.country_blacklist = [\"DE\"]"},
             "geoip.database"},
        Case{"a_database_that_cannot_be_read",
             {.server = {},
              .global = "ip_filter.country_blacklist = [\"DE\"]\ngeoip.database = \"gone.mmdb\""},
             "country database"},
        Case{"ban_plugin", {.server = {}, .global = "ban.provider = \"my-bans\""}, "ban"}),
    [](const auto& case_of) { return std::string(case_of.param.name); });

// A server that is withheld is not woken either.
TEST(RoutingWithheldAsleep, a_server_that_is_withheld_is_not_woken) {
  Door door("play.example", {.server = "ip_filter.country_blacklist = [\"DE\"]\n"
                                       "[server_manager]\ntype = \"local\"\ncommand = \"touch\"\n"
                                       "args = [\"woken\"]\nworking_dir = \".\"",
                             .global = {}});
  FakeClient ping = door.client();
  EXPECT_TRUE(ping.status("play.example")) << "it says that it sleeps";
  FakeClient client = door.client();
  client.log_in("play.example", "Steve");
  EXPECT_NE(client.kicked().value_or(""), "");
  EXPECT_TRUE(door.rig.logged({"not_allowed", "geoip.database", "Steve"}));
  EXPECT_FALSE(std::filesystem::exists(door.rig.folder().path() / "servers" / "woken"));
}

// A fallback must not be the way round a protection.
TEST(RoutingWithheldFallback, a_withheld_server_stands_in_for_nobody) {
  FakeServer guarded;
  ProxyRig rig(
      {.global = {},
       .servers = {{"down", server_file("down.example", "127.0.0.1:1", "fallback = [\"guarded\"]")},
                   {"guarded", server_file("guarded.example", guarded.address(),
                                           "ip_filter.country_blacklist = [\"DE\"]")}}});
  FakeClient client(rig.endpoint());
  client.log_in("down.example", "Steve");
  EXPECT_TRUE(client.kicked());
  EXPECT_FALSE(guarded.accept(milliseconds(20)).open());
}

TEST(RoutingWithheldReload, protection_that_is_added_holds_for_the_next_login) {
  Door door;
  FakeClient before = door.client();
  before.log_in("play.example", "Steve");
  Wire playing = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(playing));
  door.rig.write_server("lobby", server_file("play.example", door.backend.address(),
                                             "ip_filter.whitelist = [\"203.0.113.0/24\"]"));
  FakeClient client = door.client();
  client.log_in("play.example", "Alex");
  EXPECT_TRUE(client.kicked());
  // Who was let in before plays on.
  ASSERT_TRUE(before.wire.send("hello"));
  EXPECT_EQ(as_text(playing.receive(5)), "hello");
}

}  // namespace
}  // namespace drawbridge::kit
