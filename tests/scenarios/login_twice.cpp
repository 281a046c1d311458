// A player who comes a second time. Who has an account is told apart by it, and
// auth.duplicate_login says who stays; where nobody is verified a newcomer replaces only a session
// of its own address.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/login_client.hpp"
#include "mc/text.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view elsewhere = "You logged in from another place.";
constexpr std::string_view here_already = "You are already playing here.";

struct Place {
  explicit Place(const std::string& mode, const std::string& more = {})
      : is_verified(mode == "client_only"),
        door("play.example",
             {.server = "proxy_mode = \"" + mode + "\"", .global = session.config() + more}) {}

  // A player in the game, with its end at the backend.
  struct Playing {
    LoginClient client;
    LoginBackend backend;
    bool in = false;
  };
  std::unique_ptr<Playing> join(LoginClient::Settings settings = {}) {
    settings.session = &session;
    LoginClient client(door.rig.endpoint(), std::move(settings));
    if (is_verified && !client.answer_encryption()) return nullptr;
    auto playing = std::make_unique<Playing>(
        Playing{.client = std::move(client), .backend = LoginBackend(door.backend.accept())});
    std::thread letting_in([&] { playing->backend.let_in(256); });
    playing->in = playing->client.log_in().in;
    letting_in.join();
    EXPECT_TRUE(playing->in);
    return playing;
  }
  std::string kick(LoginClient::Settings settings) {
    settings.session = &session;
    LoginClient client(door.rig.endpoint(), std::move(settings));
    return client.log_in().kicked;
  }
  [[nodiscard]] std::size_t players() {
    return door.rig.daemon().proxy().services().players.size();
  }

  bool is_verified;
  SessionServer session;
  Door door;
};

// The words of a kick in configuration or play.
std::string kicked(PacketWire& link) {
  mc::WireText words;
  if (link.state == mc::State::configuration) {
    const auto packet = link.expect<mc::ConfigurationDisconnect>();
    if (packet) words = packet->reason;
  } else {
    const auto packet = link.expect<mc::KickDisconnect>();
    if (packet) words = packet->reason;
  }
  const auto text = mc::read_wire_text(words, link.version, Fault::proxy);
  return text ? mc::to_plain(*text) : text.error().what;
}

bool plays(Place::Playing& player) {
  mc::CustomPayload hello;
  hello.channel = "test:x";
  return player.client.link.write(hello) && player.backend.link.expect<mc::CustomPayload>() &&
         player.backend.link.write(hello) && player.client.link.expect<mc::CustomPayload>();
}

class LoginTwice : public ::testing::TestWithParam<mc::Version> {};

TEST_P(LoginTwice, kick_old_ends_the_first_with_words) {
  Place place("client_only");
  const auto first = place.join({.version = GetParam()});
  ASSERT_TRUE(first);
  // From anywhere: the session server has checked who it is.
  const auto second = place.join({.version = GetParam(), .from = IpAddress::parse("127.0.0.5")});
  ASSERT_TRUE(second);
  EXPECT_EQ(kicked(first->client.link), elsewhere);
  EXPECT_TRUE(first->client.link.wire.ends());
  EXPECT_TRUE(first->backend.link.wire.ends());
  EXPECT_TRUE(place.door.rig.logged({"left", "logged_in_elsewhere"}));
  EXPECT_TRUE(plays(*second));
}

INSTANTIATE_TEST_SUITE_P(Versions, LoginTwice,
                         ::testing::Values(mc::v1_8, mc::v1_19_4, mc::v1_20_2, mc::v1_21_4),
                         [](const auto& info) {
                           return "protocol_" + std::to_string(mc::number(info.param));
                         });

// The end of the one that was kicked must not make room for a third beside the second.
TEST(LoginTwiceInOrder, who_was_kicked_takes_nothing_of_the_newcomer_along) {
  Place place("client_only", "auth.duplicate_login = \"kick_old\"\n");
  auto first = place.join();
  auto second = place.join();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(kicked(first->client.link), elsewhere);
  first.reset();
  EXPECT_TRUE(place.door.rig.logged({"left", "logged_in_elsewhere"}));
  EXPECT_EQ(place.players(), 1U);
  const auto third = place.join();
  ASSERT_TRUE(third);
  EXPECT_EQ(kicked(second->client.link), elsewhere);
  EXPECT_TRUE(plays(*third));
}

