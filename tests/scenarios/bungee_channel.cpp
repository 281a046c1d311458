// The BungeeCord channel: servers ask the proxy, as plugins for Bukkit do, and clients never can.
// Servers and clients are the test's; what a server says is written by hand as Java would write it.
#include "mc/bungee_channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "kit/played.hpp"
#include "kit/shown_world.hpp"
#include "kit/traveller.hpp"

namespace drawbridge::kit {
namespace {

constexpr mc::Version versions[] = {mc::v1_7_6, mc::v1_8, mc::v1_12_2, mc::v1_16_4, mc::v1_21_4};
constexpr std::string_view everything = R"(
[plugin_messaging]
bungeecord = true
[plugin_messaging.bungeecord_permissions]
connect_other = true
message = true
message_raw = true
kick_player = true
kick_player_raw = true
)";
constexpr std::string_view defaults = "[plugin_messaging]\nbungeecord = true\n";

// writeUTF() of each.
std::string utf(const std::vector<std::string_view>& texts) {
  std::string out;
  for (const std::string_view text : texts) {
    out.push_back(static_cast<char>(text.size() >> 8));
    out.push_back(static_cast<char>(text.size() & 0xFF));
    out += text;
  }
  return out;
}
std::string number(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  return out;
}

class Channel : public ::testing::TestWithParam<mc::Version> {
 protected:
  // Three servers; "far" is in another network than the others.
  explicit Channel(std::string_view global, bool on = true)
      : rig({.global = std::string(global),
             .servers = {{"one", file("one", one, "net", on)},
                         {"two", file("two", two, "net", on)},
                         {"far", file("far", far, "elsewhere", on)}}}) {}
  Channel() : Channel(everything) {}

  static std::string file(const std::string& name, const FakeServer& server,
                          const std::string& network, bool on) {
    return server_file(name + ".example", server.address(),
                       "proxy_mode = \"offline\"\nnetwork = \"" + network +
                           "\"\nbungeecord_channel = " + (on ? "true\n" : "false\n"));
  }
  struct Player {
    Player(const Endpoint& proxy, LoginClient::Settings settings)
        : login(proxy, std::move(settings)) {}
    LoginClient login;
    TravellingClient game{login.link};
    std::unique_ptr<ShownWorld> world;

    // The server says this; what it is told next on the channel.
    void ask(const std::string& message, std::string_view channel = {}) {
      mc::CustomPayload packet;
      packet.channel = channel.empty() ? mc::bungee_channel(world->version()) : channel;
      packet.data.assign(message.begin(), message.end());
      EXPECT_TRUE(world->link().write(packet));
    }
    std::string hears(std::string_view channel = {}) {
      const std::string wanted(channel.empty() ? mc::bungee_channel(world->version()) : channel);
      while (const auto packet = world->link().read()) {
        if (packet->kind != mc::Kind::custom_payload) continue;
        const auto payload =
            mc::decode<mc::CustomPayload>(packet->fields, world->version(), Fault::proxy);
        if (payload && payload->channel == wanted)
          return {payload->data.begin(), payload->data.end()};
      }
      return "nothing";
    }
    std::string answer(const std::string& message) {
      ask(message);
      return hears();
    }
  };
  using PlayerPtr = std::unique_ptr<Player>;

  PlayerPtr join(const std::string& host, FakeServer& server, const std::string& who) {
    auto player = std::make_unique<Player>(
        rig.endpoint(),
        LoginClient::Settings{.host = host + ".example", .player = who, .version = GetParam()});
    std::thread serving([&] {
      player->world = std::make_unique<ShownWorld>(server.accept());
      EXPECT_TRUE(player->world->let_in());
    });
    const auto outcome = player->login.log_in();
    serving.join();
    EXPECT_TRUE(outcome.in) << outcome.kicked;
    std::thread showing([&] { EXPECT_TRUE(appear(*player->world, host)); });
    EXPECT_TRUE(player->game.until_marked('j'));
    showing.join();
    return player;
  }
  static bool appear(ShownWorld& world, const std::string& name) {
    return world.configure() && world.show(name, 7) && world.mark('j');
  }
  // The player arrives there, however it came to go.
  static void arrives(Player& player, FakeServer& server, const std::string& name) {
    std::unique_ptr<ShownWorld> world;
    std::thread serving([&] {
      world = std::make_unique<ShownWorld>(server.accept());
      EXPECT_TRUE(world->let_in());
      EXPECT_TRUE(appear(*world, name));
    });
    EXPECT_TRUE(player.game.until_marked('j')) << player.game.kicked;
    serving.join();
    player.world = std::move(world);
  }
  static std::string_view registration() {
    return GetParam() >= mc::v1_13 ? "minecraft:register" : "REGISTER";
  }
  // The next line of chat.
  static std::string line(Player& player) {
    const bool is_system = GetParam() >= mc::v1_19;
    const auto packet = player.game.until(is_system ? mc::Kind::system_chat : mc::Kind::chat);
    if (!packet) return "nothing";
    std::optional<mc::WireText> words;
    if (is_system) {
      if (auto read = mc::decode<mc::SystemChat>(packet->fields, GetParam(), Fault::proxy))
        words = std::move(read->content);
    } else if (auto read = mc::decode<mc::Chat>(packet->fields, GetParam(), Fault::proxy)) {
      words = std::move(read->message);
    }
    const auto text = words ? mc::read_wire_text(*words, GetParam(), Fault::proxy)
                            : Result<mc::Text>(mc::Text::legacy("not readable"));
    return text ? mc::to_plain(*text) : "not readable";
  }

