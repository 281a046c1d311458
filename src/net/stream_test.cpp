#include "net/stream.hpp"

#include <sys/ioctl.h>

#include "net/dial.hpp"
#include "net/testing.hpp"

namespace drawbridge::net {
namespace {

using testing::next_of;
using testing::pattern;
using testing::receive;
using testing::RunningWorker;
using testing::send_all;
using testing::tcp_pair;

struct ReadEnd {
  std::string bytes;
  std::optional<IoError> error;
};

Task<> read_all(Worker& worker, Fd fd, TimePoint deadline, std::promise<ReadEnd>& out) {
  Stream stream(worker, std::move(fd), Fault::client);
  ReadEnd end;
  std::array<Byte, 1000> space;
  for (;;) {
    auto n = co_await stream.read_some(space, deadline);
    if (!n) end.error = n.error();
    if (!n || *n == 0) break;
    end.bytes += as_text(ByteView(space).first(*n));
  }
  out.set_value(end);
}

class StreamTest : public ::testing::Test {
 protected:
  std::promise<ReadEnd> out;
  RunningWorker worker;

  void read_from(Fd fd, TimePoint deadline = no_deadline) {
    worker.call([&] { worker->spawn(read_all(*worker, std::move(fd), deadline, out)); });
  }
  ReadEnd result() { return out.get_future().get(); }
};

TEST_F(StreamTest, ReadsWhatIsThereAndWaitsForTheRest) {
  auto pair = tcp_pair();
  ASSERT_TRUE(send_all(pair.near.get(), "one,"));
  read_from(std::move(pair.far));
  worker.settle();
  ASSERT_TRUE(send_all(pair.near.get(), "two,"));
  worker.settle();
  ASSERT_TRUE(send_all(pair.near.get(), "three"));
  shutdown(pair.near.get(), SHUT_WR);
  const ReadEnd end = result();
  EXPECT_EQ(end.bytes, "one,two,three");
  EXPECT_FALSE(end.error);
}

TEST_F(StreamTest, ADeadlineEndsAWait) {
  auto pair = tcp_pair();
  ASSERT_TRUE(send_all(pair.near.get(), "half a hel"));
  read_from(std::move(pair.far), Clock::now() + milliseconds(5));
  const ReadEnd end = result();
  EXPECT_EQ(end.bytes, "half a hel");
  ASSERT_TRUE(end.error);
  EXPECT_TRUE(*end.error == IoError::Kind::timed_out);
  EXPECT_EQ(end.error->fault, Fault::client);
}

TEST_F(StreamTest, AResetIsAnErrorOfThatEnd) {
  auto pair = tcp_pair();
  read_from(std::move(pair.far));
  testing::abort_connection(std::move(pair.near));
  const ReadEnd end = result();
  ASSERT_TRUE(end.error);
  EXPECT_TRUE(*end.error == IoError::Kind::reset);
  const Error error = *end.error;
  EXPECT_EQ(error.what, "connection reset");
  EXPECT_EQ(error.fault, Fault::client);
}

TEST_F(StreamTest, DataAndEndThatArriveTogetherAreBothSeen) {
  auto pair = tcp_pair();
  read_from(std::move(pair.far));
  worker.freeze();
  const ByteBuffer bytes = pattern(5'000);
  ASSERT_TRUE(send_all(pair.near.get(), bytes));
  shutdown(pair.near.get(), SHUT_WR);
  worker.thaw();
  EXPECT_EQ(result().bytes, as_text(bytes));
}

Task<> read_shared(Stream& stream, std::promise<IoResult<std::size_t>>& out) {
  std::array<Byte, 10> space;
  auto n = co_await stream.read_some(space, no_deadline);
  out.set_value(n);
}

TEST_F(StreamTest, CancelWakesTheReaderAndFailsLaterReads) {
  auto pair = tcp_pair();
  std::promise<IoResult<std::size_t>> first;
  std::promise<IoResult<std::size_t>> second;
  std::optional<Stream> stream;
  worker.call([&] {
    stream.emplace(*worker, std::move(pair.far), Fault::client);
    worker->spawn(read_shared(*stream, first));
    stream->cancel();
  });
  EXPECT_TRUE(first.get_future().get().error() == IoError::Kind::cancelled);
  worker.call([&] { worker->spawn(read_shared(*stream, second)); });
  EXPECT_TRUE(second.get_future().get().error() == IoError::Kind::cancelled);
  worker.call([&] { stream.reset(); });
}

TEST_F(StreamTest, AReaderWhoseStreamGoesIsWoken) {
  auto pair = tcp_pair();
  std::promise<IoResult<std::size_t>> read;
  std::optional<Stream> stream;
  worker.call([&] {
    stream.emplace(*worker, std::move(pair.far), Fault::client);
    worker->spawn(read_shared(*stream, read));
    stream.reset();
  });
  EXPECT_TRUE(read.get_future().get().error() == IoError::Kind::cancelled);
}

Task<> write(Worker& worker, Fd fd, ByteBuffer bytes, TimePoint deadline,
             std::promise<IoResult<>>& out) {
  Stream stream(worker, std::move(fd), Fault::backend);
  auto written = co_await stream.write_all(bytes, deadline);
  out.set_value(written);
}

TEST_F(StreamTest, WritesMoreThanTheSocketTakesAtOnce) {
  auto pair = tcp_pair({.near_receive = 8192, .far_send = 32768});
  std::promise<IoResult<>> written;
  const ByteBuffer bytes = pattern(3U << 20);
  worker.call(
      [&] { worker->spawn(write(*worker, std::move(pair.far), bytes, no_deadline, written)); });
  EXPECT_EQ(receive(pair.near.get(), bytes.size()), as_text(bytes));
  EXPECT_TRUE(written.get_future().get().has_value());
}

TEST_F(StreamTest, AWriteThatNobodyTakesTimesOut) {
  auto pair = tcp_pair({.near_receive = 8192, .far_send = 32768});
  std::promise<IoResult<>> written;
  worker.call([&] {
    worker->spawn(write(*worker, std::move(pair.far), pattern(8U << 20),
                        worker->now() + milliseconds(5), written));
  });
  EXPECT_TRUE(written.get_future().get().error() == IoError::Kind::timed_out);
}

TEST_F(StreamTest, ReleaseHandsTheDescriptorOverUnwatched) {
  auto pair = tcp_pair();
  std::promise<IoResult<std::size_t>> read;
  Fd fd;
  worker.call([&] {
    Stream stream(*worker, std::move(pair.far), Fault::client);
    worker->spawn(read_shared(stream, read));  // waits, so it is watched
    fd = stream.release();
    struct None final : Pollable {
      void on_events(unsigned, std::uint32_t) override {}
    } target;
    EXPECT_EQ(worker->watch(fd.get(), target), 0) << "still watched";
    worker->unwatch(fd.get());
    worker->forget(target);
  });
  EXPECT_TRUE(read.get_future().get().error() == IoError::Kind::cancelled);
  ASSERT_TRUE(send_all(pair.near.get(), "alive"));
  EXPECT_EQ(receive(fd.get(), 5), "alive");
}

// --- The polite end ---

Task<> say_and_finish(Worker& worker, Fd fd) {
  Stream stream(worker, std::move(fd), Fault::client);
  const std::string words = "You are not on the list";
  auto said = co_await stream.write_all(as_bytes(words), no_deadline);
  if (said) stream.finish();
}

TEST_F(StreamTest, InputThatNobodyReadsDoesNotCostTheClientOurWords) {
  auto pair = tcp_pair();
  ASSERT_TRUE(send_all(pair.near.get(), pattern(8'000)));
  worker.call([&] { worker->spawn(say_and_finish(*worker, std::move(pair.far))); });
  worker.settle();
  ASSERT_TRUE(send_all(pair.near.get(), pattern(1'000)));  // more, after our FIN
  worker.settle();
  EXPECT_EQ(receive(pair.near.get(), 100), "You are not on the list");
  EXPECT_EQ(next_of(pair.near.get()), 'e');
}

TEST_F(StreamTest, APoliteEndClosesWhenTheClientDoes) {
  auto pair = tcp_pair();
  const std::size_t before = testing::open_descriptors();
  worker.call([&] { worker->spawn(say_and_finish(*worker, std::move(pair.far))); });
  worker.settle();
  EXPECT_EQ(testing::open_descriptors(), before);
  pair.near.reset();
  const TimePoint give_up = Clock::now() + milliseconds(900);  // well before its own second is over
  while (testing::open_descriptors() != before - 2 && Clock::now() < give_up) worker.settle();
  EXPECT_EQ(testing::open_descriptors(), before - 2);
}

TEST_F(StreamTest, APoliteEndReadsNoMoreThanItsLimit) {
  auto pair = tcp_pair();
  worker.call([&] { worker->spawn(say_and_finish(*worker, std::move(pair.far))); });
  // A client that never stops sending is reset, after what the limit and the sockets' buffers hold.
  const ByteBuffer piece = pattern(64U << 10);
  std::size_t sent = 0;
  while (send_all(pair.near.get(), piece)) sent += piece.size();
  EXPECT_LT(sent, 32U << 20);
}

TEST_F(StreamTest, APoliteEndIsOverAfterASecond) {
  auto pair = tcp_pair();
  const std::size_t before = testing::open_descriptors();
  worker.call([&] { worker->spawn(say_and_finish(*worker, std::move(pair.far))); });
  const TimePoint give_up = Clock::now() + seconds(20);
  while (testing::open_descriptors() != before - 1 && Clock::now() < give_up) {
    worker.settle();
    std::this_thread::yield();
  }
  EXPECT_EQ(testing::open_descriptors(), before - 1);
}

// --- Dialling ---

struct Server {
  Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Endpoint at;
  explicit Server(int backlog = 8) {
    sockaddr_storage address{};
    const Endpoint any{IpAddress::v4(0x7F000001), 0};
    socklen_t size = any.to_sockaddr(address);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    if (backlog > 0) {
      EXPECT_EQ(listen(fd.get(), backlog), 0);
    }
    EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    at = *Endpoint::from_sockaddr(address);
  }
};

Task<> dial_and_say(Worker& worker, Endpoint to, TimePoint deadline,
                    std::promise<IoResult<int>>& out) {
  auto stream = co_await dial(worker, to, deadline);
  if (!stream) {
    out.set_value(std::unexpected(stream.error()));
    co_return;
  }
  const std::string words = "hello";
  auto said = co_await stream->write_all(as_bytes(words), deadline);
  int buffer = 0;
  socklen_t size = sizeof buffer;
  getsockopt(stream->fd(), SOL_SOCKET, SO_RCVBUF, &buffer, &size);
  if (said) out.set_value(buffer);
}

TEST_F(StreamTest, DialsAServer) {
  const Server server;
  std::promise<IoResult<int>> dialled;
  worker.call([&] { worker->spawn(dial_and_say(*worker, server.at, no_deadline, dialled)); });
  const Fd accepted(accept4(server.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  testing::set_patience(accepted.get());
  EXPECT_EQ(receive(accepted.get(), 5), "hello");
  EXPECT_EQ(dialled.get_future().get().value(),
            2 * 256 * 1024);  // the kernel doubles what it is asked
}

TEST_F(StreamTest, DiallingWhereNobodyListensIsRefused) {
  const Server nobody(0);  // holds the port, does not listen
  std::promise<IoResult<int>> dialled;
  worker.call([&] { worker->spawn(dial_and_say(*worker, nobody.at, no_deadline, dialled)); });
  const auto result = dialled.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error() == IoError::Kind::refused);
  EXPECT_EQ(result.error().fault, Fault::backend);
}

TEST_F(StreamTest, DiallingAServerThatNeverAnswersTimesOut) {
  const Server full(1);  // the kernel drops what does not fit into the queue
  std::vector<Fd> queue;
  sockaddr_storage address{};
  const socklen_t size = full.at.to_sockaddr(address);
  for (int i = 0; i < 4; ++i) {
    queue.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_NE(connect(queue.back().get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  }
  std::promise<IoResult<int>> dialled;
  worker.call([&] {
    worker->spawn(dial_and_say(*worker, full.at, worker->now() + milliseconds(20), dialled));
  });
  const auto result = dialled.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error() == IoError::Kind::timed_out);
}

TEST_F(StreamTest, DialledSocketsAreCloseOnExecAndNonBlocking) {
  const Server server;
  std::promise<std::pair<int, int>> flags;
  struct Look {
    static Task<> at(Worker& w, Endpoint to, std::promise<std::pair<int, int>>& out) {
      auto stream = co_await dial(w, to, no_deadline);
      out.set_value({fcntl(stream->fd(), F_GETFD), fcntl(stream->fd(), F_GETFL)});
    }
  };
  worker.call([&] { worker->spawn(Look::at(*worker, server.at, flags)); });
  const auto [descriptor, file] = flags.get_future().get();
  EXPECT_NE(descriptor & FD_CLOEXEC, 0);
  EXPECT_NE(file & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace drawbridge::net
