// verify_before_wake: a name that anybody can make up starts nothing. In the modes that forward
// bytes the proxy checks the account itself, on a connection that goes no further, and the player
// comes again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "kit/fake_client.hpp"
#include "kit/limbo_player.hpp"
#include "kit/login_client.hpp"
#include "kit/sleepy_server.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view words =
    "kick_messages.wake_denied = \"not you\"\nkick_messages.starting = \"come again\"\n"
    "kick_messages.auth_failed = \"who is it\"\nkick_messages.auth_unavailable = \"nobody knows\"\n"
    "kick_messages.version_unsupported = \"too old\"\nkick_messages.bedrock_refused = \"bedrock\"";

struct Guarded {
  explicit Guarded(std::string_view keys = {}, const std::string& global = {},
                   std::vector<std::string> habits = {})
      : server(std::move(habits)),
        rig({.global = session.config() + global,
             .servers = {{"lobby", server.file("verify_before_wake = true\n" + std::string(keys),
                                               words)}}}) {
    EXPECT_TRUE(rig.logged({"server state", "is=sleeping"}));
  }
  // Somebody with an account.
  std::string join(std::string player = "Steve", mc::Version version = mc::v1_21_4) {
    LoginClient client(rig.endpoint(),
                       {.player = std::move(player), .version = version, .session = &session});
    return client.log_in().kicked;
  }
  // Somebody who answers no encryption request: passes through, or is stuck.
  std::optional<std::string> plain_join(std::string_view player = "Steve",
                                        std::string_view from = "127.0.0.1") {
    FakeClient client(rig.endpoint(), IpAddress::parse(from));
    client.log_in("play.example", player);
    return client.kicked();
  }

  SessionServer session;
  SleepyServer server;
  ProxyRig rig;
};

TEST(WakeVerified, an_account_starts_it_and_passes_straight_through_when_it_comes_again) {
  Guarded one;
  EXPECT_EQ(one.join(), "come again");
  EXPECT_EQ(one.session.requests().size(), 1U);
  EXPECT_TRUE(one.rig.logged({"verified", "Steve", account_uuid("Steve").text()}));
  EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  EXPECT_EQ(one.plain_join(), "welcome Steve") << "its bytes are nobody's but the server's";
  EXPECT_EQ(one.server.starts(), 1U);
  EXPECT_EQ(one.session.requests().size(), 1U);
}

TEST(WakeVerified, every_version_with_encryption_can_be_checked) {
  for (const mc::Version version : {mc::v1_7_2, mc::v1_8, mc::v1_18_2, mc::v1_20_2, mc::v1_21_4}) {
    Guarded one;
    EXPECT_EQ(one.join("Steve", version), "come again") << mc::release_name(version);
    EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  }
}

TEST(WakeVerified, a_made_up_name_starts_nothing) {
  Guarded one;
  LoginClient nobody(one.rig.endpoint(), {});
  EXPECT_EQ(nobody.log_in().kicked, "who is it");
  EXPECT_TRUE(one.rig.logged({"auth_failed", "Steve"}));
  EXPECT_EQ(one.server.starts(), 0U);
}

TEST(WakeVerified, a_session_server_that_is_down_starts_nothing) {
  Guarded one;
  one.session.answer_next({SessionServer::http(500), SessionServer::http(503)});
  EXPECT_EQ(one.join(), "nobody knows");
  EXPECT_EQ(one.server.starts(), 0U);
}

// The check would only be in the way of those who cost nothing.
TEST(WakeVerified, while_it_runs_nobody_is_asked) {
  Guarded one;
  EXPECT_EQ(one.join(), "come again");
  EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  EXPECT_EQ(one.plain_join("Alex", "127.0.0.9"), "welcome Alex");
  EXPECT_EQ(one.session.requests().size(), 1U);
}