  FakeServer one, two, far;
  ProxyRig rig;
};
std::string version_name(const ::testing::TestParamInfo<mc::Version>& p) {
  return "v" + std::to_string(mc::number(p.param));
}

class BungeeChannel : public Channel {};
INSTANTIATE_TEST_SUITE_P(Versions, BungeeChannel, ::testing::ValuesIn(versions), version_name);

// Bukkit's API sends nothing to a player who does not listen.
TEST_P(BungeeChannel, is_announced_to_each_server_when_the_player_is_in_its_world) {
  const auto steve = join("one", one, "Steve");
  EXPECT_EQ(steve->hears(registration()), mc::bungee_channel(GetParam()));
  steve->ask(utf({"Connect", "two"}));
  arrives(*steve, two, "two");
  EXPECT_EQ(steve->hears(registration()), mc::bungee_channel(GetParam()));
}

TEST_P(BungeeChannel, tells_of_the_player_and_of_servers) {
  const auto steve = join("one", one, "Steve");
  EXPECT_EQ(steve->answer(utf({"GetServer"})), utf({"GetServer", "one"}));
  EXPECT_EQ(steve->answer(utf({"GetServers"})), utf({"GetServers", "one, two"}));
  EXPECT_EQ(steve->answer(utf({"UUID"})), utf({"UUID", offline_uuid("Steve").undashed()}));
  const std::string ip = steve->answer(utf({"IP"}));
  EXPECT_EQ(ip.substr(0, ip.size() - 4), utf({"IP", "127.0.0.1"}));
  EXPECT_EQ(ip.substr(ip.size() - 4, 2), std::string(2, '\0'));
  EXPECT_EQ(steve->answer(utf({"ServerIP", "two"})),
            utf({"ServerIP", "two", "127.0.0.1"}) +
                number(static_cast<std::uint32_t>(
                           std::stoul(two.address().substr(two.address().rfind(':') + 1))),
                       2));
}

TEST_P(BungeeChannel, tells_of_the_others) {
  const auto steve = join("one", one, "Steve");
  const auto alex = join("two", two, "Alex");
  const auto carl = join("far", far, "Carl");
  EXPECT_EQ(steve->answer(utf({"PlayerCount", "ALL"})), utf({"PlayerCount", "ALL"}) + number(2, 4));
  EXPECT_EQ(steve->answer(utf({"PlayerCount", "two"})), utf({"PlayerCount", "two"}) + number(1, 4));
  EXPECT_EQ(steve->answer(utf({"PlayerList", "ALL"})), utf({"PlayerList", "ALL", "Alex, Steve"}));
  EXPECT_EQ(steve->answer(utf({"PlayerList", "one"})), utf({"PlayerList", "one", "Steve"}));
  EXPECT_EQ(steve->answer(utf({"GetPlayerServer", "alex"})),
            utf({"GetPlayerServer", "Alex", "two"}));
  EXPECT_EQ(steve->answer(utf({"UUIDOther", "Alex"})),
            utf({"UUIDOther", "Alex", offline_uuid("Alex").undashed()}));
  const std::string ip = steve->answer(utf({"IPOther", "Alex"}));
  EXPECT_EQ(ip.substr(0, ip.size() - 4), utf({"IPOther", "Alex", "127.0.0.1"}));
}

TEST_P(BungeeChannel, shows_nothing_of_other_networks) {
  const auto steve = join("one", one, "Steve");
  const auto carl = join("far", far, "Carl");
  EXPECT_EQ(steve->answer(utf({"GetPlayerServer", "Carl"})), utf({"GetPlayerServer", "Carl", ""}));
  // Answered by nothing, or done to nobody: what comes next is the answer to the next.
  for (const std::string& asked :
       {utf({"PlayerCount", "far"}), utf({"PlayerList", "far"}), utf({"UUIDOther", "Carl"}),
        utf({"IPOther", "Carl"}), utf({"ServerIP", "far"}), utf({"Connect", "far"}),
        utf({"ConnectOther", "Carl", "one"}), utf({"KickPlayer", "Carl", "bye"}),
        utf({"Message", "ALL", "not for Carl"}), utf({"Forward", "far", "mine"}) + number(0, 2),
        utf({"ForwardToPlayer", "Carl", "mine"}) + number(0, 2)}) {
    steve->ask(asked);
    EXPECT_EQ(steve->answer(utf({"PlayerCount", "ALL"})),
              utf({"PlayerCount", "ALL"}) + number(1, 4));
  }
  EXPECT_EQ(carl->answer(utf({"GetServer"})), utf({"GetServer", "far"}));
  ASSERT_TRUE(carl->world->mark('e'));
  EXPECT_TRUE(carl->game.until_marked('e')) << carl->game.kicked;
  EXPECT_EQ(std::ranges::count(carl->game.seen,
                               GetParam() >= mc::v1_19 ? mc::Kind::system_chat : mc::Kind::chat),
            0);
}

TEST_P(BungeeChannel, moves_the_player_and_others) {
  const auto steve = join("one", one, "Steve");
  const auto alex = join("one", one, "Alex");
  steve->ask(utf({"Connect", "two"}));
  arrives(*steve, two, "two");
  steve->ask(utf({"ConnectOther", "Alex", "two"}));
  arrives(*alex, two, "two");
  EXPECT_EQ(alex->answer(utf({"PlayerList", "two"})), utf({"PlayerList", "two", "Alex, Steve"}));
}

TEST_P(BungeeChannel, tells_players_something_and_kicks_them) {
  const auto steve = join("one", one, "Steve");
  const auto alex = join("two", two, "Alex");
  steve->ask(utf({"Message", "Alex",
                  "\xC2\xA7"
                  "chello"}));
  EXPECT_EQ(line(*alex), "hello");
  steve->ask(utf({"MessageRaw", "ALL", R"({"text":"all of ","extra":[{"text":"you"}]})"}));
  EXPECT_EQ(line(*alex), "all of you");
  EXPECT_EQ(line(*steve), "all of you");
  steve->ask(utf({"MessageRaw", "ALL", "{"}));
  steve->ask(utf({"KickPlayer", "Alex", "enough"}));
  EXPECT_FALSE(alex->game.until_marked('e'));
  EXPECT_EQ(alex->game.kicked, "enough");
  steve->ask(utf({"KickPlayerRaw", "Steve", R"({"text":"you too"})"}));
  EXPECT_FALSE(steve->game.until_marked('e'));
  EXPECT_EQ(steve->game.kicked, "you too");
  EXPECT_TRUE(rig.logged({"left", "Alex", "kicked by the server one"}));
}

TEST_P(BungeeChannel, hands_data_on_to_other_servers) {
  const auto steve = join("one", one, "Steve");
  const auto alex = join("two", two, "Alex");
  const std::string data = utf({"mine"}) + number(5, 2) +
                           std::string(
                               "a\0b\xFF"
                               "c",
                               5);
  for (const std::string_view to : {"ALL", "ONLINE", "two"}) {
    steve->ask(utf({"Forward", to}) + data);
    EXPECT_EQ(alex->hears(), data) << to;
  }
  steve->ask(utf({"ForwardToPlayer", "alex"}) + data);
  EXPECT_EQ(alex->hears(), data);
  // A large one, which a server compresses.
  const std::string large = utf({"mine"}) + number(30'000, 2) + std::string(30'000, 'x');
  steve->ask(utf({"Forward", "ALL"}) + large);
  EXPECT_EQ(alex->hears(), large);
  // Its own server only by name.
  steve->ask(utf({"Forward", "one"}) + data);
  EXPECT_EQ(steve->hears(), data);
}

TEST_P(BungeeChannel, survives_what_is_no_request) {
  const auto steve = join("one", one, "Steve");
  for (const std::string& bad : {utf({"Connect"}), utf({"Message", "ALL"}) + "\xFF\xFF",
                                 utf({"Forward", "ALL", "mine"}) + number(9, 2) + "short",
                                 utf({"Connect", ""}), utf({"Connect", std::string(9'000, 'x')})})
    steve->ask(bad);
  EXPECT_EQ(steve->answer(utf({"GetServer"})), utf({"GetServer", "one"}));
  EXPECT_TRUE(rig.logged({"not understood", "server=one"}));
}

// A mod may speak the same channel with its own server, by other words.
TEST_P(BungeeChannel, leaves_unknown_subchannels_to_the_client) {
  const auto steve = join("one", one, "Steve");
  for (const std::string& other : {utf({"Mine", "x"}), std::string("y"), std::string()}) {
    steve->ask(other);
    const auto packet = steve->game.until(mc::Kind::custom_payload);
    ASSERT_TRUE(packet);
    const auto payload = mc::decode<mc::CustomPayload>(packet->fields, GetParam(), Fault::proxy);
    ASSERT_TRUE(payload);
    EXPECT_EQ(std::string(payload->data.begin(), payload->data.end()), other);
  }
}

class BungeeChannelDefaults : public Channel {
 protected:
  BungeeChannelDefaults() : Channel(defaults) {}
};
INSTANTIATE_TEST_SUITE_P(Versions, BungeeChannelDefaults, ::testing::Values(mc::v1_21_4),
                         version_name);

TEST_P(BungeeChannelDefaults, let_no_server_touch_other_players) {
  const auto steve = join("one", one, "Steve");
  const auto alex = join("one", one, "Alex");
  for (const std::string& asked :
       {utf({"ConnectOther", "Alex", "two"}), utf({"Message", "ALL", "x"}),
        utf({"MessageRaw", "ALL", "\"x\""}), utf({"KickPlayer", "Alex", "x"}),
        utf({"KickPlayerRaw", "Alex", "\"x\""})}) {
    steve->ask(asked);
    // An answer that has gone round all workers.
    EXPECT_EQ(steve->answer(utf({"PlayerCount", "ALL"})),
              utf({"PlayerCount", "ALL"}) + number(2, 4));
  }
  ASSERT_TRUE(alex->world->mark('e'));
  EXPECT_TRUE(alex->game.until_marked('e')) << alex->game.kicked;
  EXPECT_EQ(std::ranges::count(alex->game.seen, mc::Kind::system_chat), 0);
  EXPECT_TRUE(rig.logged({"not permitted", "ConnectOther", "Alex"}));
}

TEST_P(BungeeChannelDefaults, follow_a_reload) {
  const auto steve = join("one", one, "Steve");
  EXPECT_EQ(steve->hears(registration()), mc::bungee_channel(GetParam()));
  rig.write_global("");
  rig.daemon().command("reload");
  steve->ask(utf({"GetServer"}));
  EXPECT_TRUE(steve->game.until(mc::Kind::custom_payload));
}

// Whether the feature is on or off, no client is taken for a server: neither by the proxy nor by
// the server.
template <bool on>
class ClientsOn : public Channel {
 protected:
  ClientsOn() : Channel(on ? everything : "", on) {}
  void try_all() {
    const auto steve = join("one", one, "Steve");
    PacketWire& link = steve->login.link;
    const auto say = [&](std::string_view channel, const std::string& data) {
      mc::CustomPayload packet;
      packet.channel = channel;
      packet.data.assign(data.begin(), data.end());
      EXPECT_TRUE(link.write(packet));
    };
    for (const std::string_view channel :
         {"BungeeCord", "bungeecord:main", "velocity:player_info", "velocity:main"})
      for (const std::size_t size : {0U, 400U, 9'000U, 32'000U})
        say(channel, utf({"Connect", "two"}) + std::string(size, 'x'));
    say("a:b", "passes");
    for (;;) {
      const auto packet = steve->world->link().read();
      ASSERT_TRUE(packet);
      if (packet->kind != mc::Kind::custom_payload) continue;
      const auto payload = mc::decode<mc::CustomPayload>(packet->fields, GetParam(), Fault::proxy);
      ASSERT_TRUE(payload);
      if (payload->channel == registration()) continue;
      EXPECT_EQ(payload->channel, "a:b");
      return;
    }
  }
};
using ChannelOfClientsOn = ClientsOn<true>;
INSTANTIATE_TEST_SUITE_P(Versions, ChannelOfClientsOn, ::testing::ValuesIn(versions), version_name);
TEST_P(ChannelOfClientsOn, is_closed_to_them) {
  try_all();
}

using ChannelOfClientsOff = ClientsOn<false>;
INSTANTIATE_TEST_SUITE_P(Versions, ChannelOfClientsOff, ::testing::ValuesIn(versions),
                         version_name);
TEST_P(ChannelOfClientsOff, is_closed_to_them) {
  try_all();
}
TEST_P(ChannelOfClientsOff, carries_what_the_server_says_to_the_client) {
  const auto steve = join("one", one, "Steve");
  steve->ask(utf({"GetServer"}));
  EXPECT_TRUE(steve->game.until(mc::Kind::custom_payload));
}

}  // namespace
}  // namespace drawbridge::kit
