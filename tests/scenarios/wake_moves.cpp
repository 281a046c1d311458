// Players who play somewhere and want to go to a server that sleeps, or one behind limbo handlers:
// they are led past neither.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>

#include "kit/fake_server.hpp"
#include "kit/limbo_player.hpp"
#include "kit/shown_world.hpp"
#include "kit/sleepy_server.hpp"
#include "kit/station.hpp"
#include "kit/traveller.hpp"

namespace drawbridge::kit {
namespace {

using api::LimboOutcome;

// A hub in which a player stands, and a server "game" as the test describes it.
struct Hub {
  explicit Hub(const std::string& game, const std::string& global = {},
               const std::string& of_hub = {})
      : rig({.global = global + "permissions.player_commands = [\"server\"]\n",
             .servers = {
                 {"hub", server_file("hub.example", hub.address(),
                                     "proxy_mode = \"offline\"\nnetwork = \"main\"\n" + of_hub)},
                 {"game", game},
                 {"waiting",
                  "limbo = true\nnetwork = \"main\"\n"
                  "domains = [\"wait.example\"]\n"}}}) {}

  void enter(const std::string& who = "Steve") {
    login = std::make_unique<LoginClient>(
        rig.endpoint(), LoginClient::Settings{.host = "hub.example", .player = who});
    game = std::make_unique<TravellingClient>(login->link);
    std::thread serving([&] { appear(); });
    EXPECT_TRUE(login->log_in().in);
    EXPECT_TRUE(game->until_marked('j')) << game->kicked;
    serving.join();
  }
  // At the hub, in a world with this mark.
  void appear(Byte mark = 'j') {
    world = std::make_unique<ShownWorld>(hub.accept());
    EXPECT_TRUE(world->let_in() && world->configure() && world->show("hub", 7) &&
                world->mark(mark));
  }
  void wants_to_go() {
    ByteBuffer body;
    mc::Writer out(body, login->link.version);
    out.varint(*mc::id_map(login->link.version, mc::State::play, mc::Bound::server)
                    .id(mc::Kind::chat_command));
    out.string("drawbridge server game");
    ASSERT_TRUE(login->link.write_body(body));
    EXPECT_EQ(game->hears(), "on the way to game");
  }
  bool is_still_there() { return world->mark('s') && game->until_marked('s'); }
  std::shared_ptr<Station> add(const std::string& name, std::shared_ptr<Station> station) {
    rig.daemon().proxy().services().limbo_handlers.add(name, station);
    return station;
  }

