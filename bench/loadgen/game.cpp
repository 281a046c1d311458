// Suite `game`: many players in play. Each player has a tick of its own: once a period the server
// sends one packet of 40..1500 bytes and, at another phase, the client sends one of 30. The phases
// are random, so that packets reach the relay one by one, as they do when players sit on many
// servers; at 20 ticks a second (1,000 players, 40,000 packets a second) the period is the game's
// own 50 ms.
//
// With `--threshold N` the players have logged in as the game does and the packets are real ones:
// in frames, compressed from N bytes on (negative: never), encrypted where the relay asks for it.
// Both codecs are this thread's; what they take is not the relay's.
//
// Every packet carries its number and the time at which it was sent; the receiver checks the
// number, the length and the bytes, and takes the one-way delay. Both ends are this thread, which
// never sleeps, so that no wake-up of its own is measured.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "login.hpp"
#include "meter.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

struct PacketHead {
  std::uint32_t size;  // of the whole packet
  std::uint32_t number;
  std::int64_t sent_at;
};
static_assert(sizeof(PacketHead) == 16);

constexpr std::size_t largest_packet = 1500;
constexpr std::size_t client_packet = 30;
// Ids in play of 1.21.4: rel_entity_move, map_chunk; position.
constexpr char small_id = 0x2F, large_id = 0x28, client_id = 0x1C;
constexpr std::size_t large_packet = 700;

// One direction of one player.
struct Flow {
  int sender = -1;
  int receiver = -1;
  bool from_client = false;
  PacketLink* sending = nullptr;  // null: packets are sent as they are
  PacketLink* receiving = nullptr;
  std::uint32_t next_sent = 0;
  std::uint32_t next_received = 0;
  std::string unsent;                         // the rest of a packet that did not fit
  std::size_t have = 0;                       // bytes of the packet that is arriving
  std::array<char, largest_packet> arriving;  // NOLINT: filled before it is read
};

class Game {
 public:
  Game(std::vector<Player>& players, double rate);

  // Sends and receives until `until` (ns).
  void play(std::int64_t until);
  // Receives only, until everything has arrived or `until`.
  void drain(std::int64_t until);

  void keep_delays(bool keep) { keep_delays_ = keep; }
  std::vector<std::uint32_t>& delays() { return delays_; }
  std::vector<std::uint32_t>& lateness() { return lateness_; }
  [[nodiscard]] std::int64_t sent() const { return sent_; }
  [[nodiscard]] std::int64_t received() const { return received_; }
  [[nodiscard]] std::int64_t received_bytes() const { return received_bytes_; }
  [[nodiscard]] std::int64_t blocked() const { return blocked_; }

 private:
  void send_packet(Flow& flow, std::int64_t due);
  void flush(Flow& flow);
  void receive_ready();
  void receive(Flow& flow, std::int64_t arrived_at);
  void take(Flow& flow, const char* bytes, std::size_t size, std::int64_t arrived_at);
  void packet_arrived(Flow& flow, std::string_view packet, std::int64_t arrived_at);
  [[nodiscard]] std::size_t draw_size();

