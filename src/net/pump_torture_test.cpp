// Many connections at once, each with its own sizes, pauses, slow readers and endings, while the
// worker is stopped and started: every byte is accounted for. What is sent is a function of its
// position, so a hole, a swap or a repeat anywhere is seen.
#include <random>

#include "net/pump.hpp"
#include "net/testing.hpp"

namespace drawbridge::net {
namespace {

using testing::Ends;
using testing::Pair;
using testing::RunningWorker;
using testing::tcp_pair;

Byte byte_at(std::uint64_t seed, std::uint64_t position) {
  return static_cast<Byte>(((position + 1) * (seed | 1) * 0x9E3779B97F4A7C15U) >> 56);
}

// What one end does: sends so many bytes in random pieces, then closes its direction, or resets at
// a random point.
struct Script {
  std::uint64_t seed = 0;
  std::size_t bytes = 0;
  bool resets = false;
  bool reads_slowly = false;
};

struct Seen {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  bool in_order = true;
  char end = '?';
};

void write_side(int fd, Script script, Seen& seen) {
  std::mt19937_64 random(script.seed);
  ByteBuffer piece;
  while (seen.sent < script.bytes) {
    const std::size_t most = random() % 4 == 0 ? 200'000 : 2'000;
    piece.resize(std::min<std::size_t>(1 + random() % most, script.bytes - seen.sent));
    for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = byte_at(script.seed, seen.sent + i);
    if (!testing::send_all(fd, piece)) return;
    seen.sent += piece.size();
    if (random() % 8 == 0) std::this_thread::yield();
  }
  if (!script.resets) shutdown(fd, SHUT_WR);
}

void read_side(int fd, std::uint64_t peers_seed, bool slowly, Seen& seen) {
  std::mt19937_64 random(peers_seed + 1);
  ByteBuffer space(100'000);
  for (;;) {
    const std::size_t want = slowly ? 1 + random() % 3'000 : space.size();
    const ssize_t n = recv(fd, space.data(), want, 0);
    if (n <= 0) {
      seen.end = n == 0 ? 'e' : errno == ECONNRESET || errno == EPIPE ? 'r' : '?';
      return;
    }
    for (ssize_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (space[at] != byte_at(peers_seed, seen.received + at)) seen.in_order = false;
    }
    seen.received += static_cast<std::uint64_t>(n);
    if (slowly && random() % 4 == 0) std::this_thread::yield();
  }
}

struct Connection {
  Pair client = tcp_pair();
  Pair backend = tcp_pair();
  std::array<Script, 2> scripts;
  std::array<Seen, 2> seen;
  Ends ends;
  std::vector<std::jthread> threads;

  void run() {
    const std::array<Fd*, 2> fds = {&client.near, &backend.near};
    for (const std::size_t side : {0U, 1U}) {
      const Script mine = scripts[side];
      const Script theirs = scripts[1 - side];
      Fd& fd = *fds[side];
      if (mine.resets) {
        // One thread, so that nobody reads from a descriptor that is closed under it.
        threads.emplace_back([this, side, mine, &fd] {
          write_side(fd.get(), mine, seen[side]);
          testing::abort_connection(std::move(fd));
          seen[side].end = 'x';
        });
        continue;
      }
      threads.emplace_back([this, side, mine, &fd] { write_side(fd.get(), mine, seen[side]); });
      threads.emplace_back([this, side, mine, theirs, &fd] {
        read_side(fd.get(), theirs.seed, mine.reads_slowly, seen[side]);
      });
    }
  }
};

void check(Connection& c, const RelayEnd& end) {
  const bool reset = c.scripts[0].resets || c.scripts[1].resets;
  const std::array<std::uint64_t, 2> relayed = {end.bytes.to_backend, end.bytes.to_client};
  for (const std::size_t side : {0U, 1U}) {
    const Seen& sender = c.seen[side];
    const Seen& receiver = c.seen[1 - side];
    EXPECT_TRUE(receiver.in_order);
    EXPECT_LE(receiver.received, relayed[side]);
    if (reset) continue;
    EXPECT_EQ(sender.sent, c.scripts[side].bytes);
    EXPECT_EQ(receiver.received, sender.sent);
    EXPECT_EQ(relayed[side], sender.sent);
    EXPECT_EQ(receiver.end, 'e');
  }
  if (!reset) {
    EXPECT_TRUE(end.why == RelayEndReason::client_closed ||
                end.why == RelayEndReason::backend_closed)
        << name(end.why);
  }
}

class PumpTorture : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Modes, PumpTorture,
                         ::testing::Values(RelayStart::default_splice_streak, 0U),
                         [](const auto& p) { return p.param == 0 ? "zero_copy" : "automatic"; });

TEST_P(PumpTorture, EveryByteIsAccountedFor) {
  constexpr std::size_t connections = 24;
  std::mt19937_64 random(20261122);
  std::array<std::unique_ptr<Connection>, connections> all;
  RunningWorker worker({.index = 0, .coalesce = {Coalesce::Mode::fixed, microseconds(200)}});
  for (std::size_t i = 0; i < connections; ++i) {
    all[i] = std::make_unique<Connection>();
    Connection& c = *all[i];
    for (Script& script : c.scripts) {
      script.seed = random();
      script.bytes = random() % 3 == 0 ? random() % 3'000'000 : random() % 60'000;
      script.reads_slowly = random() % 4 == 0;
    }
    if (i % 4 == 3) c.scripts[random() % 2].resets = true;
    RelayStart start{.id = i + 1,
                     .client = std::move(c.client.far),
                     .backend = std::move(c.backend.far),
                     .splice_streak = GetParam(),
                     .owner = &c.ends};
    worker.call([&] { worker->pump().add(std::move(start)); });
    c.run();
    if (i % 6 == 5) {  // bytes, ends and resets pile up while nobody looks
      worker.freeze();
      for (int k = 0; k < 200; ++k) std::this_thread::yield();
      worker.thaw();
    }
  }
  for (auto& c : all) {
    const RelayEnd end = c->ends.wait();
    c->threads.clear();  // joins
    check(*c, end);
  }
  EXPECT_EQ(worker->pump().stats().relays, 0U);
  EXPECT_EQ(worker->pump().stats().stalled_bytes, 0U);
}

}  // namespace
}  // namespace drawbridge::net