  FakeServer hub;
  ProxyRig rig;
  std::unique_ptr<LoginClient> login;
  std::unique_ptr<TravellingClient> game;
  std::unique_ptr<ShownWorld> world;
};

constexpr std::string_view in_network = "proxy_mode = \"offline\"\nnetwork = \"main\"\n";

// The test's server turns whoever logs in away with "welcome NAME": it was asked when it was ready.
TEST(WakeMoves, who_plays_stays_where_it_is_until_the_server_is_ready) {
  const SleepyServer server({"--delay", "1"});
  Hub at(server.file({}, in_network));
  at.enter();
  at.wants_to_go();
  EXPECT_EQ(at.game->hears(), "game is starting; you go there when it is ready.");
  EXPECT_TRUE(at.is_still_there());
  EXPECT_EQ(at.game->hears(), "You cannot go to game: welcome Steve");
  EXPECT_EQ(server.starts(), 1U);
  EXPECT_EQ(at.game->screen.worlds, 1);
}

TEST(WakeMoves, who_plays_sees_the_limbo_where_that_is_wanted) {
  const SleepyServer server({"--delay", "1"});
  Hub at(server.file("while_starting = \"limbo\"\n", in_network));
  at.enter();
  at.wants_to_go();
  ASSERT_TRUE(at.game->until(mc::Kind::boss_bar)) << at.game->kicked;
  EXPECT_EQ(at.game->screen.worlds, 2);
  // It is turned away there, and comes back.
  std::thread serving([&] { at.appear('b'); });
  EXPECT_TRUE(at.game->until_marked('b')) << at.game->kicked;
  serving.join();
  const std::string why = at.game->hears();
  EXPECT_TRUE(why.contains("hub") && why.contains("welcome Steve")) << why;
  EXPECT_EQ(server.starts(), 1U);
}

TEST(WakeMoves, who_may_not_start_it_is_told_so_and_stays) {
  for (const std::string way : {"hold", "limbo"}) {
    const SleepyServer server;
    Hub at(server.file("while_starting = \"" + way + "\"\nwake_deny = [\"Steve\"]\n", in_network),
           "kick_messages.wake_denied = \"not you\"\n");
    at.enter();
    at.wants_to_go();
    EXPECT_EQ(at.game->hears(), "You cannot go to game: not you");
    EXPECT_TRUE(at.is_still_there());
    EXPECT_EQ(at.game->screen.worlds, 1) << "no trip to the limbo for a no";
    EXPECT_EQ(server.starts(), 0U);
  }
}

TEST(WakeMoves, nobody_waits_where_the_server_sends_away) {
  const SleepyServer server({"--delay", "1"});
  Hub at(server.file("while_starting = \"kick\"\n", in_network),
         "kick_messages.starting = \"later\"\n");
  at.enter();
  at.wants_to_go();
  EXPECT_EQ(at.game->hears(), "You cannot go to game: later");
  EXPECT_TRUE(at.is_still_there());
  EXPECT_TRUE(eventually([&] { return server.starts() == 1; }));
}

TEST(WakeMoves, a_start_that_fails_leads_back) {
  for (const std::string way : {"hold", "limbo"}) {
    const SleepyServer server({"--delay", "30"});
    Hub at(server.file("while_starting = \"" + way + "\"\nstart_timeout = \"1s\"\n", in_network),
           "kick_messages.start_failed = \"it broke\"\n");
    at.enter();
    at.wants_to_go();
    std::thread serving;
    if (way == "limbo") serving = std::thread([&] { at.appear('b'); });
    std::string words;
    while (!words.contains("it broke") && words != "(none)") words = at.game->hears();
    EXPECT_TRUE(words.contains("it broke")) << way << at.game->kicked;
    if (serving.joinable()) serving.join();
    EXPECT_TRUE(at.is_still_there());
  }
}

TEST(WakeMoves, who_waits_may_choose_another_server) {
  const SleepyServer server({"--delay", "30"});
  FakeServer other;
  Hub at(server.file({}, in_network));
  at.rig.write_server("other", server_file("other.example", other.address(), in_network));
  at.enter();
  at.wants_to_go();
  EXPECT_EQ(at.game->hears(), "game is starting; you go there when it is ready.");
  std::unique_ptr<ShownWorld> there;
  std::thread serving([&] {
    there = std::make_unique<ShownWorld>(other.accept());
    EXPECT_TRUE(there->let_in() && there->configure() && there->show("other", 9) &&
                there->mark('o'));
  });
  EXPECT_TRUE(at.rig.daemon().command("send Steve other").head.contains("on the way"));
  EXPECT_EQ(at.game->hears(), "You cannot go to game: another server was chosen");
  EXPECT_TRUE(at.game->until_marked('o')) << at.game->kicked;
  serving.join();
}

// Its own place is gone, but it is expected elsewhere.
TEST(WakeMoves, a_server_that_dies_meanwhile_ends_nothing) {
  const SleepyServer server({"--delay", "2"});
  Hub at(server.file({}, in_network));
  at.enter();
  at.wants_to_go();
  EXPECT_EQ(at.game->hears(), "game is starting; you go there when it is ready.");
  at.world.reset();
  EXPECT_TRUE(at.game->until(mc::Kind::kick_disconnect));
  EXPECT_TRUE(at.rig.logged({"not moved", "welcome Steve"}));
}

TEST(WakeMoves, of_who_stands_in_a_limbo_stay_there) {
  const SleepyServer server({"--delay", "1"});
  Hub at(server.file({}, in_network));
  LimboPlayer steve(at.rig.endpoint(), {.login = {.host = "wait.example"}});
  ASSERT_TRUE(steve.enter()) << steve.kicked;
  ASSERT_TRUE(steve.type("server game"));
  EXPECT_EQ(steve.hears(), "on the way to game");
  ASSERT_TRUE(steve.next(mc::Kind::boss_bar)) << "how far the start is";
  // The test's server turns it away.
  const std::string why = steve.hears();
  EXPECT_TRUE(why.contains("waiting") && why.contains("welcome Steve")) << why;
  EXPECT_EQ(server.starts(), 1U);
  ASSERT_TRUE(steve.type("drawbridge server"));
  EXPECT_EQ(steve.hears(), "you are on waiting");
}

TEST(WakeMoves, a_queue_behind_the_start_is_a_queue) {
  const SleepyServer server;
  Hub at(
      server.file({}, std::string(in_network) + "limbo_handlers = [\"server_wake\", \"gate\"]\n"));
  const auto gate = at.add("gate", Station::holding());
  at.enter();
  at.wants_to_go();
  ASSERT_TRUE(at.game->until(mc::Kind::player_info)) << at.game->kicked;
  EXPECT_TRUE(gate->has_seen("enter Steve"));
  EXPECT_EQ(server.starts(), 1U);
}

class WakeMovesHandlers : public testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& handlers) const {
    return server_file("play.example", game.address(),
                       std::string(in_network) + "limbo_handlers = " + handlers + "\n");
  }
  FakeServer game;
};