  std::vector<Flow> flows_;
  std::vector<std::int64_t> phases_;  // ns into the period, ascending, one a flow
  std::int64_t period_ = 0;
  std::int64_t cycle_start_ = 0;
  std::size_t next_flow_ = 0;
  std::vector<Flow*> stuck_;
  Fd epoll_;
  std::minstd_rand random_{20'260'101};
  std::array<char, largest_packet> filler_{};
  std::vector<char> buffer_ = std::vector<char>(65'536);
  std::string packet_, framed_;  // the one that is being sent
  bool keep_delays_ = false;
  std::vector<std::uint32_t> delays_, lateness_;
  std::int64_t sent_ = 0, received_ = 0, received_bytes_ = 0, blocked_ = 0;
};

Game::Game(std::vector<Player>& players, double rate) : epoll_(make_epoll()) {
  for (std::size_t i = 0; i < filler_.size(); ++i) {
    // In frames a part is noise, so that compression takes about half off, as it does in a game.
    const bool noise = players.front().server_link != nullptr && i % 8 < 3;
    filler_[i] = static_cast<char>(noise ? random_() >> 8 : 'a' + i % 26);
  }
  flows_.resize(players.size() * 2);
  for (std::size_t i = 0; i < players.size(); ++i) {
    const int client = players[i].client.get();
    const int server = players[i].server.get();
    set_nonblocking(client);
    set_nonblocking(server);
    Flow& down = flows_[2 * i];
    Flow& up = flows_[2 * i + 1];
    down.sender = up.receiver = server;
    up.sender = down.receiver = client;
    up.from_client = true;
    down.sending = up.receiving = players[i].server_link.get();
    up.sending = down.receiving = players[i].client_link.get();
    epoll_add(epoll_.get(), client, EPOLLIN, 2 * i);
    epoll_add(epoll_.get(), server, EPOLLIN, 2 * i + 1);
  }
  std::ranges::shuffle(flows_, random_);
  // The shuffle moved the flows: the epoll data must name them anew.
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, flows_[i].receiver, &event);
  }
  period_ = static_cast<std::int64_t>(1e9 * static_cast<double>(flows_.size()) / rate);
  std::uniform_int_distribution<std::int64_t> anywhere(0, period_ - 1);
  for (std::size_t i = 0; i < flows_.size(); ++i) phases_.push_back(anywhere(random_));
  std::ranges::sort(phases_);
  delays_.reserve(4'000'000);
  lateness_.reserve(4'000'000);
}

std::size_t Game::draw_size() {
  // What a tick brings: mostly a few entity moves, now and then a batch, seldom a piece of a chunk.
  const auto kind = random_() % 10;
  const auto pick = [this](std::size_t low, std::size_t high) {
    return low + random_() % (high - low + 1);
  };
  if (kind < 7) return pick(40, 200);
  if (kind < 9) return pick(200, 700);
  return pick(700, largest_packet);
}

void Game::send_packet(Flow& flow, std::int64_t due) {
  if (!flow.unsent.empty()) {
    ++blocked_;  // the path is full: this tick's packet is left out, as a server would
    return;
  }
  const std::size_t size = flow.from_client ? client_packet : draw_size();
  std::array<char, largest_packet> packet;
  std::memcpy(packet.data(), filler_.data(), size);
  PacketHead head{static_cast<std::uint32_t>(size), flow.next_sent++, now_ns()};
  std::memcpy(packet.data(), &head, sizeof head);
  if (keep_delays_) {
    lateness_.push_back(
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(head.sent_at - due, 0, UINT32_MAX)));
  }
  std::string_view bytes(packet.data(), size);
  if (flow.sending != nullptr) {
    const char id = flow.from_client ? client_id : size < large_packet ? small_id : large_id;
    packet_.assign(1, id).append(bytes);
    framed_.clear();
    flow.sending->put(framed_, packet_);
    bytes = framed_;
  }
  const ssize_t done = ::send(flow.sender, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (done < 0 && errno != EAGAIN) die("a player was dropped: send: {}", std::strerror(errno));
  ++sent_;
  bytes.remove_prefix(done < 0 ? 0 : static_cast<std::size_t>(done));
  if (!bytes.empty()) {
    flow.unsent = bytes;
    stuck_.push_back(&flow);
  }
}

void Game::flush(Flow& flow) {
  const ssize_t done =
      ::send(flow.sender, flow.unsent.data(), flow.unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (done > 0) flow.unsent.erase(0, static_cast<std::size_t>(done));
}

void Game::packet_arrived(Flow& flow, std::string_view packet, std::int64_t arrived_at) {
  PacketHead head{};
  if (packet.size() < sizeof head) die("a packet was damaged");
  std::memcpy(&head, packet.data(), sizeof head);
  if (head.size != packet.size()) die("a packet was damaged");
  if (head.number != flow.next_received++) die("packets are lost or out of order");
  if (std::memcmp(packet.data() + sizeof head, filler_.data() + sizeof head,
                  head.size - sizeof head) != 0) {
    die("a packet was damaged");
  }
  ++received_;
  received_bytes_ += head.size;
  if (keep_delays_) {
    delays_.push_back(static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(arrived_at - head.sent_at, 0, UINT32_MAX)));
  }
}

