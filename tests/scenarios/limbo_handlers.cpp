// Limbo handlers: stations before a server that accept a player, send it off, send it elsewhere, or
// let it wait in the limbo.
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "kit/fake_server.hpp"
#include "kit/limbo_player.hpp"
#include "kit/proxy_rig.hpp"
#include "kit/station.hpp"

namespace drawbridge::kit {
namespace {

using api::LimboOutcome;

// A server behind these handlers, and another one.
struct Stations {
  explicit Stations(const std::string& handlers, const std::string& more = {},
                    const std::string& global = {})
      : rig({.global = global + "[limbo]\nchat = \"in the limbo\"\n",
             .servers = {{"game", file("play.example", game, handlers, more)},
                         {"other", file("other.example", other, "[]", "")}}}) {}

  static std::string file(const std::string& domain, const FakeServer& server,
                          const std::string& handlers, const std::string& more) {
    return "domains = [\"" + domain + "\"]\naddresses = [\"" + server.address() +
           "\"]\nproxy_mode = \"offline\"\nlimbo_handlers = " + handlers + "\n" + more;
  }
  std::shared_ptr<Station> add(const std::string& name, std::shared_ptr<Station> station) {
    rig.daemon().proxy().services().limbo_handlers.add(name, station);
    return station;
  }
  [[nodiscard]] LimboPlayer player(mc::Version version = mc::v1_21_4) {
    return {rig.endpoint(), {.login = {.version = version}}};
  }

