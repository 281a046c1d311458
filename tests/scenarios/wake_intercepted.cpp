// Servers that sleep, in the modes where the proxy logs players in itself.
#include <gtest/gtest.h>

#include "kit/fake_client.hpp"
#include "kit/login_client.hpp"
#include "kit/sleepy_server.hpp"

namespace drawbridge::kit {
namespace {

struct Asleep {
  explicit Asleep(std::string_view mode, std::vector<std::string> habits = {},
                  std::string_view keys = {})
      : server(std::move(habits)),
        rig({.global = session.config(),
             .servers = {{"lobby", server.file(keys,
                                               "kick_messages.start_failed = \"broken\"\n"
                                               "kick_messages.starting = \"not yet\"\n"
                                               "kick_messages.auth_failed = \"who is it\"\n"
                                               "proxy_mode = \"" +
                                                   std::string(mode) + "\"")}}}) {
    EXPECT_TRUE(rig.logged({"server state", "is=sleeping"}));
    rig.daemon().proxy().services().hold_question_every = Duration(milliseconds(200));
  }
  std::string join(mc::Version version = mc::v1_21_4, std::string player = "Steve") {
    LoginClient client(rig.endpoint(),
                       {.player = std::move(player), .version = version, .session = &session});
    return client.log_in().kicked;
  }
  SessionServer session;
  SleepyServer server;
  ProxyRig rig;
};

class WakeIntercepted : public ::testing::TestWithParam<std::string_view> {};

TEST_P(WakeIntercepted, a_join_wakes_it_and_the_log_in_goes_on) {
  Asleep one(GetParam(), {"--delay", "1"});
  EXPECT_EQ(one.join(), "welcome Steve") << "after questions that it answered";
  EXPECT_EQ(one.server.starts(), 1U);
}

TEST_P(WakeIntercepted, old_clients_are_held_without_questions) {
  Asleep one(GetParam(), {"--delay", "0.5"});
  EXPECT_EQ(one.join(mc::v1_8), "welcome Steve");
}

TEST_P(WakeIntercepted, a_start_that_fails_is_told) {
  Asleep one(GetParam(), {"--die", "1"});
  EXPECT_EQ(one.join(), "broken");
}

TEST_P(WakeIntercepted, kick_starts_it_and_says_so) {
  Asleep one(GetParam(), {}, "while_starting = \"kick\"");
  EXPECT_EQ(one.join(), "not yet");
  EXPECT_TRUE(one.rig.logged({"server state", "is=online"}));
  EXPECT_EQ(one.join(), "welcome Steve");
  EXPECT_EQ(one.server.starts(), 1U);
}

TEST_P(WakeIntercepted, a_server_that_was_killed_is_started_again) {
  Asleep one(GetParam());
  EXPECT_EQ(one.join(), "welcome Steve");
  EXPECT_EQ(one.server.kill_all(), 1U);
  EXPECT_TRUE(one.rig.logged({"is=crashed", "killed by signal 9"}));
  EXPECT_EQ(one.join(), "welcome Steve");
  EXPECT_EQ(one.server.starts(), 2U);
}

INSTANTIATE_TEST_SUITE_P(, WakeIntercepted, ::testing::Values("offline", "client_only"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST(WakeClientOnly, who_has_no_account_starts_nothing) {
  Asleep one("client_only");
  LoginClient nobody(one.rig.endpoint(), {});
  EXPECT_EQ(nobody.log_in().kicked, "who is it");
  EXPECT_EQ(one.server.starts(), 0U);
}

// Two log-ins of one player: the first is told, the second waits on.
TEST(WakeOffline, a_second_log_in_of_a_player_who_waits_takes_its_place) {
  Asleep one("offline", {"--delay", "1"});
  LoginClient first(one.rig.endpoint(), {});
  EXPECT_TRUE(one.rig.logged({"server state", "is=starting"}));
  EXPECT_EQ(one.join(), "welcome Steve");
  const auto told = first.log_in();
  EXPECT_FALSE(told.in);
  EXPECT_NE(told.kicked, "");
  EXPECT_EQ(one.server.starts(), 1U);
}

}  // namespace
}  // namespace drawbridge::kit