void Game::take(Flow& flow, const char* bytes, std::size_t size, std::int64_t arrived_at) {
  while (size > 0) {
    std::size_t wanted = sizeof(PacketHead);
    if (flow.have >= sizeof(PacketHead)) {
      std::uint32_t total = 0;
      std::memcpy(&total, flow.arriving.data(), sizeof total);
      if (total < sizeof(PacketHead) || total > largest_packet) die("a packet was damaged");
      wanted = total;
    }
    const std::size_t step = std::min(size, wanted - flow.have);
    std::memcpy(flow.arriving.data() + flow.have, bytes, step);
    flow.have += step;
    bytes += step;
    size -= step;
    if (flow.have == wanted && wanted > sizeof(PacketHead)) {
      packet_arrived(flow, {flow.arriving.data(), wanted}, arrived_at);
      flow.have = 0;
    }
  }
}

void Game::receive(Flow& flow, std::int64_t arrived_at) {
  const ssize_t got = ::recv(flow.receiver, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got < 0) die("a player was dropped: recv: {}", std::strerror(errno));
  if (got == 0) die("a player was dropped: end of stream");
  if (flow.receiving == nullptr) {
    take(flow, buffer_.data(), static_cast<std::size_t>(got), arrived_at);
    return;
  }
  flow.receiving->received(buffer_.data(), static_cast<std::size_t>(got));
  while (const auto packet = flow.receiving->next()) {
    packet_arrived(flow, packet->substr(1), arrived_at);
  }
}

void Game::receive_ready() {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  // One time for the whole batch: everything in it had arrived by now, and must not be charged with
  // the reading of what stands before it.
  const std::int64_t arrived_at = now_ns();
  for (int i = 0; i < count; ++i) {
    receive(flows_[events[static_cast<std::size_t>(i)].data.u64], arrived_at);
  }
}

void Game::play(std::int64_t until) {
  if (cycle_start_ == 0) cycle_start_ = now_ns();
  while (true) {
    const std::int64_t now = now_ns();
    if (now >= until) return;
    if (const std::int64_t due = cycle_start_ + phases_[next_flow_]; due <= now) {
      send_packet(flows_[next_flow_], due);
      if (++next_flow_ == flows_.size()) {
        next_flow_ = 0;
        cycle_start_ += period_;
      }
    }
    if (!stuck_.empty()) {
      for (Flow* flow : stuck_) flush(*flow);
      std::erase_if(stuck_, [](const Flow* flow) { return flow->unsent.empty(); });
    }
    receive_ready();
  }
}

void Game::drain(std::int64_t until) {
  while (received_ < sent_ && now_ns() < until) {
    for (Flow* flow : stuck_) flush(*flow);
    std::erase_if(stuck_, [](const Flow* flow) { return flow->unsent.empty(); });
    receive_ready();
  }
}

}  // namespace

void run_game(Args& args) {
  Door door(args);
  Stretch stretch(args);
  const int count = args.number("players", 1000, 1, 9000);
  const double rate = args.real("rate", 10'000);
  const double seconds = args.real("seconds", 4);
  const double warm_up = args.real("warm-up", 1);
  const Login login(args);
  args.finish();

  auto players = login.log_in(door, 0, count, 64);
  Game game(players, rate);
  game.play(now_ns() + static_cast<std::int64_t>(warm_up * 1e9));
  const std::int64_t received_before = game.received();
  const std::int64_t bytes_before = game.received_bytes();
  game.keep_delays(true);
  stretch.begin();
  game.play(now_ns() + static_cast<std::int64_t>(seconds * 1e9));
  stretch.end();
  game.keep_delays(false);
  const std::int64_t packets = game.received() - received_before;
  const std::int64_t bytes = game.received_bytes() - bytes_before;
  game.drain(now_ns() + 2'000'000'000);
  if (game.received() != game.sent()) die("{} packets never came", game.sent() - game.received());

  Report report;
  stretch.describe(report);
  report.add("packets", packets)
      .add("bytes", bytes)
      .add("rate", static_cast<double>(packets) / stretch.wall())
      .add("cpu_us_per_packet", stretch.relay_cpu() * 1e6 / static_cast<double>(packets))
      .add("delay_p50_us", percentile(game.delays(), 0.5) / 1e3)
      .add("delay_p99_us", percentile(game.delays(), 0.99) / 1e3)
      .add("delay_max_us", percentile(game.delays(), 1.0) / 1e3)
      .add("late_p99_us", percentile(game.lateness(), 0.99) / 1e3)
      .add("blocked", game.blocked());
  report.print();
}

}  // namespace drawbridge::bench
