// Suite `move`: how long a player of 1.21.4 is between two servers. One player at a time logs in
// through the relay, its server ends the connection, and the fallback, a server of the generator's
// too, takes it: from the end of the one to the world of the other. Beside it the same log-in
// without the relay, from the dial to the world: what a backend needs for itself.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "game_server.hpp"
#include "meter.hpp"
#include "minecraft.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

// Packets of 1.21.4; the names are the game's.
namespace id {
constexpr char login_disconnect = 0x00, success = 0x02, compress = 0x03;
constexpr char login_acknowledged = 0x03, finish_configuration = 0x03;
constexpr char world = 0x2C, start_configuration = 0x70;
constexpr char configuration_acknowledged = 0x0E;
}  // namespace id

// From wherever the configuration begins to the world.
void to_the_world(End& client) {
  client.until(id::finish_configuration, "finish_configuration");
  client.say(id::finish_configuration);
  client.until(id::world, "the world");
}

End log_in(const Address& where, const Door& door, int player) {
  End client(connect_to(where));
  set_nodelay(client.fd());
  send_all(client.fd(), login_hello(door.host(), door.port(), player));
  while (true) {
    const auto packet = client.next();
    if (!packet || packet->front() == id::login_disconnect) die("a player was not let in");
    if (packet->front() == id::success) break;
    std::string_view fields = packet->substr(1);
    if (packet->front() == id::compress)
      client.link().compress_from(static_cast<int>(take_varint(fields).value_or(0)));
  }
  client.say(id::login_acknowledged);
  to_the_world(client);
  return client;
}

std::uint32_t microseconds_since(std::int64_t begin) {
  return static_cast<std::uint32_t>((now_ns() - begin) / 1000);
}

Address address_of(int listener) {
  Address address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    die("getsockname: {}", std::strerror(errno));
  return address;
}

}  // namespace

void run_move(Args& args) {
  Door door(args);
  const int count = args.number("players", 300, 1, 4500);
  args.finish();
  const Address backend = address_of(door.listener());
  const auto serve = [&door] {
    return std::async(std::launch::async, [&door] { return let_in(door.listener()); });
  };

  std::vector<std::uint32_t> own, moved;
  for (int player = 0; player < count; ++player) {
    {
      auto serving = serve();
      const std::int64_t begin = now_ns();
      const End client = log_in(backend, door, player);
      own.push_back(microseconds_since(begin));
      serving.get();
    }
    auto serving = serve();
    End client = log_in(door.target(), door, player);
    auto server = std::make_unique<End>(serving.get());
    auto taking_over = serve();
    const std::int64_t begin = now_ns();
    server.reset();
    client.until(id::start_configuration, "start_configuration");
    client.say(id::configuration_acknowledged);
    to_the_world(client);
    moved.push_back(microseconds_since(begin));
    taking_over.get();
  }
  Report report;
  const double own_p50 = percentile(own, 0.5), moved_p50 = percentile(moved, 0.5);
  report.add("players", static_cast<std::int64_t>(count))
      .add("own_login_p50_us", own_p50)
      .add("own_login_p99_us", percentile(own, 0.99))
      .add("move_p50_us", moved_p50)
      .add("move_p99_us", percentile(moved, 0.99))
      .add("added_p50_ms", (moved_p50 - own_p50) / 1000);
  report.print();
}

}  // namespace drawbridge::bench