TEST_F(WakeMovesHandlers, are_asked_before_a_server_that_a_player_chooses) {
  Hub at(file("[\"gate\"]"));
  const auto gate = at.add("gate", Station::saying(LimboOutcome::deny("members only")));
  at.enter();
  at.wants_to_go();
  EXPECT_EQ(at.game->hears(), "You cannot go to game: members only");
  EXPECT_TRUE(at.is_still_there());
  EXPECT_TRUE(gate->has_seen("enter Steve"));
  EXPECT_FALSE(game.accept(milliseconds(20)).open());
}

TEST_F(WakeMovesHandlers, hold_players_of_other_servers_in_the_limbo) {
  Hub at(file("[\"gate\"]"));
  const auto gate = at.add("gate", Station::holding());
  at.enter();
  at.wants_to_go();
  std::thread serving;
  ASSERT_TRUE(at.game->until(mc::Kind::player_info)) << at.game->kicked;
  EXPECT_EQ(at.game->screen.worlds, 2);
  std::unique_ptr<ShownWorld> there;
  serving = std::thread([&] {
    there = std::make_unique<ShownWorld>(game.accept());
    EXPECT_TRUE(there->let_in() && there->configure() && there->show("game", 9) &&
                there->mark('g'));
  });
  gate->handle()->complete(LimboOutcome::accept());
  EXPECT_TRUE(at.game->until_marked('g')) << at.game->kicked;
  serving.join();
  EXPECT_TRUE(gate->has_seen("leave Steve released"));
  EXPECT_EQ(gate->seen().front(), "enter Steve");
  EXPECT_EQ(std::ranges::count(gate->seen(), "enter Steve"), 1) << "asked once";
}

// Who had a place is not put out of the game for wanting another.
TEST_F(WakeMovesHandlers, that_say_no_in_the_limbo_send_back) {
  Hub at(file("[\"gate\"]"));
  const auto gate = at.add("gate", Station::holding());
  at.enter();
  at.wants_to_go();
  ASSERT_TRUE(at.game->until(mc::Kind::player_info)) << at.game->kicked;
  std::thread serving([&] { at.appear('b'); });
  gate->handle()->complete(LimboOutcome::deny("the queue is closed"));
  EXPECT_TRUE(at.game->until_marked('b')) << at.game->kicked;
  serving.join();
  const std::string why = at.game->hears();
  EXPECT_TRUE(why.contains("the queue is closed")) << why;
}

TEST_F(WakeMovesHandlers, are_not_asked_again_where_a_player_goes_back) {
  Hub at(file("[\"gate\"]"), {}, "limbo_handlers = [\"hub_gate\"]\n");
  const auto gate = at.add("gate", Station::holding());
  const auto hub_gate = at.add("hub_gate", Station::saying(LimboOutcome::accept()));
  at.enter();
  at.wants_to_go();
  ASSERT_TRUE(at.game->until(mc::Kind::player_info)) << at.game->kicked;
  std::thread serving([&] { at.appear('b'); });
  gate->handle()->complete(LimboOutcome::deny("no"));
  EXPECT_TRUE(at.game->until_marked('b')) << at.game->kicked;
  serving.join();
  EXPECT_EQ(hub_gate->seen(), std::vector<std::string>{"enter Steve"});
}

TEST_F(WakeMovesHandlers, may_send_elsewhere_and_not_round_for_ever) {
  Hub at(file("[\"gate\"]"));
  at.add("gate", Station::saying(LimboOutcome::redirect("game")));
  at.enter();
  at.wants_to_go();
  EXPECT_EQ(at.game->hears(), "You cannot go to game: its limbo handlers send the player round");
  EXPECT_TRUE(at.is_still_there());
}

// A server with a check of its own is no way round that for the players of one that died.
TEST_F(WakeMovesHandlers, are_not_passed_by_a_fallback) {
  FakeServer weak;
  Hub at(file("[\"gate\"]"));
  at.add("gate", Station::holding());
  at.rig.write_server("weak", server_file("weak.example", weak.address(),
                                          std::string(in_network) + "fallback = [\"game\"]\n"));
  weak.close();
  LoginClient steve(at.rig.endpoint(), {.host = "weak.example"});
  const auto outcome = steve.log_in();
  EXPECT_FALSE(outcome.in);
  EXPECT_FALSE(game.accept(milliseconds(20)).open());
}

}  // namespace
}  // namespace drawbridge::kit
