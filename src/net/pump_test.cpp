// Long because every case needs the same two ends of a relay; endings and limits are among them.
#include "net/pump.hpp"

#include <netinet/tcp.h>
#include <sys/resource.h>

#include "net/relay.hpp"
#include "net/testing.hpp"

namespace drawbridge::net {
namespace {

using testing::abort_connection;
using testing::Ends;
using testing::next_of;
using testing::Pair;
using testing::pattern;
using testing::receive;
using testing::RunningWorker;
using testing::send_all;
using testing::tcp_pair;

// A client and a backend of the test's, relayed by a worker.
class PumpTest : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  static constexpr std::uint64_t id = 7;

  void start(Pair client = tcp_pair(), Pair backend = tcp_pair(), RelayStart start = {}) {
    add(client, backend, id, ends, std::move(start));
    client_ = std::move(client.near);
    backend_ = std::move(backend.near);
  }
  void add(Pair& client, Pair& backend, std::uint64_t as, Ends& owner, RelayStart start = {}) {
    start.id = as;
    start.client = std::move(client.far);
    start.backend = std::move(backend.far);
    start.splice_streak = GetParam();
    start.owner = &owner;
    worker->call([&] { pump().add(std::move(start)); });
    worker->settle();
  }
  Pump& pump() { return (*worker)->pump(); }
  // Another worker, with this pool.
  void use(std::shared_ptr<PipePool> pipes) {
    worker = std::make_unique<RunningWorker>(
        Worker::Options{.index = 1, .coalesce = {Coalesce::Mode::off}, .pipes = std::move(pipes)});
  }
  int client() const { return client_.get(); }
  int backend() const { return backend_.get(); }
  RelayCounters counters() {
    return worker->call([&] { return pump().counters(id).value_or(RelayCounters{}); });
  }
  PumpStats stats() { return pump().stats(); }
  // As if so many seconds had gone by.
  void sweep(int times) {
    worker->call([&] {
      for (int i = 0; i < times; ++i) pump().sweep();
    });
  }
  // Until `done` holds, at most ten seconds; each look lets the worker finish what it has.
  template <class F>
  bool eventually(F done) {
    const TimePoint give_up = Clock::now() + seconds(10);
    while (!done()) {
      if (Clock::now() > give_up) return false;
      worker->settle();
      std::this_thread::yield();
    }
    return true;
  }

