#include "core/packet_stream.hpp"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "mc/packets/login.hpp"
#include "net/testing.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {
namespace {

using net::testing::Pair;
using net::testing::pattern;
using net::testing::RunningWorker;
using net::testing::send_all;
using net::testing::unix_pair;

constexpr std::array<Byte, 16> secret{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

struct Link {
  mc::Threshold threshold;
  bool encrypted = false;
};

// What came: the bodies, then why it ended.
struct Seen {
  std::vector<ByteBuffer> packets;
  std::string error;
  LinkStart rest;
};

net::Task<> write_all(net::Worker& worker, net::Fd fd, mc::Codecs& codecs, Link link,
                      std::vector<ByteBuffer> bodies) {
  PacketStream out(net::Stream(worker, std::move(fd), Fault::client), Fault::client,
                   mc::newest_known, codecs);
  out.compress_from_now(link.threshold);
  if (link.encrypted) out.encrypt_from_now(secret);
  for (const ByteBuffer& body : bodies) {
    auto sent = co_await out.write_body(body, no_deadline);
    EXPECT_TRUE(sent);
  }
}

net::Task<> read_until(net::Worker& worker, net::Fd fd, mc::Codecs& codecs, Link link,
                       std::size_t cap, std::size_t count, std::promise<Seen>& done) {
  PacketStream in(net::Stream(worker, std::move(fd), Fault::backend), Fault::backend,
                  mc::newest_known, codecs);
  in.compress_from_now(link.threshold);
  if (link.encrypted) in.encrypt_from_now(secret);
  Seen seen;
  while (seen.packets.size() < count) {
    auto packet = co_await in.read(cap, no_deadline);
    if (!packet) {
      seen.error = packet.error().what;
      break;
    }
    ByteBuffer body{static_cast<Byte>(packet->id)};
    body.insert(body.end(), packet->fields.begin(), packet->fields.end());
    seen.packets.push_back(std::move(body));
  }
  seen.rest = in.release();
  done.set_value(std::move(seen));
}

class PacketStreamTest : public ::testing::TestWithParam<Link> {
 protected:
  Seen read(net::Fd fd, Link link, std::size_t cap, std::size_t count) {
    std::promise<Seen> done;
    worker.call(
        [&] { worker->spawn(read_until(*worker, std::move(fd), codecs, link, cap, count, done)); });
    return done.get_future().get();
  }
  void write(net::Fd fd, Link link, std::vector<ByteBuffer> bodies) {
    worker.call(
        [&] { worker->spawn(write_all(*worker, std::move(fd), codecs, link, std::move(bodies))); });
  }
  mc::Codecs codecs;
  RunningWorker worker;
};

std::vector<ByteBuffer> some_packets() {
  std::vector<ByteBuffer> out;
  for (const std::size_t size : {1U, 63U, 64U, 65U, 5000U, 60'000U}) {
    out.push_back(pattern(size));
    out.back().front() = static_cast<Byte>(out.size());
  }
  return out;
}

TEST_P(PacketStreamTest, WhatOneEndWritesTheOtherReads) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  write(net::Fd(ends[1]), GetParam(), some_packets());
  const Seen seen = read(net::Fd(ends[0]), GetParam(), 100'000, some_packets().size());
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(seen.packets, some_packets());
  EXPECT_EQ(seen.rest.threshold.bytes, GetParam().threshold.bytes);
  EXPECT_EQ(seen.rest.cipher != nullptr, GetParam().encrypted);
  EXPECT_TRUE(seen.rest.unread.empty());
}

INSTANTIATE_TEST_SUITE_P(Links, PacketStreamTest,
                         ::testing::Values(Link{{-1}, false}, Link{{-1}, true}, Link{{64}, false},
                                           Link{{64}, true}, Link{{0}, true}));

TEST_F(PacketStreamTest, WhatCameBehindTheLastPacketGoesOnWithTheLink) {
  Pair pair = unix_pair();
  // Two frames and the beginning of a third, in one segment.
  ASSERT_TRUE(send_all(pair.near.get(), ByteBuffer{2, 7, 70, 2, 8, 80, 9, 9}));
  const Seen seen = read(std::move(pair.far), {}, 100, 1);
  EXPECT_EQ(seen.packets, (std::vector<ByteBuffer>{{7, 70}}));
  EXPECT_EQ(seen.rest.unread, (ByteBuffer{2, 8, 80, 9, 9}));
  EXPECT_TRUE(seen.rest.fd.valid());
}

TEST_F(PacketStreamTest, ALongerPacketThanExpectedIsRefusedByItsLength) {
  Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.near.get(), ByteBuffer{101}));
  EXPECT_NE(read(std::move(pair.far), {}, 100, 1).error, "");
}

TEST_F(PacketStreamTest, AnInflatedPacketIsHeldToTheSameCap) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  write(net::Fd(ends[1]), {{64}, false}, {ByteBuffer(5000, 1)});
  const Seen seen = read(net::Fd(ends[0]), {{64}, false}, 4999, 1);
  EXPECT_TRUE(seen.packets.empty());
  EXPECT_NE(seen.error, "");
}

TEST_F(PacketStreamTest, TheEndOfTheStreamIsNamed) {
  Pair pair = unix_pair();
  pair.near = {};
  EXPECT_EQ(read(std::move(pair.far), {}, 100, 1).error, "closed by the server");
}

}  // namespace
}  // namespace drawbridge::core
