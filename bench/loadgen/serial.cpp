// Suite `serial`: one packet in the whole system at a time. The next one is sent when the last has
// arrived, so that the relay wakes up once for each packet and finds nothing else to do: the worst
// case for a relay, and the one in which instructions a packet can be counted. Run it twice with
// different numbers of packets under callgrind; the difference is free of start-up and log-in.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "meter.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

void run_serial(Args& args) {
  Door door(args);
  const int players_wanted = args.number("players", 16, 1, 1000);
  const int packets = args.number("packets", 10'000, 1, 10'000'000);
  args.finish();

  auto players = door.log_in(0, players_wanted, 16);
  const std::string down(300, 'd'), up(30, 'u');
  std::string got(4096, '\0');
  const std::int64_t began = now_ns();
  for (int i = 0; i < packets; ++i) {
    const Player& player = players[static_cast<std::size_t>(i / 2 % players_wanted)];
    const bool to_client = i % 2 == 0;
    const std::string& packet = to_client ? down : up;
    const int receiver = to_client ? player.client.get() : player.server.get();
    send_all(to_client ? player.server.get() : player.client.get(), packet);
    if (!wait_readable(receiver, 10'000)) die("packet {} never came", i);
    const ssize_t size = ::recv(receiver, got.data(), got.size(), 0);
    if (size != static_cast<ssize_t>(packet.size()) ||
        std::memcmp(got.data(), packet.data(), packet.size()) != 0) {
      die("packet {} was damaged", i);
    }
  }
  Report report;
  report.add("packets", static_cast<std::int64_t>(packets))
      .add("seconds", static_cast<double>(now_ns() - began) * 1e-9);
  report.print();
}

}  // namespace drawbridge::bench
