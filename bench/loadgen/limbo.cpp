// Suite `limbo`: clients of 1.21.4 that log in and walk into the proxy's own world, as vanilla ones
// do: packs, registries and tags, then the world with its chunks. `join`: each leaves once it has
// its own line in the tab list, and another one comes; `stay`: N of them stay, then N more, for the
// memory of one; `hold`: N stay for a while, and are asked whether they live; `storm`: N play on a
// server that dies under all of them at once, and everybody has to land in the limbo, or (`--to
// server`) in the world of another server, which the generator plays as well.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "game_server.hpp"
#include "login.hpp"
#include "meter.hpp"
#include "minecraft.hpp"
#include "packet_link.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

constexpr std::int64_t patience_ns = 60'000'000'000;
constexpr int chunks_expected = 9;

// Packets of 1.21.4 by phase; the names are the game's.
namespace to_client {
constexpr char login_disconnect = 0x00, success = 0x02, compress = 0x03;
constexpr char finish_configuration = 0x03, registry_data = 0x07, select_known_packs = 0x0E;
constexpr char configuration_keep_alive = 0x04;
constexpr char kick_disconnect = 0x1D, keep_alive = 0x27, map_chunk = 0x28, login = 0x2C;
constexpr char player_info = 0x40, start_configuration = 0x70;
}  // namespace to_client
namespace to_server {
constexpr char login_acknowledged = 0x03, finish_configuration = 0x03, select_known_packs = 0x07;
constexpr char configuration_keep_alive = 0x04;
constexpr char configuration_acknowledged = 0x0E, keep_alive = 0x1A;
}  // namespace to_server

struct Visitor {
  // `elsewhere`: on a server of the generator's own, from where it will have to come.
  enum class Phase { login, configuration, play, there, elsewhere };
  Fd fd;
  std::unique_ptr<PacketLink> link = std::make_unique<PacketLink>();
  Phase phase = Phase::login;
  int registries = 0, chunks = 0;
};

class Visitors {
 public:
  // `to_server`: the world that they walk into is a server's of the generator, which tells of no
  // registries and sends no chunks.
  Visitors(Door& door, bool stay, bool to_server = false)
      : door_(door), epoll_(make_epoll()), stay_(stay), to_server_(to_server) {}

  void begin();
  // The client's end of somebody who is in the game already.
  void adopt(Player player);
  void turn();
  [[nodiscard]] std::int64_t arrived() const { return arrived_; }
  // Who has been shown the world of the generator's server.
  [[nodiscard]] std::int64_t elsewhere() const { return elsewhere_; }
  [[nodiscard]] std::int64_t keep_alives() const { return keep_alives_; }
  void refill(bool on) { refill_ = on; }

 private:
  void ready(std::size_t slot);
  void packet(Visitor& visitor, std::string_view packet);
  void in_login(Visitor& visitor, char kind, std::string_view fields);
  void in_configuration(Visitor& visitor, char kind, std::string_view fields);
  void in_play(Visitor& visitor, char kind, std::string_view fields);
  void elsewhere(Visitor& visitor, char kind, std::string_view fields);
  static void say(Visitor& visitor, char kind, std::string_view fields = {});

  Door& door_;
  Fd epoll_;
  bool stay_;
  bool to_server_;
  bool refill_ = true;
  std::vector<Visitor> visitors_;
  std::vector<std::size_t> free_;
  std::int64_t arrived_ = 0, elsewhere_ = 0, keep_alives_ = 0;
  int next_player_ = 0;
  std::array<char, 65'536> buffer_;  // NOLINT: filled before it is read
};

