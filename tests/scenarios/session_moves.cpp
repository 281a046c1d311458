// Players go from one server to another: on request, because theirs died, or kicked them as it
// stopped. Both servers and the client are the test's.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "kit/played.hpp"
#include "kit/shown_world.hpp"
#include "kit/traveller.hpp"

namespace drawbridge::kit {
namespace {

constexpr mc::Version versions[] = {mc::v1_7_6,  mc::v1_8,    mc::v1_12_2,
                                    mc::v1_16_4, mc::v1_19_4, mc::v1_21_4};

class Moves : public ::testing::TestWithParam<mc::Version> {
 protected:
  struct Settings {
    std::string fallback_of_one = {};
    std::string of_both = {};
    std::string global = {};
  };
  explicit Moves(const Settings& settings)
      : rig({.global = settings.global,
             .servers = {{"one", server_file("one.example", one.address(),
                                             "proxy_mode = \"offline\"\n" + settings.of_both +
                                                 settings.fallback_of_one)},
                         {"two", server_file("two.example", two.address(),
                                             "proxy_mode = \"offline\"\n" + settings.of_both)}}}) {}
  Moves() : Moves(Settings{}) {}

  struct Player {
    Player(const Endpoint& proxy, LoginClient::Settings settings)
        : login(proxy, std::move(settings)) {}
    LoginClient login;
    TravellingClient game{login.link};
  };
  // In the world of `server`, whose name is `name`.
  std::unique_ptr<Player> join(const std::string& host, FakeServer& server,
                               std::unique_ptr<ShownWorld>& world, const std::string& who = "Steve",
                               std::int32_t entity = 7) {
    auto player = std::make_unique<Player>(
        rig.endpoint(), LoginClient::Settings{.host = host, .player = who, .version = version()});
    std::thread serving([&] {
      world = std::make_unique<ShownWorld>(server.accept());
      EXPECT_TRUE(world->let_in());
    });
    const auto outcome = player->login.log_in();
    serving.join();
    EXPECT_TRUE(outcome.in) << outcome.kicked;
    introduce(*player);
    std::thread showing([&] { EXPECT_TRUE(appear(*world, host, entity)); });
    EXPECT_TRUE(player->game.until_marked('j'));
    showing.join();
    return player;
  }
  static bool appear(ShownWorld& world, const std::string& name, std::int32_t entity) {
    return world.configure() && world.show(name, entity) && world.mark('j');
  }
  // What a client says of itself.
  void introduce(Player& player) {
    if (version() < mc::v1_20_2) return;
    mc::CustomPayload brand;
    brand.channel = "minecraft:brand";
    brand.data = {7, 'v', 'a', 'n', 'i', 'l', 'l', 'a'};
    mc::Settings settings;
    settings.locale = "de_at";
    mc::CustomPayload channels;
    channels.channel = "minecraft:register";
    for (const char c : std::string("a:b") + '\0' + "c:d")
      channels.data.push_back(static_cast<Byte>(c));
    EXPECT_TRUE(player.login.link.write(brand));
    EXPECT_TRUE(player.login.link.write(settings));
    EXPECT_TRUE(player.login.link.write(channels));
  }
  // The player arrives at this server, however it came to go there.
  void arrives(Player& player, FakeServer& server, std::unique_ptr<ShownWorld>& world,
               const std::string& name, std::int32_t entity = 7) {
    std::thread serving([&] {
      world = std::make_unique<ShownWorld>(server.accept());
      EXPECT_TRUE(world->let_in());
      EXPECT_TRUE(appear(*world, name, entity));
    });
    EXPECT_TRUE(player.game.until_marked('j')) << player.game.kicked;
    serving.join();
  }
  std::string send(const std::string& to, const std::string& who = "Steve") {
    return rig.daemon().command("send " + who + " " + to).head;
  }
  [[nodiscard]] static mc::Version version() { return GetParam(); }

