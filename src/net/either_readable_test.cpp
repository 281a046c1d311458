#include "net/either_readable.hpp"

#include <optional>

#include "net/testing.hpp"

namespace drawbridge::net {
namespace {

using testing::next_of;
using testing::RunningWorker;
using testing::send_all;
using testing::tcp_pair;

// Both ends of both streams, and a coroutine that writes down who spoke: "a:text b:text ...".
class EitherReadableTest : public ::testing::Test {
 protected:
  static Task<> listen(Stream& a, Stream& b, TimePoint deadline, std::promise<std::string>& out) {
    std::string heard;
    std::array<Byte, 100> space;
    for (;;) {
      auto side = co_await either_readable(a, b, deadline);
      if (!side) {
        heard += side.error() == IoError::Kind::timed_out ? "late" : "cancelled";
        break;
      }
      Stream& speaker = *side == Side::first ? a : b;
      auto n = co_await speaker.read_some(space, deadline);
      heard += *side == Side::first ? "a:" : "b:";
      if (!n || *n == 0) {
        heard += n ? "end" : "error";
        break;
      }
      heard += as_text(ByteView(space).first(*n));
      heard += ' ';
    }
    out.set_value(heard);
  }

  void start(TimePoint deadline = no_deadline) {
    worker.call([&] {
      one.emplace(*worker, std::move(first.far), Fault::client);
      two.emplace(*worker, std::move(second.far), Fault::backend);
      worker->spawn(listen(*one, *two, deadline, out));
    });
  }
  std::string heard() {
    auto future = out.get_future();
    if (future.wait_for(seconds(20)) != std::future_status::ready) return "nothing";
    return future.get();
  }
  void TearDown() override {
    worker.call([&] {
      one.reset();
      two.reset();
    });
  }

  testing::Pair first = tcp_pair();
  testing::Pair second = tcp_pair();
  std::promise<std::string> out;
  RunningWorker worker;
  std::optional<Stream> one, two;
};

TEST_F(EitherReadableTest, names_who_spoke_in_the_order_of_speaking) {
  start();
  for (const char* text : {"1", "2", "3"}) {
    ASSERT_TRUE(send_all(first.near.get(), text));
    worker.settle();
    ASSERT_TRUE(send_all(second.near.get(), text));
    worker.settle();
  }
  shutdown(second.near.get(), SHUT_WR);
  EXPECT_EQ(heard(), "a:1 b:1 a:2 b:2 a:3 b:3 b:end");
}

TEST_F(EitherReadableTest, what_came_before_the_wait_is_found) {
  ASSERT_TRUE(send_all(first.near.get(), "x"));
  ASSERT_TRUE(send_all(second.near.get(), "y"));
  shutdown(first.near.get(), SHUT_WR);
  shutdown(second.near.get(), SHUT_WR);
  start();
  EXPECT_EQ(heard(), "a:x a:end");
}

// An edge tells of both at once; the second must not be forgotten.
TEST_F(EitherReadableTest, both_at_once_are_both_heard) {
  start();
  worker.settle();
  worker.freeze();
  ASSERT_TRUE(send_all(second.near.get(), "y"));
  ASSERT_TRUE(send_all(first.near.get(), "x"));
  worker.thaw();
  worker.settle();
  shutdown(first.near.get(), SHUT_WR);
  const std::string all = heard();
  EXPECT_TRUE(all == "a:x b:y a:end" || all == "b:y a:x a:end") << all;
}

TEST_F(EitherReadableTest, a_reset_counts_as_input) {
  start();
  worker.settle();
  testing::abort_connection(std::move(second.near));
  EXPECT_EQ(heard(), "b:error");
}

TEST_F(EitherReadableTest, a_deadline_ends_it) {
  start(Clock::now() + milliseconds(5));
  EXPECT_EQ(heard(), "late");
}

TEST_F(EitherReadableTest, cancelling_either_stream_ends_it) {
  start();
  worker.call([&] { two->cancel(); });
  EXPECT_EQ(heard(), "cancelled");
}

TEST_F(EitherReadableTest, cancelling_the_chain_ends_it) {
  start();
  worker.call([&] { worker->cancel_tasks(); });
  EXPECT_EQ(heard(), "cancelled");
}

Task<> wait_only(Stream& a, Stream& b, std::promise<bool>& out) {
  auto side = co_await either_readable(a, b, no_deadline);
  out.set_value(side.has_value());
}

TEST_F(EitherReadableTest, a_stream_that_goes_first_ends_it) {
  std::promise<bool> ended;
  worker.call([&] {
    one.emplace(*worker, std::move(first.far), Fault::client);
    two.emplace(*worker, std::move(second.far), Fault::backend);
    worker->spawn(wait_only(*one, *two, ended));
    one.reset();
  });
  EXPECT_FALSE(ended.get_future().get());
}

}  // namespace
}  // namespace drawbridge::net
