// Suite `idle`: what a player costs who is logged in and does nothing. N players log in at the same
// moment, then N more; the second N show what one more player costs when whatever a burst leaves
// behind is there already; `--burst` makes it fewer at a time. After each burst one packet goes
// each way for every player, so that the relay has really been used.
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "login.hpp"
#include "meter.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

// Ids in play of 1.21.4 that nobody but the two ends cares for: rel_entity_move, position.
constexpr char server_id = 0x2F, client_id = 0x1C;

void pass_plain(int from, int to, std::string_view packet) {
  send_all(from, packet);
  std::string got(packet.size(), '\0');
  std::size_t have = 0;
  while (have < got.size()) {
    if (!wait_readable(to, 5000)) die("a packet to an idle player never came");
    const ssize_t part = ::recv(to, got.data() + have, got.size() - have, 0);
    if (part <= 0) die("an idle player was dropped");
    have += static_cast<std::size_t>(part);
  }
  if (got != packet) die("a packet to an idle player was damaged");
}

void pass_framed(int from, PacketLink& sending, int to, PacketLink& receiving,
                 std::string_view packet) {
  std::string bytes;
  sending.put(bytes, packet);
  send_all(from, bytes);
  while (true) {
    if (const auto got = receiving.next()) {
      if (*got != packet) die("a packet to an idle player was damaged");
      return;
    }
    char some[512];
    if (!wait_readable(to, 5000)) die("a packet to an idle player never came");
    const ssize_t part = ::recv(to, some, sizeof some, 0);
    if (part <= 0) die("an idle player was dropped");
    receiving.received(some, static_cast<std::size_t>(part));
  }
}

void pass_both_ways(Player& player) {
  const int client = player.client.get();
  const int server = player.server.get();
  if (player.server_link == nullptr) {
    pass_plain(server, client, "a packet to the player");
    pass_plain(client, server, "and one back");
    return;
  }
  PacketLink& client_link = *player.client_link;
  PacketLink& server_link = *player.server_link;
  pass_framed(server, server_link, client, client_link,
              std::string(1, server_id) + "a packet to the player");
  pass_framed(client, client_link, server, server_link, std::string(1, client_id) + "and one back");
}

void settle(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

void run_idle(Args& args) {
  Door door(args);
  const auto relay = args.pids("relay");
  const int count = args.number("players", 3000, 1, 4500);
  const int burst = args.number("burst", count, 1, count);
  const double pause = args.real("settle", 2);
  const Login login(args);
  args.finish();
  if (relay.empty()) die("idle needs --relay");

  const std::int64_t rss_start = resident_bytes(relay);
  std::vector<Player> all;
  std::int64_t rss[2] = {};
  std::int64_t descriptors[2] = {};
  for (int round = 0; round < 2; ++round) {
    auto players = login.log_in(door, round * count, count, burst, true);
    for (Player& player : players) {
      pass_both_ways(player);
      all.push_back(std::move(player));
    }
    settle(pause);
    rss[round] = resident_bytes(relay);
    descriptors[round] = open_descriptors(relay);
  }

  const auto players = static_cast<double>(count);
  Report report;
  report.add("players", static_cast<std::int64_t>(count))
      .add("rss_start", rss_start)
      .add("rss_n", rss[0])
      .add("rss_2n", rss[1])
      .add("bytes_per_player_first", static_cast<double>(rss[0] - rss_start) / players)
      .add("bytes_per_player", static_cast<double>(rss[1] - rss[0]) / players)
      .add("descriptors_per_player",
           static_cast<double>(descriptors[1] - descriptors[0]) / players);
  report.print();
}

}  // namespace drawbridge::bench