TEST(LoginTwiceInOrder, refuse_new_keeps_the_first) {
  Place place("client_only", "auth.duplicate_login = \"refuse_new\"\n");
  auto first = place.join();
  ASSERT_TRUE(first);
  EXPECT_EQ(place.kick({}), here_already);
  EXPECT_TRUE(place.door.rig.logged({"duplicate_login", "Steve"}));
  EXPECT_TRUE(plays(*first));
  ASSERT_TRUE(place.join({.player = "Alex"}));
  first.reset();
  EXPECT_TRUE(eventually([&] { return place.players() == 0; }));
  EXPECT_TRUE(place.join());
}

// Decided only after authentication: a stranger who only has the name ends nobody's game.
TEST(LoginTwiceInOrder, a_name_alone_kicks_nobody) {
  Place place("client_only");
  const auto first = place.join();
  ASSERT_TRUE(first);
  LoginClient stranger(place.door.rig.endpoint(), {});  // claims name and UUID, has no account
  EXPECT_EQ(stranger.log_in().kicked, "Your account could not be verified.");
  EXPECT_TRUE(plays(*first));
}

// The same player twice at once: the first is still waiting for the backend.
TEST(LoginTwiceInOrder, a_login_under_way_is_replaced_too) {
  Place place("client_only");
  LoginClient first(place.door.rig.endpoint(), {.session = &place.session});
  ASSERT_TRUE(first.answer_encryption());
  LoginBackend waiting(place.door.backend.accept());
  const auto second = place.join();
  ASSERT_TRUE(second);
  EXPECT_EQ(first.log_in().kicked, elsewhere);
  EXPECT_TRUE(waiting.link.wire.ends());
  EXPECT_TRUE(plays(*second));
}

// A claimed UUID is nobody's identity, whatever mode it comes in by.
TEST(LoginTwiceInOrder, peers_fault_1_no_unauthenticated_kick) {
  SessionServer session;
  FakeServer open;
  FakeServer checked;
  ProxyRig rig({.global = session.config(),
                .servers = {{"open", server_file("open.example", open.address())},
                            {"named", server_file("named.example", open.address(),
                                                  "proxy_mode = \"offline\"")},
                            {"checked", server_file("checked.example", checked.address(),
                                                    "proxy_mode = \"client_only\"")}}});
  LoginClient player(rig.endpoint(), {.host = "checked.example", .session = &session});
  ASSERT_TRUE(player.answer_encryption());
  LoginBackend backend(checked.accept());
  std::thread letting_in([&] { backend.let_in(); });
  ASSERT_TRUE(player.log_in().in);
  letting_in.join();
  // Both claim Steve's name and true UUID.
  for (const char* host : {"open.example", "named.example"}) {
    LoginClient liar(rig.endpoint(), {.host = host});
    Wire arrived = open.accept();
    ASSERT_TRUE(arrived.open());
    liar.link.wire.close();
    EXPECT_TRUE(FakeServer::read_hello(arrived));
  }
  mc::CustomPayload hello;
  hello.channel = "test:x";
  ASSERT_TRUE(player.link.write(hello));
  EXPECT_TRUE(backend.link.expect<mc::CustomPayload>());
}

// --- Mode offline ---

TEST(LoginTwiceOffline, the_same_address_replaces_its_session) {
  Place place("offline");
  const auto first = place.join();
  ASSERT_TRUE(first);
  const auto second = place.join();
  ASSERT_TRUE(second);
  EXPECT_EQ(kicked(first->client.link), elsewhere);
  EXPECT_TRUE(plays(*second));
}

TEST(LoginTwiceOffline, another_address_is_refused) {
  Place place("offline");
  const auto first = place.join();
  ASSERT_TRUE(first);
  EXPECT_EQ(place.kick({.from = IpAddress::parse("127.0.0.5")}), here_already);
  EXPECT_TRUE(plays(*first));
}

// Whatever UUID a client claims for itself.
TEST(LoginTwiceOffline, a_claimed_uuid_makes_nobody_somebody_else) {
  Place place("offline", "auth.offline_uuid = \"client\"\n");
  const auto first = place.join({.player = "Steve"});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->backend.start.uuid, account_uuid("Steve"));
  EXPECT_EQ(place.kick({.from = IpAddress::parse("127.0.0.5")}), here_already);
}

// --- Set-ups end ---

// A player who plays holds no coroutine: otherwise waking up in batches would never begin.
TEST(LoginEnds, who_plays_is_not_being_set_up) {
  Place place("client_only");
  const auto player = place.join();
  ASSERT_TRUE(player && plays(*player));
  EXPECT_TRUE(eventually([&] { return place.door.rig.daemon().proxy().set_ups() == 0; }));
  EXPECT_TRUE(plays(*player));
}

}  // namespace
}  // namespace drawbridge::kit
