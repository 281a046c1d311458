// Bans and lists where the proxy knows who somebody is: the verified account counts, and whoever is
// thrown out reads why.
#include <gtest/gtest.h>

#include <thread>

#include "core/bans/ban_file.hpp"
#include "kit/played.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view words =
    "kick_messages.banned = \"banned: {reason} ({remaining})\"\n"
    "kick_messages.not_allowed = \"not you\"\n";

struct Intercepted {
  explicit Intercepted(std::string mode, std::string server = {})
      : played({.mode = std::move(mode),
                .server = std::move(server),
                .global = fmt::format("{}ban.file = \"{}\"\n", words,
                                      (folder.path() / "bans.json").string())}) {}
  void ban(const std::string& target) {
    core::BanFile file(folder.path() / "bans.json");
    EXPECT_TRUE(file.edit([&](core::BanDocument& document) {
      core::Ban wish;
      wish.target = *core::BanTarget::parse(target);
      wish.reason = "grief";
      wish.created_at = core::unix_now();
      document.add(std::move(wish), true);
      return true;
    }));
  }
  void await_bans(int count) {
    EXPECT_TRUE(played.door.rig.logged({"bans read", fmt::format("bans={} ", count)}));
    played.door.rig.daemon().settle();
  }
  TempFolder folder;
  Played played;
};

TEST(GateIntercepted, a_ban_throws_out_with_words_in_every_phase) {
  for (const mc::Version version : {mc::v1_8, mc::v1_20, mc::v1_21_4}) {
    Intercepted setup("offline");
    Seated playing = setup.played.seat_in_play("Steve", version);
    Seated other = setup.played.seat_in_play("Alex", version);
    setup.ban("steve");
    EXPECT_EQ(kick_words(playing.client), "banned: grief (for ever)") << mc::number(version);
    EXPECT_TRUE(playing.client.wire.ends());
    EXPECT_TRUE(setup.played.door.rig.logged({"thrown out", "Steve"}));
    EXPECT_TRUE(other.client.write_body(some_packet(20)));
    EXPECT_TRUE(other.backend.read()) << "somebody else was thrown out, too";
  }
}

TEST(GateIntercepted, a_ban_reaches_those_who_configure) {
  Intercepted setup("offline");
  Seated seated = setup.played.seat("Steve");
  setup.ban("127.0.0.1");
  EXPECT_EQ(kick_words(seated.client), "banned: grief (for ever)");
}

TEST(GateIntercepted, a_ban_of_a_verified_uuid_throws_out) {
  Intercepted setup("client_only");
  Seated playing = setup.played.seat_in_play("Steve");
  setup.ban(account_uuid("Steve").text());
  EXPECT_EQ(kick_words(playing.client), "banned: grief (for ever)");
  setup.await_bans(1);
  EXPECT_TRUE(playing.client.wire.ends());
}

TEST(GateIntercepted, who_comes_back_by_another_name_is_still_banned) {
  SessionServer session;
  TempFolder folder;
  core::BanFile file(folder.path() / "bans.json");
  EXPECT_TRUE(file.edit([&](core::BanDocument& document) {
    core::Ban wish;
    wish.target = *core::BanTarget::parse(account_uuid("Steve").text());
    wish.created_at = core::unix_now();
    document.add(std::move(wish), true);
    return true;
  }));
  Door door("play.example", {.server = "proxy_mode = \"client_only\"",
                             .global = session.config() + std::string(words) +
                                       fmt::format("ban.file = \"{}\"\n", file.path().string())});
  const auto log_in = [&](std::string_view account) {
    session.answer_next(
        {SessionServer::http(200, fmt::format(R"({{"id":"{}","name":"Renamed","properties":[]}})",
                                              account_uuid(account).text()))});
    LoginClient client(door.rig.endpoint(), {.player = "Renamed", .session = &session});
    EXPECT_TRUE(client.answer_encryption());
    return client.log_in().kicked;
  };
  EXPECT_EQ(log_in("Steve"), "banned: no reason was given (for ever)");
  EXPECT_FALSE(door.backend.accept(Duration::zero()).open());
  // The name alone is not banned: another account by it gets as far as the server.
  std::thread other([&] { (void)log_in("Alex"); });
  EXPECT_TRUE(door.backend.accept().open());
  other.join();
}