  FakeServer game, other;
  ProxyRig rig;
};

// The words that end it, in the world.
std::string last_words(LimboPlayer& player) {
  const auto kick = player.next(mc::Kind::kick_disconnect);
  return kick ? player.words_of(kick->fields, 0) : "(none)";
}

TEST(LimboHandlers, nobody_sees_the_limbo_where_all_accept) {
  Stations at("[\"first\", \"second\"]");
  const auto first = at.add("first", Station::saying(LimboOutcome::accept()));
  const auto second = at.add("second", Station::saying(LimboOutcome::accept()));
  std::optional<LoginBackend> backend;  // stays for as long as the test
  std::thread serving([&] {
    backend.emplace(at.game.accept());
    EXPECT_TRUE(backend->let_in());
  });
  LimboPlayer steve = at.player();
  EXPECT_TRUE(steve.client.log_in().in);
  serving.join();
  EXPECT_EQ(first->seen(), std::vector<std::string>{"enter Steve"});
  EXPECT_EQ(second->seen(), std::vector<std::string>{"enter Steve"});
  EXPECT_TRUE(first->handle()->cancelled());
}

TEST(LimboHandlers, one_can_refuse_a_player_before_anything_was_shown) {
  Stations at("[\"first\", \"second\"]");
  at.add("first", Station::saying(LimboOutcome::deny("not today")));
  const auto second = at.add("second", Station::saying(LimboOutcome::accept()));
  LimboPlayer steve = at.player();
  EXPECT_FALSE(steve.enter());
  EXPECT_NE(steve.kicked.find("not today"), std::string::npos) << steve.kicked;
  EXPECT_TRUE(second->seen().empty());
}

TEST(LimboHandlers, one_can_send_a_player_to_another_server) {
  Stations at("[\"first\"]");
  at.add("first", Station::saying(LimboOutcome::redirect("other")));
  std::optional<LoginBackend> backend;  // stays for as long as the test
  std::thread serving([&] {
    backend.emplace(at.other.accept());
    EXPECT_TRUE(backend->let_in());
  });
  LimboPlayer steve = at.player();
  EXPECT_TRUE(steve.client.log_in().in);
  serving.join();
}

TEST(LimboHandlers, nobody_passes_a_handler_that_is_not_there) {
  Stations at("[\"nobody\"]");
  LimboPlayer steve = at.player();
  EXPECT_FALSE(steve.enter());
  EXPECT_NE(steve.kicked.find("no place to wait"), std::string::npos) << steve.kicked;
  EXPECT_TRUE(at.rig.logged({"limbo_unavailable", "nobody"}));
}

TEST(LimboHandlers, who_is_held_waits_in_the_limbo_and_hears_what_was_said_at_the_door) {
  for (const mc::Version version : {mc::v1_8, mc::v1_18, mc::v1_20_2, mc::v26_1}) {
    Stations at("[\"first\"]");
    const auto first = at.add("first", std::make_shared<Station>([](api::LimboGuest& guest) {
                                guest.tell("hold on, " + guest.player().name);
                                return LimboOutcome::hold();
                              }));
    LimboPlayer steve = at.player(version);
    ASSERT_TRUE(steve.enter()) << steve.kicked;
    EXPECT_EQ(steve.hears(), "in the limbo");
    EXPECT_EQ(steve.hears(), "hold on, Steve");
    first->handle()->tell("still there?");
    EXPECT_EQ(steve.hears(), "still there?");
    ASSERT_TRUE(steve.type("queue leave"));
    EXPECT_EQ(steve.hears(), "ran queue leave");
    EXPECT_TRUE(first->has_seen("command queue leave"));
    EXPECT_FALSE(first->handle()->cancelled());
  }
}

// A login plugin's /drawbridge must not be the way round it.
TEST(LimboHandlers, our_commands_are_the_handlers_until_it_allows_them) {
  for (const mc::Version version : {mc::v1_12_2, mc::v1_21_4}) {
    Stations at("[\"first\"]", {}, "permissions.player_commands = [\"*\"]\n");
    const auto first = at.add("first", Station::holding());
    LimboPlayer steve = at.player(version);
    ASSERT_TRUE(steve.enter());
    EXPECT_EQ(steve.hears(), "in the limbo");
    ASSERT_TRUE(steve.type("drawbridge server other"));
    EXPECT_EQ(steve.hears(), "ran drawbridge server other");
    ASSERT_TRUE(steve.type("server other"));
    EXPECT_EQ(steve.hears(), "ran server other");
  }
}

TEST(LimboHandlers, chat_goes_to_the_handler) {
  for (const mc::Version version : {mc::v1_18, mc::v1_21_4}) {
    Stations at("[\"first\"]");
    const auto first = at.add("first", Station::holding());
    LimboPlayer steve = at.player(version);
    ASSERT_TRUE(steve.enter());
    ASSERT_TRUE(steve.say("hello there"));
    EXPECT_TRUE(first->has_seen("chat hello there"));
  }
}

TEST(LimboHandlers, a_hold_is_ended_from_another_thread) {
  Stations at("[\"first\", \"second\", \"third\"]");
  const auto first = at.add("first", Station::holding());
  const auto second = at.add("second", Station::saying(LimboOutcome::accept()));
  const auto third = at.add("third", Station::holding());
  LimboPlayer steve = at.player();
  ASSERT_TRUE(steve.enter());
  const api::LimboHandlePtr at_first = first->handle();
  std::thread([&] { at_first->complete(LimboOutcome::accept()); }).join();
  EXPECT_TRUE(third->has_seen("enter Steve"));
  EXPECT_TRUE(first->has_seen("leave Steve released"));
  EXPECT_EQ(second->seen(), std::vector<std::string>{"enter Steve"});
  EXPECT_TRUE(at_first->cancelled());
  // Stale: it says nothing any more, and decides nothing.
  at_first->tell("a ghost");
  at_first->complete(LimboOutcome::deny("a ghost"));
  third->handle()->complete(LimboOutcome::deny("thrown out"));
  EXPECT_EQ(steve.hears(), "in the limbo");
  EXPECT_EQ(last_words(steve), "thrown out");
  EXPECT_TRUE(third->has_seen("leave Steve kicked"));
  EXPECT_TRUE(eventually([&] { return third->handle()->cancelled(); }));
}

TEST(LimboHandlers, an_outcome_may_come_before_the_player_stands_in_the_world) {
  Stations at("[\"first\"]");
  at.add("first", std::make_shared<Station>([](api::LimboGuest& guest) {
           std::thread([handle = guest.handle()] {
             handle->complete(LimboOutcome::deny("too late"));
             handle->complete(LimboOutcome::deny("the second one does not count"));
           }).join();
           return LimboOutcome::hold();
         }));
  LimboPlayer steve = at.player();
  ASSERT_TRUE(steve.enter());
  EXPECT_EQ(last_words(steve), "too late");
}

TEST(LimboHandlers, a_hold_may_have_an_end) {
  Stations at("[\"first\"]");
  const auto first = at.add(
      "first", Station::saying(LimboOutcome::hold_for(seconds(1), LimboOutcome::deny("time up"))));
  LimboPlayer steve = at.player();
  ASSERT_TRUE(steve.enter());
  EXPECT_EQ(last_words(steve), "time up");
  EXPECT_TRUE(first->has_seen("leave Steve timed out"));
}

TEST(LimboHandlers, a_chain_may_be_replaced_and_not_for_ever) {
  Stations at("[\"first\"]");
  at.add("first", Station::saying(LimboOutcome::chain({"other", "round"})));
  const auto other = at.add("other", Station::saying(LimboOutcome::accept()));
  at.add("round", Station::saying(LimboOutcome::chain({"round"})));
  LimboPlayer steve = at.player();
  EXPECT_FALSE(steve.enter());
  EXPECT_EQ(other->seen(), std::vector<std::string>{"enter Steve"});
  EXPECT_TRUE(at.rig.logged({"limbo_unavailable", "without an end"}));
}

TEST(LimboHandlers, a_handler_hears_that_a_player_left) {
  Stations at("[\"first\"]");
  const auto first = at.add("first", Station::holding());
  LimboPlayer steve = at.player();
  ASSERT_TRUE(steve.enter());
  steve.link().wire.close();
  EXPECT_TRUE(first->has_seen("leave Steve disconnected"));
  EXPECT_TRUE(first->handle()->cancelled());
  first->handle()->complete(LimboOutcome::accept());
}

TEST(LimboHandlers, a_handler_hears_that_the_proxy_stops) {
  Stations at("[\"first\"]");
  const auto first = at.add("first", Station::holding());
  LimboPlayer steve = at.player();
  ASSERT_TRUE(steve.enter());
  at.rig.restart();
  EXPECT_TRUE(first->has_seen("leave Steve shutdown"));
}

TEST(LimboHandlers, a_limbo_of_its_own_is_where_accepted_players_stay) {
  ProxyRig rig({.global = {},
                .servers = {{"waiting",
                             "limbo = true\ndomains = [\"play.example\"]\n"
                             "limbo_handlers = [\"first\"]\n"}}});
  const auto first = Station::holding();
  rig.daemon().proxy().services().limbo_handlers.add("first", first);
  LimboPlayer steve(rig.endpoint(), {});
  ASSERT_TRUE(steve.enter());
  first->handle()->complete(LimboOutcome::accept());
  EXPECT_TRUE(first->has_seen("leave Steve released"));
  ASSERT_TRUE(steve.type("x"));
  EXPECT_EQ(steve.hears(), "There are no commands here.");
}

TEST(LimboHandlers, forge_clients_that_negotiate_in_login_are_not_held) {
  Stations at("[\"first\"]");
  at.add("first", Station::holding());
  LimboPlayer::Settings settings{.login = {.version = mc::v1_16_4}};
  settings.login.host = std::string("play.example\0FML2\0", 18);
  LimboPlayer steve(at.rig.endpoint(), settings);
  EXPECT_FALSE(steve.enter());
  EXPECT_NE(steve.kicked.find("no place to wait"), std::string::npos) << steve.kicked;
}

TEST(LimboHandlers, who_is_accepted_later_goes_on_to_the_server) {
  Stations at("[\"first\"]");
  const auto first = at.add("first", Station::holding());
  LimboPlayer steve = at.player();
  ASSERT_TRUE(steve.enter());
  std::optional<LoginBackend> backend;  // stays for as long as the test
  std::thread serving([&] {
    backend.emplace(at.game.accept());
    EXPECT_TRUE(backend->let_in(256));
  });
  first->handle()->complete(LimboOutcome::accept());
  EXPECT_TRUE(steve.next(mc::Kind::start_configuration));
  EXPECT_TRUE(steve.link().write(mc::ConfigurationAcknowledged{}));
  serving.join();
  EXPECT_TRUE(at.rig.logged({"session", "moved"}));
  EXPECT_TRUE(first->has_seen("leave Steve released"));
}

TEST(LimboHandlers, who_is_redirected_later_goes_to_the_other_server) {
  Stations at("[\"first\"]");
  const auto first = at.add("first", Station::holding());
  LimboPlayer steve = at.player(mc::v1_20_3);
  ASSERT_TRUE(steve.enter());
  std::optional<LoginBackend> backend;  // stays for as long as the test
  std::thread serving([&] {
    backend.emplace(at.other.accept());
    EXPECT_TRUE(backend->let_in(256));
  });
  first->handle()->complete(LimboOutcome::redirect("other"));
  EXPECT_TRUE(steve.next(mc::Kind::start_configuration));
  EXPECT_TRUE(steve.link().write(mc::ConfigurationAcknowledged{}));
  serving.join();
  EXPECT_TRUE(first->has_seen("leave Steve redirected"));
}

TEST(LimboHandlers, a_server_that_does_not_take_the_player_is_told_of) {
  Stations at("[\"first\"]");
  const auto first = at.add("first", Station::holding());
  LimboPlayer steve = at.player();
  ASSERT_TRUE(steve.enter());
  at.game.close();
  first->handle()->complete(LimboOutcome::accept());
  EXPECT_NE(last_words(steve), "(none)");
  EXPECT_TRUE(at.rig.logged({"left", "denied in the limbo"}));
}

}  // namespace
}  // namespace drawbridge::kit
