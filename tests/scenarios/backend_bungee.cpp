// BungeeCord's and BungeeGuard's forwarding where packets are read: the account that was verified,
// with its skin, stands in the handshake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/backend_door.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

constexpr std::string_view skin = R"({"name":"textures","value":"dGV4","signature":"c2ln"})";

TEST(BackendBungee, peers_fault_10_an_unverified_player_is_announced_too) {
  for (const mc::Version version : {mc::v1_7_2, mc::v1_8, mc::v1_12_2, mc::newest_known}) {
    BackendDoor door({.forwarding = "bungee_cord"});
    LoginClient client = door.client(version);
    LoginBackend backend = door.backend();
    EXPECT_EQ(backend.hello.host,
              "play.example\000127.0.0.1\0"s + offline_uuid("Steve").undashed() + "\0[]"s);
    EXPECT_EQ(backend.hello.player, "Steve");
    ASSERT_TRUE(say_success(backend));
    EXPECT_TRUE(client.log_in().in) << mc::release_name(version);
  }
}

TEST(BackendBungee, a_verified_player_is_announced_with_account_and_skin) {
  BackendDoor door({.mode = "client_only", .forwarding = "bungee_cord"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  EXPECT_EQ(backend.hello.host, "play.example\000127.0.0.1\0"s + account_uuid("Steve").undashed() +
                                    "\0["s + std::string(skin) + "]");
  ASSERT_TRUE(say_success(backend, account_uuid("Steve")));
  EXPECT_TRUE(client.log_in().in);
}

TEST(BackendBungee, the_guards_token_stands_among_the_properties) {
  BackendDoor door({.mode = "client_only", .forwarding = "bungee_guard"});
  ASSERT_EQ(door.secret.size(), 32U);
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  EXPECT_THAT(
      backend.hello.host,
      HasSubstr(fmt::format(R"([{},{{"name":"bungeeguard-token","value":"{}","signature":""}}])",
                            skin, door.secret)));
  EXPECT_EQ(door.rig().log_lines({door.secret}), 0U);
}

// It would know the player as somebody else, with another inventory, and let nobody's bans hold.
TEST(BackendBungee, a_backend_that_ignores_the_account_gets_no_players) {
  BackendDoor door({.mode = "client_only", .forwarding = "bungee_cord"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(say_success(backend, offline_uuid("Steve")));
  const auto outcome = client.log_in();
  EXPECT_FALSE(outcome.in);
  EXPECT_THAT(outcome.kicked, HasSubstr("does not take who you are"));
  EXPECT_TRUE(door.rig().logged({"backend ignored the forwarding", "settings.bungeecord"}));
}

TEST(BackendBungee, a_vanilla_server_that_hangs_up_on_the_long_host_is_explained) {
  BackendDoor door({.mode = "client_only", .forwarding = "bungee_cord"});
  LoginClient client = door.client();
  door.backend().link.wire.close();
  EXPECT_NE(client.log_in().kicked, "");
  EXPECT_TRUE(door.rig().logged({"login at the backend failed", "BungeeCord support"}));
}

TEST(BackendBungee, a_wrong_token_is_explained) {
  BackendDoor door({.forwarding = "bungee_guard"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(say_no(backend, R"({"text":"Unable to authenticate."})"));
  EXPECT_EQ(client.log_in().kicked, "Unable to authenticate.");
  EXPECT_TRUE(door.rig().logged({"backend refused the player", "this proxy's token"}));
}

TEST(BackendBungee, a_backend_that_wants_it_where_none_is_set_is_explained) {
  BackendDoor door({.forwarding = "none"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(say_no(backend,
                     R"({"text":"If you wish to use IP forwarding, please enable it in your )"
                     R"(BungeeCord config as well!"})"));
  EXPECT_THAT(client.log_in().kicked, HasSubstr("IP forwarding"));
  EXPECT_TRUE(door.rig().logged({"backend refused the player", "bungee_cord"}));
}

}  // namespace
}  // namespace drawbridge::kit