  FakeServer one, two;
  ProxyRig rig;
};

class SessionMoves : public Moves {};
INSTANTIATE_TEST_SUITE_P(Versions, SessionMoves, ::testing::ValuesIn(versions),
                         [](const auto& p) { return "v" + std::to_string(mc::number(p.param)); });

// Leftovers of the old world are what players complain about, and no program notices them.
TEST_P(SessionMoves, leave_the_screen_as_after_a_fresh_join) {
  std::unique_ptr<ShownWorld> there, here, fresh;
  const auto steve = join("one.example", one, here, "Steve", 3);
  const std::string answer = send("two");
  EXPECT_TRUE(answer.contains("on the way")) << answer;
  arrives(*steve, two, there, "two.example");
  const auto alex = join("two.example", two, fresh, "Alex");
  EXPECT_EQ(steve->game.screen, alex->game.screen);
  EXPECT_EQ(steve->game.screen.tab_list.size(), 1U);
  EXPECT_TRUE(rig.logged({"session", "moved", "Steve", "two"}));
}

TEST_P(SessionMoves, twice_and_both_directions_flow_at_each_server) {
  std::unique_ptr<ShownWorld> world, next;
  const auto steve = join("one.example", one, world);
  for (FakeServer* server : {&two, &one}) {
    send(server == &two ? "two" : "one");
    arrives(*steve, *server, next, "somewhere");
    // The old one has lost the player.
    while (world->link().read()) continue;
    world = std::move(next);
    ASSERT_TRUE(steve->login.link.write_body(marker('u')));
    for (;;) {
      const auto up = world->link().read();
      ASSERT_TRUE(up);
      if (up->id == 0x7F) break;
    }
    ASSERT_TRUE(world->mark('d'));
    EXPECT_TRUE(steve->game.until_marked('d'));
  }
}

// From 1.20.2 on a client says these only once; before, again after each login, but for channels.
TEST_P(SessionMoves, tell_the_next_server_what_the_client_said_once) {
  std::unique_ptr<ShownWorld> world, next;
  const auto steve = join("one.example", one, world);
  if (version() < mc::v1_20_2) return;
  send("two");
  arrives(*steve, two, next, "two.example");
  std::vector<std::string> channels;
  std::string locale;
  for (const auto& packet : next->said) {
    if (packet.kind == mc::Kind::custom_payload) {
      const auto payload = mc::decode<mc::CustomPayload>(packet.fields, version(), Fault::proxy);
      ASSERT_TRUE(payload);
      channels.push_back(payload->channel + " " +
                         std::string(payload->data.begin(), payload->data.end()));
    } else if (packet.kind == mc::Kind::settings) {
      locale = mc::decode<mc::Settings>(packet.fields, version(), Fault::proxy)->locale;
    }
  }
  EXPECT_EQ(locale, "de_at");
  const std::vector<std::string> wanted = {"minecraft:brand \x07vanilla",
                                           "minecraft:register a:b" + std::string(1, '\0') + "c:d"};
  EXPECT_EQ(channels, wanted);
}

// Wherever the next server stops, the player is somewhere: where it was, as long as it has not been
// taken out of that world, else there again.
TEST_P(SessionMoves, that_break_off_at_any_step_end_at_the_old_server) {
  const bool configures = version() >= mc::v1_20_2;
  const int steps = configures ? 7 : 4;
  for (int stops_after = 0; stops_after < steps; ++stops_after) {
    SCOPED_TRACE(stops_after);
    const std::string who = "Steve" + std::to_string(stops_after);
    std::unique_ptr<ShownWorld> world, again;
    const auto steve = join("one.example", one, world, who);
    send("two", who);
    // So many steps, and the player has left its world.
    const int left_from = configures ? 2 : 3;
    std::thread failing([&] {
      Wire connection = two.accept();
      if (stops_after == 0) return;
      ShownWorld failing(std::move(connection));
      PacketWire& link = failing.link();
      auto is_over = [&, step = 1]() mutable { return step++ >= stops_after; };
      if (threshold_of(version()) >= 0) {
        EXPECT_TRUE(link.write(mc::Compress{.threshold = 256}));
        link.threshold = {256};
      }
      if (is_over()) return;
      EXPECT_TRUE(
          link.write(mc::LoginSuccess{.uuid = offline_uuid(who), .player = who, .properties = {}}));
      if (is_over()) return;
      if (configures) {
        EXPECT_TRUE(link.expect<mc::LoginAcknowledged>());
        link.state = mc::State::configuration;
        if (is_over()) return;
        EXPECT_TRUE(link.write(mc::SelectKnownPacks{}));
        if (is_over()) return;
        EXPECT_TRUE(link.write(ShownWorld::registry()));
        if (is_over()) return;
        EXPECT_TRUE(link.write(mc::FinishConfiguration{}));
        return;
      }
      link.state = mc::State::play;
      EXPECT_TRUE(failing.show("two", 9));
    });
    if (stops_after < left_from) {
      failing.join();
      EXPECT_TRUE(rig.logged({"session", "not moved", who}));
      EXPECT_TRUE(world->mark('s'));
      EXPECT_TRUE(steve->game.until_marked('s')) << steve->game.kicked;
      continue;
    }
    std::thread serving([&] {
      again = std::make_unique<ShownWorld>(one.accept());
      EXPECT_TRUE(again->let_in());
      EXPECT_TRUE(appear(*again, "one.example", 7));
    });
    EXPECT_TRUE(steve->game.until_marked('j')) << steve->game.kicked;
    failing.join();
    serving.join();
    EXPECT_EQ(steve->game.screen.tab_list.size(), 1U);
  }
}

TEST_P(SessionMoves, to_nowhere_are_refused_with_a_reason) {
  std::unique_ptr<ShownWorld> world;
  const auto steve = join("one.example", one, world);
  EXPECT_TRUE(send("three").contains("there is no server"));
  EXPECT_TRUE(send("two", "Nobody").contains("not here"));
  send("one");
  EXPECT_TRUE(rig.logged({"not moved", "is there already"}));
  ASSERT_TRUE(world->mark('s'));
  EXPECT_TRUE(steve->game.until_marked('s'));
}

TEST_P(SessionMoves, of_all_players_leave_nobody_behind) {
  std::unique_ptr<ShownWorld> first, second, third, next;
  const auto steve = join("one.example", one, first);
  const auto alex = join("one.example", one, second, "Alex");
  const auto there = join("two.example", two, third, "Zoe");
  EXPECT_EQ(rig.daemon().command("send-all two --from three").head, "there is no server three");
  EXPECT_EQ(rig.daemon().command("send-all two --from two").head,
            "0 players are on the way to two");
  EXPECT_EQ(rig.daemon().command("send-all two").head, "2 players are on the way to two");
  std::vector<std::unique_ptr<ShownWorld>> worlds(2);
  std::thread serving([&] {
    for (auto& world : worlds) {
      world = std::make_unique<ShownWorld>(two.accept());
      EXPECT_TRUE(world->let_in());
      EXPECT_TRUE(appear(*world, "two.example", 7));
    }
  });
  // Of two who come at once either may be the first.
  std::thread other([&] { EXPECT_TRUE(alex->game.until_marked('j')) << alex->game.kicked; });
  EXPECT_TRUE(steve->game.until_marked('j')) << steve->game.kicked;
  other.join();
  serving.join();
  EXPECT_TRUE(rig.logged({"moved", "Steve", "two"}));
  EXPECT_TRUE(rig.logged({"moved", "Alex", "two"}));
}

class SessionMovesByPlayers : public Moves {
 protected:
  SessionMovesByPlayers()
      : Moves({.fallback_of_one = {},
               .of_both = "network = \"main\"\n",
               .global = "permissions.player_commands = [\"server\"]\n"}) {}
};
INSTANTIATE_TEST_SUITE_P(Versions, SessionMovesByPlayers,
                         ::testing::Values(mc::v1_8, mc::v1_12_2, mc::v1_21_4),
                         [](const auto& p) { return "v" + std::to_string(mc::number(p.param)); });

// The answer is given before it is known; what came of it is said, too.
TEST_P(SessionMovesByPlayers, that_fail_are_told) {
  std::unique_ptr<ShownWorld> world;
  const auto steve = join("one.example", one, world);
  two.close();
  const bool is_chat = version() < mc::v1_19;
  ByteBuffer body;
  mc::Writer out(body, version());
  out.varint(*mc::id_map(version(), mc::State::play, mc::Bound::server)
                  .id(is_chat ? mc::Kind::chat : mc::Kind::chat_command));
  out.string(is_chat ? "/drawbridge server two" : "drawbridge server two");
  ASSERT_TRUE(steve->login.link.write_body(body));
  EXPECT_EQ(steve->game.hears(), "on the way to two");
  const std::string why = steve->game.hears();
  EXPECT_EQ(why, "You cannot go to two: it cannot be reached");
  ASSERT_TRUE(world->mark('s'));
  EXPECT_TRUE(steve->game.until_marked('s'));
}

class SessionFallback : public Moves {
 protected:
  SessionFallback() : Moves({.fallback_of_one = "fallback = [\"two\"]\n"}) {}
};
INSTANTIATE_TEST_SUITE_P(Versions, SessionFallback, ::testing::ValuesIn(versions),
                         [](const auto& p) { return "v" + std::to_string(mc::number(p.param)); });

TEST_P(SessionFallback, takes_the_players_of_a_server_that_died) {
  std::unique_ptr<ShownWorld> world, next;
  const auto steve = join("one.example", one, world);
  world.reset();
  arrives(*steve, two, next, "two.example");
  EXPECT_TRUE(rig.logged({"session", "moved", "Steve", "two"}));
  EXPECT_EQ(steve->game.hears(), "one cannot be reached. You are on two now.");
}

TEST_P(SessionFallback, tells_who_logs_in_why_it_is_elsewhere) {
  one.close();
  std::unique_ptr<ShownWorld> world;
  const auto steve = join("one.example", two, world);
  EXPECT_EQ(steve->game.hears(), "one cannot be reached. You are on two now.");
}

TEST_P(SessionFallback, takes_the_players_whom_a_server_kicks_as_it_stops) {
  std::unique_ptr<ShownWorld> world, next;
  const auto steve = join("one.example", one, world);
  ASSERT_TRUE(world->kick("Server closed"));
  arrives(*steve, two, next, "two.example");
  EXPECT_EQ(steve->game.hears(), "one: Server closed. You are on two now.");
  EXPECT_TRUE(steve->game.kicked.empty());
}

class SessionFallbackOnWords : public Moves {
 protected:
  SessionFallbackOnWords()
      : Moves({.fallback_of_one = "fallback = [\"two\"]\n"
                                  "fallback_on_kick = [\"spawn*reset\"]\n"
                                  "kick_messages.moved = \"\"\n"}) {}
};
INSTANTIATE_TEST_SUITE_P(, SessionFallbackOnWords, ::testing::Values(mc::v1_21_4));

TEST_P(SessionFallbackOnWords, takes_players_whose_kick_has_them_and_no_others) {
  std::unique_ptr<ShownWorld> world, next;
  const auto steve = join("one.example", one, world);
  ASSERT_TRUE(world->kick("The Spawn area is being RESET"));
  arrives(*steve, two, next, "two.example");
  EXPECT_TRUE(rig.logged({"session", "moved", "Steve", "two"}));
  const auto alex = join("one.example", one, world, "Alex");
  ASSERT_TRUE(world->kick("Server closed"));
  EXPECT_FALSE(alex->game.until_marked('x'));
  EXPECT_EQ(alex->game.kicked, "Server closed");
}

// Somebody whom a server throws out goes, words and all.
TEST_P(SessionFallback, is_not_for_players_who_were_kicked) {
  std::unique_ptr<ShownWorld> world;
  const auto steve = join("one.example", one, world);
  ASSERT_TRUE(world->kick("No flying here"));
  EXPECT_FALSE(steve->game.until_marked('x'));
  EXPECT_EQ(steve->game.kicked, "No flying here");
}

// Whoever is thrown out while it is on the way elsewhere is out, and does not arrive there.
TEST_P(SessionFallback, is_not_for_players_who_were_kicked_on_their_way) {
  std::unique_ptr<ShownWorld> world;
  const auto steve = join("one.example", one, world);
  std::thread sending([&] { send("two"); });
  const Wire on_the_way = two.accept();  // which is not answered
  ASSERT_TRUE(world->kick("You are banned"));
  EXPECT_FALSE(steve->game.until_marked('x'));
  EXPECT_EQ(steve->game.kicked, "You are banned");
  sending.join();
}

TEST_P(SessionFallback, that_is_not_there_ends_with_words) {
  std::unique_ptr<ShownWorld> world;
  const auto steve = join("one.example", one, world);
  two.close();
  world.reset();
  EXPECT_FALSE(steve->game.until_marked('x'));
  EXPECT_TRUE(steve->game.kicked.contains("unreachable")) << steve->game.kicked;
}

// A description that goes takes its players along, though the server itself may run on.
TEST_P(SessionFallback, takes_the_players_of_a_server_that_is_no_longer_described) {
  std::unique_ptr<ShownWorld> world, next;
  const auto steve = join("one.example", one, world);
  rig.remove_server("one");
  arrives(*steve, two, next, "two.example");
  EXPECT_EQ(steve->game.hears(), "one is not there any more. You are on two now.");
}

// Far more players than may be under way at once.
TEST_P(SessionFallback, lands_everybody_of_a_server_that_died) {
  if (version() != mc::v1_21_4 && version() != mc::v1_12_2) return;
  constexpr int players = 40;
  std::vector<std::unique_ptr<ShownWorld>> worlds(players);
  std::vector<std::unique_ptr<Player>> all;
  for (int i = 0; i < players; ++i)
    all.push_back(join("one.example", one, worlds[static_cast<std::size_t>(i)],
                       "Player" + std::to_string(i)));
  std::vector<std::thread> serving;
  serving.reserve(players);
  std::thread accepting([&] {
    for (int i = 0; i < players; ++i)
      serving.emplace_back([connection = two.accept()]() mutable {
        ShownWorld world(std::move(connection));
        EXPECT_TRUE(world.let_in());
        EXPECT_TRUE(appear(world, "two.example", 7));
        while (world.link().read()) continue;
      });
  });
  one.close();
  worlds.clear();
  std::vector<std::thread> arriving;
  arriving.reserve(players);
  for (const auto& player : all)
    arriving.emplace_back([&game = player->game] { EXPECT_TRUE(game.until_marked('j')); });
  for (std::thread& one_of_them : arriving) one_of_them.join();
  accepting.join();
  all.clear();
  for (std::thread& one_of_them : serving) one_of_them.join();
}

// More than may be under way at once, to a server that lets nobody in; then all go.
TEST_P(SessionFallback, survives_players_who_leave_while_they_wait_for_their_turn) {
  if (version() != mc::v1_21_4) return;
  constexpr int players = 40;
  std::vector<std::unique_ptr<ShownWorld>> worlds(players);
  std::vector<std::unique_ptr<Player>> all;
  for (int i = 0; i < players; ++i)
    all.push_back(join("one.example", one, worlds[static_cast<std::size_t>(i)],
                       "Player" + std::to_string(i)));
  worlds.clear();
  const Wire on_the_way = two.accept();
  rig.daemon().settle();
  all.clear();
  std::unique_ptr<ShownWorld> world;
  join("one.example", one, world, "Late");
}

}  // namespace
}  // namespace drawbridge::kit