  Ends ends;  // these two outlive the worker
  Ends more_ends;
  std::unique_ptr<RunningWorker> worker = std::make_unique<RunningWorker>();
  Fd client_;
  Fd backend_;
};

INSTANTIATE_TEST_SUITE_P(Modes, PumpTest, ::testing::Values(RelayStart::default_splice_streak, 0U),
                         [](const auto& p) { return p.param == 0 ? "zero_copy" : "automatic"; });

TEST_P(PumpTest, MovesBytesBothWaysAndCountsThem) {
  start();
  ASSERT_TRUE(send_all(client(), "hello backend"));
  EXPECT_EQ(receive(backend(), 13), "hello backend");
  ASSERT_TRUE(send_all(backend(), "hello"));
  EXPECT_EQ(receive(client(), 5), "hello");
  EXPECT_TRUE(eventually([&] { return counters().to_client == 5; }));
  EXPECT_EQ(counters().to_backend, 13U);
  EXPECT_EQ(stats().bytes_to_backend, 13U);
  EXPECT_EQ(stats().relays, 1U);
}

Endpoint address_of(int fd, int (*which)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (which(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) return {};
  return Endpoint::from_sockaddr(at).value_or(Endpoint{});
}

// Counts what it is told, by relay.
class Witness final : public RelayOwner {
 public:
  void on_relay_end(const RelayEnd& end) override { ends += end.id; }
  void on_relay_lasts(std::uint64_t id, int client, int backend) override {
    lasting += id;
    others = {address_of(client, &getpeername), address_of(backend, &getpeername)};
  }
  std::uint64_t ends = 0;
  std::uint64_t lasting = 0;
  std::pair<Endpoint, Endpoint> others;
};

TEST_P(PumpTest, ARelayThatLastsIsToldOfOnceAndOneThatEndedIsNot) {
  Witness witness;
  worker = std::make_unique<RunningWorker>();  // ends before the witness
  Pair players[2] = {tcp_pair(), tcp_pair()};
  Pair servers[2] = {tcp_pair(), tcp_pair()};
  std::promise<void> ticked;
  worker->call([&] {
    for (const std::uint64_t i : {0U, 1U}) {
      pump().add({.id = 1 + i,
                  .client = std::move(players[i].far),
                  .backend = std::move(servers[i].far),
                  .splice_streak = GetParam(),
                  .owner = &witness});
    }
    pump().close(2);
    (*worker)->on_second([&ticked, count = 0]() mutable {
      if (++count == 3) ticked.set_value();
    });
  });
  ticked.get_future().wait();
  worker->settle();
  EXPECT_EQ(witness.ends, 2U);
  EXPECT_EQ(witness.lasting, 1U);
  EXPECT_EQ(witness.others.first, address_of(players[0].near.get(), &getsockname));
  EXPECT_EQ(witness.others.second, address_of(servers[0].near.get(), &getsockname));
  worker.reset();
}

TEST_P(PumpTest, BytesLeftOverFromSetUpGoFirst) {
  RelayStart with;
  with.to_backend = pattern(300'000, 1);
  with.to_client = pattern(10, 2);
  auto client = tcp_pair();
  ASSERT_TRUE(send_all(client.near.get(), "behind"));
  start(std::move(client), tcp_pair(), std::move(with));
  const std::string got = receive(backend(), 300'006);
  EXPECT_EQ(got.substr(0, 300'000), as_text(pattern(300'000, 1)));
  EXPECT_EQ(got.substr(300'000), "behind");
  EXPECT_EQ(receive(this->client(), 10), as_text(pattern(10, 2)));
  EXPECT_TRUE(eventually([&] { return counters().to_backend == 300'006; }));
  EXPECT_EQ(counters().to_client, 10U);
}

TEST_P(PumpTest, HalfCloseOfTheClientIsCarriedOver) {
  start();
  ASSERT_TRUE(send_all(client(), "last"));
  shutdown(client(), SHUT_WR);
  EXPECT_EQ(receive(backend(), 100), "last");  // up to the end of the stream
  ASSERT_TRUE(send_all(backend(), "answer"));
  EXPECT_EQ(receive(client(), 6), "answer");
  backend_.reset();
  const RelayEnd end = ends.wait();
  EXPECT_EQ(end.why, RelayEndReason::client_closed);
  EXPECT_EQ(end.bytes.to_backend, 4U);
  EXPECT_EQ(end.bytes.to_client, 6U);
  EXPECT_EQ(next_of(client()), 'e');
}

TEST_P(PumpTest, HalfCloseOfTheBackendIsCarriedOver) {
  start();
  ASSERT_TRUE(send_all(backend(), "last"));
  shutdown(backend(), SHUT_WR);
  EXPECT_EQ(receive(client(), 100), "last");
  ASSERT_TRUE(send_all(client(), "more"));
  EXPECT_EQ(receive(backend(), 4), "more");
  client_.reset();
  const RelayEnd end = ends.wait();
  EXPECT_EQ(end.why, RelayEndReason::backend_closed);
  EXPECT_EQ(end.bytes.to_backend, 4U);
  EXPECT_EQ(end.bytes.to_client, 4U);
}

// The trap: data and FIN are one event, a short recv "drained" the socket, and no second event ever
// comes.
TEST_P(PumpTest, DataAndEndThatArriveTogetherAreBothSeen) {
  start();
  worker->freeze();
  ASSERT_TRUE(send_all(client(), "data"));
  shutdown(client(), SHUT_WR);
  worker->thaw();
  EXPECT_EQ(receive(backend(), 100), "data");
  EXPECT_EQ(next_of(backend()), 'e');
}

TEST_P(PumpTest, DataAndResetThatArriveTogetherAreBothSeen) {
  start();
  worker->freeze();
  ASSERT_TRUE(send_all(backend(), "You are banned"));
  abort_connection(std::move(backend_));
  worker->thaw();
  EXPECT_EQ(receive(client(), 100), "You are banned");
  EXPECT_EQ(next_of(client()), 'e');  // the words of the kick, and a polite end
  const RelayEnd end = ends.wait();
  EXPECT_EQ(end.why, RelayEndReason::backend_reset);
  EXPECT_EQ(end.bytes.to_client, 14U);
}

TEST_P(PumpTest, ClientsResetResetsTheBackend) {
  start();
  ASSERT_TRUE(send_all(client(), "bye"));
  EXPECT_EQ(receive(backend(), 3), "bye");
  worker->settle();
  abort_connection(std::move(client_));
  EXPECT_EQ(next_of(backend()), 'r');
  const RelayEnd end = ends.wait();
  EXPECT_EQ(end.why, RelayEndReason::client_reset);
  EXPECT_EQ(end.bytes.to_backend, 3U);
}

TEST_P(PumpTest, BytesBeforeAClientsResetStillArrive) {
  start();
  worker->freeze();
  const ByteBuffer bytes = pattern(100'000);
  ASSERT_TRUE(send_all(client(), bytes));
  abort_connection(std::move(client_));
  worker->thaw();
  const RelayEnd end = ends.wait();
  const std::string got = receive(backend(), 200'000);
  EXPECT_EQ(got, as_text(bytes).substr(0, got.size()));
  EXPECT_EQ(end.why, RelayEndReason::client_reset);
  EXPECT_LE(got.size(), end.bytes.to_backend);
}

// The trap of splicing: many tiny segments fill a pipe's slots, so a short splice says nothing
// about the rest.
TEST_P(PumpTest, ManyTinySegmentsDoNotStallAFlow) {
  start();
  const int on = 1;
  setsockopt(backend(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (int round = 0; round < 5; ++round) {
    worker->freeze();
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(send_all(backend(), "x"));
    worker->thaw();
    EXPECT_EQ(receive(client(), 500), std::string(500, 'x'));
  }
}

// Back-pressure, and the remembered flag: the source gets no second edge for what the pause left
// behind.
TEST_P(PumpTest, AFlowThatPausedForItsSinkGoesOnByItself) {
  start();
  const ByteBuffer bytes = pattern(24U << 20);
  std::jthread sender([&] { send_all(backend(), bytes); });
  // The sender cannot finish: nobody reads. Wait until nothing moves any more, then read it all.
  std::uint64_t before = 1;
  ASSERT_TRUE(eventually([&] {
    const std::uint64_t moved = counters().to_client;
    const bool still = moved == before && moved > 0;
    before = moved;
    return still;
  }));
  EXPECT_EQ(receive(client(), bytes.size()), as_text(bytes));
  EXPECT_TRUE(eventually([&] { return stats().stalled_bytes == 0; }));
  EXPECT_EQ(counters().to_client, bytes.size());
}

TEST_P(PumpTest, AStalledClientHoldsLittleAndHasNoPipeAfterASecond) {
  auto pipes = std::make_shared<PipePool>();
  use(pipes);
  start(tcp_pair({.near_receive = 8192, .far_send = 32768}));
  const ByteBuffer bytes = pattern(32U << 20);
  std::jthread sender([&] { send_all(backend(), bytes); });
  ASSERT_TRUE(eventually([&] { return stats().stalled_bytes > 0 && pipes->open() == 0; }));
  EXPECT_LE(stats().stalled_bytes, 256U << 10);
  EXPECT_EQ(receive(client(), bytes.size()), as_text(bytes));
}

TEST_P(PumpTest, WithoutPipesEveryModeCopies) {
  use(std::make_shared<PipePool>(PipePool::Limits{.pipes = 0, .bytes = 256 << 10}));
  start();
  const ByteBuffer bytes = pattern(8U << 20);
  std::jthread sender([&] { send_all(backend(), bytes); });
  EXPECT_EQ(receive(client(), bytes.size()), as_text(bytes));
  EXPECT_EQ(stats().splices, 0U);
}

TEST_P(PumpTest, BulkIsSplicedAndThePipeGoesBack) {
  start();
  const ByteBuffer bytes = pattern(32U << 20);
  std::jthread sender([&] { send_all(backend(), bytes); });
  EXPECT_EQ(receive(client(), bytes.size()), as_text(bytes));
  EXPECT_TRUE(eventually([&] { return stats().splices > 0; }));
}

TEST_P(PumpTest, GamePacketsAreSplicedOnlyWhenAsked) {
  start();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(send_all(backend(), "a packet of a game"));
    ASSERT_EQ(receive(client(), 18), "a packet of a game");
  }
  worker->settle();
  if (GetParam() == 0) {
    EXPECT_GT(stats().splices, 0U);
  } else {
    EXPECT_EQ(stats().splices, 0U);
  }
}

TEST_P(PumpTest, AnIdleRelayHoldsTwoDescriptors) {
  start();
  auto client = tcp_pair();
  auto backend = tcp_pair();
  const std::size_t before = testing::open_descriptors();
  add(client, backend, 8, more_ends);
  EXPECT_EQ(testing::open_descriptors(), before);
  client.near.reset();
  backend.near.reset();
  more_ends.wait();
  EXPECT_TRUE(eventually([&] { return testing::open_descriptors() == before - 4; }));
}

TEST_P(PumpTest, CloseSaysLastWordsAndEndsPolitely) {
  start(tcp_pair(), tcp_pair({.near_receive = 4096, .far_send = 4096}));
  // Until the backend takes no more: then what the client has sent stays unread, and closing on top
  // of that would reset it.
  const ByteBuffer some = pattern(1'000);
  std::uint64_t before = 0;
  do {
    before = counters().to_backend;
    ASSERT_TRUE(send_all(client(), some));
    worker->settle();
  } while (counters().to_backend > before);
  ASSERT_TRUE(send_all(client(), some));
  const std::string words = "Server closed";
  EXPECT_TRUE(worker->call([&] { return pump().close(id, as_bytes(words)); }));
  EXPECT_FALSE(worker->call([&] { return pump().close(id); }));
  EXPECT_EQ(receive(client(), words.size()), words);
  EXPECT_EQ(next_of(client()), 'e');
  EXPECT_EQ(ends.wait().why, RelayEndReason::closed);
}

TEST_P(PumpTest, AFlowMovesItsShareInATurnAndGoesOnInTheNext) {
  constexpr int roomy = 16 << 20;
  start(tcp_pair({.near_receive = roomy, .far_send = roomy}), tcp_pair({.far_receive = roomy}));
  const ByteBuffer bytes = pattern(8U << 20);
  worker->freeze();
  ASSERT_TRUE(send_all(backend(), bytes));
  // Events come before posted functions in a turn, and what those post waits for the next one: so
  // the k-th of this chain sees what k turns have moved at most.
  std::promise<std::vector<std::uint64_t>> seen;
  std::vector<std::uint64_t> moved;
  const std::function<void()> look = [&] {
    moved.push_back(pump().counters(id)->to_client);
    if (moved.size() == 4) return seen.set_value(moved);
    (*worker)->post([&] { look(); });
  };
  (*worker)->post([&] { look(); });
  worker->thaw();
  const auto after_turns = seen.get_future().get();
  EXPECT_GT(after_turns[0], 0U);
  EXPECT_GT(after_turns[3], after_turns[0]);
  for (std::size_t turn = 0; turn < after_turns.size(); ++turn) {
    EXPECT_LE(after_turns[turn], (turn + 1) * (1U << 20)) << turn;
  }
  EXPECT_EQ(receive(client(), bytes.size()), as_text(bytes));
}

TEST_P(PumpTest, FlowsThatAreBusyDoNotStarveOthers) {
  start();
  auto client2 = tcp_pair();
  auto backend2 = tcp_pair();
  add(client2, backend2, 8, more_ends);
  std::atomic<bool> stop{false};
  const ByteBuffer bytes = pattern(1U << 20);
  std::jthread sender([&] {
    while (!stop && send_all(backend(), bytes)) {
    }
  });
  std::jthread reader([&] {
    while (!receive(client(), 1U << 20).empty()) {
    }
  });
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(send_all(client2.near.get(), "ping"));
    ASSERT_EQ(receive(backend2.near.get(), 4), "ping");
  }
  stop = true;
  sender.join();
  backend_.reset();
}

TEST_P(PumpTest, TheLargestStalledFlowEndsWhenMemoryIsShort) {
  pump().set_stalled_limit(1000);
  start(tcp_pair({.near_receive = 8192, .far_send = 32768}));
  const ByteBuffer bytes = pattern(32U << 20);
  std::jthread sender([&] { send_all(backend(), bytes); });
  EXPECT_EQ(ends.wait().why, RelayEndReason::memory);
  EXPECT_EQ(stats().stalled_bytes, 0U);
}

// Real seconds may sweep as well, so that only what is far from the minute is asserted.
TEST_P(PumpTest, AHalfOpenRelayEndsAfterAMinuteWithoutAByte) {
  start();
  shutdown(client(), SHUT_WR);
  ASSERT_EQ(next_of(backend()), 'e');
  sweep(35);
  // The other half is still of use: each byte begins the minute anew.
  ASSERT_TRUE(send_all(backend(), "late"));
  ASSERT_EQ(receive(client(), 4), "late");
  ASSERT_TRUE(eventually([&] { return counters().to_client == 4; }));
  sweep(35);
  EXPECT_EQ(stats().relays, 1U);
  sweep(60);
  EXPECT_EQ(ends.wait().why, RelayEndReason::half_open_idle);
  EXPECT_EQ(next_of(client()), 'e');
}

TEST_P(PumpTest, ARelayInOrderNeverEndsForBeingIdle) {
  start();
  sweep(1000);
  ASSERT_TRUE(send_all(client(), "x"));
  EXPECT_EQ(receive(backend(), 1), "x");
}

// The client reads nothing, so what the failed backend had sent cannot be delivered: ten seconds.
TEST_P(PumpTest, ARelayWithAFailedSideIsGivenUpSoon) {
  start(tcp_pair({.near_receive = 8192, .far_send = 32768}));
  const ByteBuffer bytes = pattern(1U << 20);
  fcntl(backend(), F_SETFL, O_NONBLOCK);
  while (send(backend(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) worker->settle();
  abort_connection(std::move(backend_));
  worker->settle();
  sweep(1);
  EXPECT_EQ(stats().relays, 1U);
  sweep(10);
  EXPECT_EQ(ends.wait().why, RelayEndReason::backend_reset);
}

TEST_P(PumpTest, StoppingTheWorkerEndsRelays) {
  start();
  worker.reset();
  EXPECT_EQ(ends.wait().why, RelayEndReason::shutdown);
  EXPECT_EQ(next_of(client()), 'e');
  EXPECT_EQ(next_of(backend()), 'e');
}

TEST_P(PumpTest, UnixSocketsWork) {
  start(testing::unix_pair(), testing::unix_pair());
  const ByteBuffer bytes = pattern(4U << 20);
  std::jthread sender([&] {
    send_all(backend(), bytes);
    shutdown(backend(), SHUT_WR);
  });
  EXPECT_EQ(receive(client(), bytes.size() + 1), as_text(bytes));
}

TEST(PumpSize, ARelayFitsItsTarget) {
  EXPECT_LE(sizeof(Relay), 256U);
}

}  // namespace
}  // namespace drawbridge::net
