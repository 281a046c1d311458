// Two hundred connections through the real program, each with sizes, pauses, slow readers, closings
// and resets of its own, while the program is stopped and started: every byte is accounted for, at
// both ends and in the log. What is sent is a function of its position, so a hole, a swap or a
// repeat anywhere is seen.
//
// One thread plays all clients and all backends, so that the test is busy and not its scheduler.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <random>

#include "base/strings.hpp"
#include "kit/fake_client.hpp"
#include "kit/fake_server.hpp"
#include "kit/pattern.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::uint64_t seed = 20261122;
constexpr std::size_t connections = 200;

using Random = std::mt19937_64;

struct Script {
  std::uint64_t seed = 0;
  std::size_t bytes = 0;  // to send
  bool resets = false;    // after them, instead of closing its direction
  bool reads_slowly = false;
};

// One end of a connection: a client, or its backend.
class End {
 public:
  End(Wire wire, Script mine, std::uint64_t theirs)
      : wire_(std::move(wire)), mine_(mine), theirs_(theirs), random_(mine.seed) {}

  [[nodiscard]] pollfd interest() {
    if (pause_ > 0) --pause_;
    short events = 0;
    if (pause_ == 0 && !said_all_) events |= POLLOUT;
    if (pause_ == 0 && !heard_all_) events |= POLLIN;
    return {.fd = events != 0 ? wire_.fd() : -1, .events = events, .revents = 0};
  }
  void act(short events) {
    if ((events & POLLOUT) != 0 && !said_all_) say();
    if (wire_.open() && (events & (POLLIN | POLLHUP | POLLERR)) != 0 && !heard_all_) hear();
    if (random_() % 8 == 0) pause_ = static_cast<int>(random_() % 20);
  }
  [[nodiscard]] bool over() const { return said_all_ && heard_all_; }

  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] bool in_order() const { return in_order_; }
  [[nodiscard]] bool was_reset() const { return was_reset_; }

 private:
  void say() {
    const std::size_t most = random_() % 4 == 0 ? 150'000 : 2'000;
    const std::size_t size = std::min<std::size_t>(1 + random_() % most, mine_.bytes - sent_);
    const ByteBuffer piece = pattern(size, mine_.seed, sent_);
    const ssize_t n = send(wire_.fd(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n < 0) {  // the other end is gone; what it sent before may still be there to read
      said_all_ = was_reset_ = true;
      return;
    }
    sent_ += static_cast<std::uint64_t>(n);
    if (sent_ < mine_.bytes) return;
    said_all_ = true;
    if (mine_.resets) {
      wire_.reset();
      heard_all_ = true;
    } else {
      wire_.half_close();
    }
  }
  void hear() {
    std::array<Byte, 65536> space;
    const std::size_t want = mine_.reads_slowly ? 1 + random_() % 4'000 : space.size();
    const ssize_t n = recv(wire_.fd(), space.data(), want, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n <= 0) {
      heard_all_ = true;
      // A connection that was reset takes no more either.
      if (n < 0) said_all_ = was_reset_ = true;
      return;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
      in_order_ = in_order_ && space[i] == pattern_at(theirs_, received_ + i);
    received_ += static_cast<std::uint64_t>(n);
    if (mine_.reads_slowly && random_() % 2 == 0) pause_ = static_cast<int>(random_() % 4);
  }

  Wire wire_;
  Script mine_;
  std::uint64_t theirs_;
  Random random_;
  int pause_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  bool said_all_ = false;
  bool heard_all_ = false;
  bool in_order_ = true;
  bool was_reset_ = false;
};

struct Connection {
  std::string name;
  Script client_script;
  Script backend_script;
  std::unique_ptr<End> client;
  std::unique_ptr<End> backend;
};

Script random_script(Random& random) {
  Script out{.seed = random()};
  out.bytes = 1 + (random() % 5 == 0 ? random() % 1'200'000 : random() % 60'000);
  out.reads_slowly = random() % 6 == 0;
  return out;
}

class TortureRelay : public ::testing::TestWithParam<const char*> {
 protected:
  TortureRelay() {
    Random random(seed);
    for (std::size_t i = 0; i < connections; ++i) {
      Connection& c = all[i];
      c.name = fmt::format("p{:04}", i);
      c.client_script = random_script(random);
      c.backend_script = random_script(random);
      if (i % 8 == 3) c.client_script.resets = true;
      if (i % 8 == 7) c.backend_script.resets = true;
    }
    folder.write("drawbridge.toml", "bind = \"127.0.0.1:0\"\nworker_threads = 2\n");
    folder.write("servers/lobby.toml", server_file("play.example", harbour.address(),
                                                   fmt::format("proxy_mode = \"{}\"", GetParam())));
  }

  // The hello and the first bytes of the game in one segment, as some clients do.
  void connect(Connection& c, const Endpoint& proxy) const {
    Wire wire = Wire::connect(proxy);
    ASSERT_TRUE(wire.open());
    ASSERT_TRUE(wire.send(login_bytes("play.example", c.name)));
    c.client = std::make_unique<End>(std::move(wire), c.client_script, c.backend_script.seed);
  }
  // A backend's connection whose hello is there in full becomes the other end of its client's.
  void take_arrivals() {
    if (Wire wire = harbour.accept(Duration::zero()); wire.open())
      arriving.push_back(std::move(wire));
    std::erase_if(arriving, [&](Wire& wire) {
      ByteBuffer hello(login_bytes("play.example", all[0].name).size());
      const ssize_t n = recv(wire.fd(), hello.data(), hello.size(), MSG_PEEK | MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN)) return true;  // reset before it was whole
      if (n < static_cast<ssize_t>(hello.size())) return false;
      const auto arrived = FakeServer::read_hello(wire);
      const auto index =
          arrived ? parse_int<std::size_t>(arrived->hello.player.substr(1)) : std::nullopt;
      EXPECT_TRUE(index && *index < connections);
      if (!index || *index >= connections) return true;
      Connection& c = all[*index];
      c.backend = std::make_unique<End>(std::move(wire), c.backend_script, c.client_script.seed);
      return true;
    });
  }
  void turn() {
    take_arrivals();
    std::vector<pollfd> entries;
    std::vector<End*> ends;
    for (Connection& c : all) {
      for (End* end : {c.client.get(), c.backend.get()}) {
        if (end == nullptr || end->over()) continue;
        entries.push_back(end->interest());
        ends.push_back(end);
      }
    }
    poll(entries.data(), entries.size(), 1);
    for (std::size_t i = 0; i < ends.size(); ++i)
      if (entries[i].revents != 0) ends[i]->act(entries[i].revents);
  }
  [[nodiscard]] bool all_over() const {
    return std::ranges::all_of(all, [](const Connection& c) {
      // A client that resets at once may be gone before its backend was dialled.
      const bool backend_over = c.backend ? c.backend->over() : c.client_script.resets;
      return c.client && c.client->over() && backend_over;
    });
  }

  TempFolder folder;
  Harbour harbour;
  std::vector<Wire> arriving;
  std::array<Connection, connections> all;
};
INSTANTIATE_TEST_SUITE_P(Modes, TortureRelay,
                         ::testing::Values("passthrough", "zero_copy", "server_only"),
                         [](const auto& info) { return std::string(info.param); });

std::uint64_t number_in(std::string_view line, std::string_view key) {
  const auto at = line.find(key);
  if (at == std::string_view::npos) return 0;
  line.remove_prefix(at + key.size());
  return parse_int<std::uint64_t>(line.substr(0, line.find(' '))).value_or(0);
}

void check(const Connection& c, const Program& program) {
  const auto lines = program.lines({" left ", fmt::format(" player={} ", c.name)});
  if (!c.backend) return;
  ASSERT_EQ(lines.size(), 1U) << c.name;
  const std::uint64_t hello = login_bytes("play.example", c.name).size();
  const std::uint64_t up = number_in(lines[0], " up=") - hello;
  const std::uint64_t down = number_in(lines[0], " down=");
  EXPECT_TRUE(c.client->in_order() && c.backend->in_order()) << c.name;
  EXPECT_LE(c.backend->received(), up) << c.name;
  EXPECT_LE(c.client->received(), down) << c.name;
  EXPECT_LE(up, c.client->sent()) << c.name;
  EXPECT_LE(down, c.backend->sent()) << c.name;
  if (c.client_script.resets || c.backend_script.resets) return;
  EXPECT_EQ(c.client->sent(), c.client_script.bytes) << c.name;
  EXPECT_EQ(c.backend->sent(), c.backend_script.bytes) << c.name;
  EXPECT_EQ(c.backend->received(), c.client->sent()) << c.name;
  EXPECT_EQ(c.client->received(), c.backend->sent()) << c.name;
  EXPECT_EQ(up, c.client->sent()) << c.name;
  EXPECT_EQ(down, c.backend->sent()) << c.name;
  EXPECT_FALSE(c.client->was_reset() || c.backend->was_reset()) << c.name;
}

TEST_P(TortureRelay, every_byte_is_accounted_for) {
  RecordProperty("seed", std::to_string(seed));
  Program program(DRAWBRIDGE_PROGRAM, {.arguments = {}, .folder = folder.path()});
  const Endpoint proxy = program.endpoint();
  std::size_t begun = 0;
  const TimePoint deadline = Clock::now() + minutes(2);
  for (int i = 0; !all_over(); ++i) {
    ASSERT_LT(Clock::now(), deadline) << "seed " << seed;
    if (begun < connections) ASSERT_NO_FATAL_FAILURE(connect(all[begun++], proxy));
    // Bytes, ends and resets pile up while nobody looks.
    if (i % 60 == 50) program.signal(SIGSTOP);
    if (i % 60 == 59) program.signal(SIGCONT);
    turn();
  }
  program.signal(SIGCONT);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  for (const Connection& c : all) check(c, program);
  if (HasFailure()) fmt::print(stderr, "seed {}\n", seed);
}

}  // namespace
}  // namespace drawbridge::kit