TEST(WakeVerified, who_was_checked_is_remembered_for_this_name_and_address_only) {
  Guarded one;
  EXPECT_EQ(one.join(), "come again");
  EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  EXPECT_EQ(one.server.kill_all(), 1U);
  EXPECT_TRUE(one.rig.logged({"server state", "is=crashed"}));
  LoginClient other(one.rig.endpoint(), {.player = "Alex"});
  EXPECT_TRUE(other.answer_encryption()) << "another name is asked";
  EXPECT_EQ(one.server.starts(), 1U);
  EXPECT_EQ(one.plain_join("Steve"), "come again");
  EXPECT_TRUE(eventually([&] { return one.server.starts() == 2; }));
}

TEST(WakeVerified, a_list_may_name_accounts_by_uuid) {
  Guarded one("wake_allow = [\"" + account_uuid("Steve").text() + "\"]");
  EXPECT_EQ(one.join("Alex"), "not you");
  EXPECT_EQ(one.server.starts(), 0U);
  EXPECT_EQ(one.join("Steve"), "come again");
}

TEST(WakeVerified, who_may_not_by_name_is_not_even_asked) {
  Guarded one("wake_deny = [\"Steve\"]");
  EXPECT_EQ(one.plain_join("Steve"), "not you");
  EXPECT_TRUE(one.session.requests().empty());
}

TEST(WakeVerified, a_ping_cannot_be_verified) {
  Guarded one("wake_on = \"status\"");
  FakeClient client(one.rig.endpoint());
  EXPECT_TRUE(client.status("play.example"));
  EXPECT_EQ(one.join(), "come again") << "and the next thing that happens is a start for a player";
  EXPECT_TRUE(eventually([&] { return one.server.starts() == 1; }));
  EXPECT_EQ(one.rig.log_lines({" starting server=lobby"}), 1U);
  EXPECT_TRUE(one.rig.logged({"starting", "for=Steve"}));
}

TEST(WakeVerified, who_cannot_be_verified_starts_nothing) {
  Guarded one;
  FakeClient old(one.rig.endpoint());
  old.wire.send(legacy_login_bytes("play.example", "Steve"));
  EXPECT_EQ(old.legacy_answer(), "too old");
  FakeClient bedrock(one.rig.endpoint());
  using namespace std::string_literals;
  bedrock.log_in("play.example\0^Floodgate^sealed"s, "Steve");
  EXPECT_EQ(bedrock.kicked(), "bedrock");
  EXPECT_EQ(one.server.starts(), 0U);
}

TEST(WakeVerified, a_ban_of_the_account_holds_before_the_start) {
  Guarded one;
  std::ofstream(one.rig.folder().path() / "bans.json")
      << R"({"bans":[{"id":"1","target":{"type":"uuid","value":")" << account_uuid("Steve").text()
      << R"("},"reason":"spent","expires_at":null,"created_at":1,"source":{"type":"console"}}],)"
      << R"("audit_log":[]})";
  one.rig.restart();
  EXPECT_THAT(one.join(), HasSubstr("spent"));
  EXPECT_EQ(one.server.starts(), 0U);
}

TEST(WakeVerified, transfer_sends_a_checked_player_back) {
  Guarded one("while_starting = \"transfer\"");
  LimboPlayer steve(one.rig.endpoint(), {.login = {.session = &one.session}});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  EXPECT_EQ(steve.client.success->uuid, account_uuid("Steve"));
  EXPECT_TRUE(steve.link().is_encrypted());
  EXPECT_TRUE(steve.next(mc::Kind::transfer));
  FakeClient again(one.rig.endpoint());
  again.wire.send(login_bytes("play.example", "Steve", mc::v1_21_4, mc::Intent::transfer));
  EXPECT_EQ(again.kicked(), "welcome Steve");
  EXPECT_EQ(one.server.starts(), 1U);
}

TEST(WakeVerified, client_only_has_checked_it_already) {
  SessionServer session;
  const SleepyServer server;
  ProxyRig rig({.global = session.config(),
                .servers = {{"lobby", server.file("verify_before_wake = true",
                                                  "proxy_mode = \"client_only\"")}}});
  LoginClient client(rig.endpoint(), {.session = &session});
  EXPECT_EQ(client.log_in().kicked, "welcome Steve");
  EXPECT_EQ(session.requests().size(), 1U);
}

}  // namespace
}  // namespace drawbridge::kit