// With auth.offline_uuid = "client" a player says which UUID to have: a banned one says another.
TEST(GateIntercepted, a_claimed_uuid_does_not_hide_the_one_of_the_name) {
  TempFolder folder;
  core::BanFile file(folder.path() / "bans.json");
  EXPECT_TRUE(file.edit([&](core::BanDocument& document) {
    core::Ban wish;
    wish.target = *core::BanTarget::parse(offline_uuid("Steve").text());
    wish.created_at = core::unix_now();
    document.add(std::move(wish), true);
    return true;
  }));
  Door door("play.example", {.server = "proxy_mode = \"offline\"",
                             .global = "auth.offline_uuid = \"client\"\n" + std::string(words) +
                                       fmt::format("ban.file = \"{}\"\n", file.path().string())});
  FakeClient client(door.rig.endpoint());
  ByteBuffer hello = handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login);
  const ByteBuffer start = login_start_bytes("Steve", mc::v1_21_4, offline_uuid("Alex"));
  hello.insert(hello.end(), start.begin(), start.end());
  ASSERT_TRUE(client.wire.send(hello));
  EXPECT_EQ(client.kicked(), "banned: no reason was given (for ever)");
}

TEST(GateIntercepted, who_finds_no_backend_is_counted) {
  std::string dead;
  {
    dead = FakeServer().address();
  }
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", server_file("play.example", dead, "proxy_mode = \"offline\"")}}});
  FakeClient client(rig.endpoint());
  ASSERT_TRUE(client.log_in("play.example", "Steve"));
  EXPECT_TRUE(client.kicked());
  const auto counted = rig.daemon().proxy().refusals().by_reason;
  EXPECT_EQ(counted[static_cast<std::size_t>(core::RefusalReason::no_backend)], 1U);
}

TEST(GateIntercepted, peers_fault_3_a_banned_account_does_not_get_past_its_verification) {
  SessionServer session;
  TempFolder folder;
  core::BanFile file(folder.path() / "bans.json");
  EXPECT_TRUE(file.edit([&](core::BanDocument& document) {
    core::Ban wish;
    wish.target = *core::BanTarget::parse(account_uuid("Steve").text());
    wish.created_at = core::unix_now();
    document.add(std::move(wish), true);
    return true;
  }));
  Door door("play.example", {.server = "proxy_mode = \"client_only\"",
                             .global = session.config() + std::string(words) +
                                       fmt::format("ban.file = \"{}\"\n", file.path().string())});
  LoginClient client(door.rig.endpoint(), {.player = "Steve", .session = &session});
  ASSERT_TRUE(client.answer_encryption());
  EXPECT_EQ(client.log_in().kicked, "banned: no reason was given (for ever)");
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
}

class GateInterceptedMode : public ::testing::TestWithParam<std::string_view> {};

TEST_P(GateInterceptedMode, a_new_ban_throws_out_at_once) {
  Intercepted setup{std::string(GetParam())};
  Seated playing = setup.played.seat_in_play("Steve");
  const TimePoint banned = Clock::now();
  setup.ban("steve");
  EXPECT_EQ(kick_words(playing.client), "banned: grief (for ever)");
  EXPECT_LT(Clock::now() - banned, seconds(1));
  EXPECT_TRUE(playing.client.wire.ends());
}

INSTANTIATE_TEST_SUITE_P(Modes, GateInterceptedMode, ::testing::Values("client_only", "offline"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST(GateIntercepted, lists_by_uuid_wait_for_the_verification) {
  Intercepted setup("client_only", fmt::format("allow = [\"{}\"]\n", account_uuid("Steve").text()));
  Seated seated = setup.played.seat_in_play("Steve");
  EXPECT_TRUE(seated.client.write_body(some_packet(20)));
  EXPECT_TRUE(seated.backend.read());
}

TEST(GateIntercepted, an_account_that_no_list_names_is_refused_after_its_verification) {
  SessionServer session;
  Door door("play.example",
            {.server = fmt::format("proxy_mode = \"client_only\"\nallow = [\"{}\"]\n",
                                   account_uuid("Steve").text()),
             .global = session.config() + std::string(words)});
  LoginClient client(door.rig.endpoint(), {.player = "Alex", .session = &session});
  ASSERT_TRUE(client.answer_encryption());
  EXPECT_EQ(client.log_in().kicked, "not you");
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
}

}  // namespace
}  // namespace drawbridge::kit