void Visitors::begin() {
  std::size_t slot = visitors_.size();
  if (free_.empty()) {
    visitors_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
    visitors_[slot] = {};
  }
  Visitor& visitor = visitors_[slot];
  visitor.fd = connect_to(door_.target());
  send_all(visitor.fd.get(), login_hello(door_.host(), door_.port(), next_player_++ % 100'000));
  set_nonblocking(visitor.fd.get());
  epoll_add(epoll_.get(), visitor.fd.get(), EPOLLIN, slot);
}

void Visitors::adopt(Player player) {
  const std::size_t slot = visitors_.size();
  Visitor& visitor = visitors_.emplace_back();
  visitor.fd = std::move(player.client);
  visitor.link = std::move(player.client_link);
  visitor.phase = Visitor::Phase::elsewhere;
  epoll_add(epoll_.get(), visitor.fd.get(), EPOLLIN, slot);
}

void Visitors::say(Visitor& visitor, char kind, std::string_view fields) {
  std::string bytes;
  visitor.link->put(bytes, std::string(1, kind).append(fields));
  send_all(visitor.fd.get(), bytes);
}

void Visitors::in_login(Visitor& visitor, char kind, std::string_view fields) {
  if (kind == to_client::login_disconnect) die("a visitor was refused");
  if (kind == to_client::compress) {
    visitor.link->compress_from(static_cast<int>(take_varint(fields).value_or(0)));
  } else if (kind == to_client::success) {
    say(visitor, to_server::login_acknowledged);
    visitor.phase = Visitor::Phase::configuration;
  } else {
    die("a packet {} in the log-in", static_cast<int>(kind));
  }
}

void Visitors::in_configuration(Visitor& visitor, char kind, std::string_view fields) {
  if (kind == to_client::registry_data) {
    ++visitor.registries;
  } else if (kind == to_client::select_known_packs) {
    say(visitor, to_server::select_known_packs, fields);  // all that is on offer
  } else if (kind == to_client::configuration_keep_alive) {
    say(visitor, to_server::configuration_keep_alive, fields);
  } else if (kind == to_client::finish_configuration) {
    if (visitor.registries == 0 && !to_server_) die("a visitor was told of no registry");
    say(visitor, to_server::finish_configuration);
    visitor.phase = Visitor::Phase::play;
  }
}

void Visitors::in_play(Visitor& visitor, char kind, std::string_view fields) {
  if (kind == to_client::kick_disconnect) die("a visitor was kicked");
  if (kind == to_client::map_chunk) ++visitor.chunks;
  if (kind == to_client::keep_alive) {
    say(visitor, to_server::keep_alive, fields);
    ++keep_alives_;
  }
  const char last = to_server_ ? to_client::login : to_client::player_info;
  if (kind != last || visitor.phase == Visitor::Phase::there) return;
  if (visitor.chunks != chunks_expected && !to_server_)
    die("a visitor got {} chunks", visitor.chunks);
  visitor.phase = Visitor::Phase::there;
  ++arrived_;
}

void Visitors::elsewhere(Visitor& visitor, char kind, std::string_view fields) {
  if (kind == to_client::kick_disconnect) die("a player whose server died was kicked");
  if (kind == to_client::login) ++elsewhere_;
  if (kind == to_client::keep_alive) say(visitor, to_server::keep_alive, fields);
  if (kind != to_client::start_configuration) return;
  say(visitor, to_server::configuration_acknowledged);
  visitor.phase = Visitor::Phase::configuration;
}

void Visitors::packet(Visitor& visitor, std::string_view packet) {
  const char kind = packet.front();
  const std::string_view fields = packet.substr(1);
  switch (visitor.phase) {
    case Visitor::Phase::login:
      return in_login(visitor, kind, fields);
    case Visitor::Phase::configuration:
      return in_configuration(visitor, kind, fields);
    case Visitor::Phase::play:
    case Visitor::Phase::there:
      return in_play(visitor, kind, fields);
    case Visitor::Phase::elsewhere:
      return elsewhere(visitor, kind, fields);
  }
}

void Visitors::ready(std::size_t slot) {
  Visitor& visitor = visitors_[slot];
  const ssize_t got = ::recv(visitor.fd.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) die("a visitor was dropped: {}", got == 0 ? "end" : std::strerror(errno));
  visitor.link->received(buffer_.data(), static_cast<std::size_t>(got));
  while (const auto next = visitor.link->next()) packet(visitor, *next);
  if (visitor.phase != Visitor::Phase::there || stay_) return;
  visitor = {};
  free_.push_back(slot);
  if (refill_) begin();
}

void Visitors::turn() {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 100);
  for (int i = 0; i < count; ++i) ready(events[static_cast<std::size_t>(i)].data.u64);
}

void join(Door& door, Args& args) {
  Stretch stretch(args);
  const int in_flight = args.number("in-flight", 64, 1, 4000);
  const double seconds = args.real("seconds", 3);
  const double warm_up = args.real("warm-up", 0.5);
  args.finish();

  Visitors visitors(door, false);
  for (int i = 0; i < in_flight; ++i) visitors.begin();
  const auto run_for = [&visitors](double length) {
    const std::int64_t until = now_ns() + static_cast<std::int64_t>(length * 1e9);
    while (now_ns() < until) visitors.turn();
  };
  run_for(warm_up);
  const std::int64_t before = visitors.arrived();
  stretch.begin();
  run_for(seconds);
  stretch.end();
  const auto done = static_cast<double>(visitors.arrived() - before);
  if (done == 0) die("nobody arrived");

  Report report;
  stretch.describe(report);
  report.add("connections", done)
      .add("per_second", done / stretch.wall())
      .add("per_cpu_second", stretch.relay_cpu() > 0 ? done / stretch.relay_cpu() : 0.0)
      .add("cpu_us_per_connection", stretch.relay_cpu() * 1e6 / done);
  report.print();
}

void stay(Door& door, Args& args) {
  const auto relay = args.pids("relay");
  const int count = args.number("players", 3000, 1, 9000);
  const int burst = args.number("burst", 250, 1, count);
  const double pause = args.real("settle", 3);
  args.finish();
  if (relay.empty()) die("limbo needs --relay");

  Visitors visitors(door, true);
  const std::int64_t end = now_ns() + patience_ns;
  const std::int64_t rss_start = resident_bytes(relay);
  std::int64_t rss[2] = {};
  for (int round = 0; round < 2; ++round) {
    for (int here = round * count; here < (round + 1) * count; here += burst) {
      const int wanted = std::min(here + burst, (round + 1) * count);
      for (int i = here; i < wanted; ++i) visitors.begin();
      while (visitors.arrived() < wanted) {
        if (now_ns() > end) die("{} of {} arrived", visitors.arrived(), wanted);
        visitors.turn();
      }
    }
    const std::int64_t until = now_ns() + static_cast<std::int64_t>(pause * 1e9);
    while (now_ns() < until) visitors.turn();
    rss[round] = resident_bytes(relay);
  }
  const auto players = static_cast<double>(count);
  Report report;
  report.add("players", static_cast<std::int64_t>(count))
      .add("rss_start", rss_start)
      .add("rss_n", rss[0])
      .add("rss_2n", rss[1])
      .add("bytes_per_player_first", static_cast<double>(rss[0] - rss_start) / players)
      .add("bytes_per_player", static_cast<double>(rss[1] - rss[0]) / players);
  report.print();
}

// Turns until `done()`, for as long as there is patience.
template <class Done>
void until(Visitors& visitors, std::string_view what, const Done& done) {
  const std::int64_t end = now_ns() + patience_ns;
  while (!done()) {
    if (now_ns() > end) die("not in time: {}", what);
    visitors.turn();
  }
}

void hold(Door& door, Args& args) {
  Stretch stretch(args);
  const auto relay = args.pids("relay");
  const int count = args.number("players", 500, 1, 9000);
  const double seconds = args.real("seconds", 600);
  args.finish();
  if (relay.empty()) die("limbo needs --relay");

  const std::int64_t rss_start = resident_bytes(relay);
  Visitors visitors(door, true);
  for (int i = 0; i < count; ++i) visitors.begin();
  until(visitors, "all are in the limbo", [&] { return visitors.arrived() == count; });
  const std::int64_t rss_in = resident_bytes(relay);
  const std::int64_t asked = visitors.keep_alives();
  stretch.begin();
  const std::int64_t end = now_ns() + static_cast<std::int64_t>(seconds * 1e9);
  while (now_ns() < end) visitors.turn();  // ends the program if anybody is dropped
  stretch.end();
  const std::int64_t keep_alives = visitors.keep_alives() - asked;
  // Asked every ten seconds; who came at the end of such a stretch is one short.
  const auto expected = static_cast<std::int64_t>(seconds / 10 - 1) * count;
  if (keep_alives < expected) die("{} keep-alives came of {}", keep_alives, expected);

  Report report;
  stretch.describe(report);
  report.add("players", static_cast<std::int64_t>(count))
      .add("keep_alives", keep_alives)
      .add("rss_start", rss_start)
      .add("rss_in", rss_in)
      .add("rss_end", resident_bytes(relay))
      .add("cpu_percent", stretch.relay_cpu() / stretch.wall() * 100)
      .add("cpu_us_per_player_second", stretch.relay_cpu() / stretch.wall() * 1e6 / count);
  report.print();
}

// Players who are let in by threads of their own, for as long as this lives.
class LettingIn {
 public:
  LettingIn(int listener, int players) : left_(players) {
    // More than a relay of one thread moves at the same time.
    for (int i = 0; i < 16; ++i)
      threads_.emplace_back([this, listener] {
        std::vector<End> ends;
        while (left_-- > 0) ends.push_back(let_in(listener));
        while (!over_) over_.wait(false);
      });
  }
  ~LettingIn() {
    over_ = true;
    over_.notify_all();
  }
  LettingIn(const LettingIn&) = delete;
  LettingIn& operator=(const LettingIn&) = delete;

 private:
  std::atomic<int> left_;
  std::atomic<bool> over_ = false;
  std::vector<std::jthread> threads_;  // the first to go
};

void storm(Door& door, Args& args) {
  Stretch stretch(args);
  const int count = args.number("players", 1000, 1, 4500);
  const std::string where = args.text("to", "limbo");
  args.finish();
  if (where != "limbo" && where != "server") die("--to is limbo or server");

  constexpr int burst = 100, threshold = 256;
  std::vector<Player> players = play_in(door, 0, count, burst, threshold);
  Visitors visitors(door, true, where == "server");
  std::vector<Fd> servers;
  std::string world(1, to_client::login);
  put_world(world);
  for (Player& player : players) {
    std::string bytes;
    player.server_link->put(bytes, world);
    send_all(player.server.get(), bytes);
    servers.push_back(std::move(player.server));
    visitors.adopt(std::move(player));
  }
  until(visitors, "all are in the world", [&] { return visitors.elsewhere() == count; });
  std::optional<LettingIn> another;
  if (where == "server") another.emplace(door.listener(), count);
  stretch.begin();
  const std::int64_t died = now_ns();
  servers.clear();
  std::int64_t half = 0;
  until(visitors, "everybody has landed", [&] {
    if (half == 0 && visitors.arrived() >= (count + 1) / 2) half = now_ns();
    return visitors.arrived() == count;
  });
  const std::int64_t landed = now_ns();
  stretch.end();

  Report report;
  stretch.describe(report);
  report.add("players", static_cast<std::int64_t>(count))
      .add("half_landed_ms", static_cast<double>(half - died) / 1e6)
      .add("all_landed_ms", static_cast<double>(landed - died) / 1e6)
      .add("cpu_us_per_player", stretch.relay_cpu() * 1e6 / count);
  report.print();
}

}  // namespace

void run_limbo(Args& args) {
  Door door(args);
  const std::string what = args.text("what", "join");
  if (what == "stay") return stay(door, args);
  if (what == "hold") return hold(door, args);
  if (what == "storm") return storm(door, args);
  if (what != "join") die("--what is join, stay, hold or storm");
  join(door, args);
}

}  // namespace drawbridge::bench
