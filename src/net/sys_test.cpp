#include "net/sys.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "net/fd.hpp"

namespace drawbridge::net::sys {
namespace {

using Call = ssize_t (*)(long, int, const void*, std::size_t, int);

// Every form of the call does the same: the one of this machine, and the one of the others.
class SysCall : public testing::TestWithParam<Call> {};
INSTANTIATE_TEST_SUITE_P(Forms, SysCall,
                         testing::Values(&detail::call, &detail::call_through_libc));

TEST_P(SysCall, MovesBytesAndSaysErrorsWithoutErrno) {
  const Call call = GetParam();
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd a(ends[0]);
  Fd b(ends[1]);
  std::array<char, 8> got{};
  EXPECT_EQ(call(SYS_recvfrom, a.get(), got.data(), got.size(), 0), -EAGAIN);
  EXPECT_EQ(call(SYS_sendto, b.get(), "door", 4, MSG_NOSIGNAL), 4);
  EXPECT_EQ(call(SYS_recvfrom, a.get(), got.data(), got.size(), MSG_PEEK), 4);
  EXPECT_EQ(call(SYS_recvfrom, a.get(), got.data(), got.size(), 0), 4);
  EXPECT_EQ(std::string_view(got.data(), 4), "door");
  b.reset();
  EXPECT_EQ(call(SYS_recvfrom, a.get(), got.data(), got.size(), 0), 0);
  EXPECT_EQ(call(SYS_sendto, a.get(), "door", 4, MSG_NOSIGNAL), -EPIPE);
}

TEST_P(SysCall, WaitsForEvents) {
  const Call call = GetParam();
  const Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd read_end(ends[0]);
  const Fd write_end(ends[1]);
  epoll_event wanted{.events = EPOLLIN, .data = {.u64 = 7}};
  ASSERT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, read_end.get(), &wanted), 0);
  std::array<epoll_event, 4> events{};
  EXPECT_EQ(call(SYS_epoll_pwait, epoll.get(), events.data(), events.size(), 0), 0);
  ASSERT_EQ(write(write_end.get(), "x", 1), 1);
  EXPECT_EQ(call(SYS_epoll_pwait, epoll.get(), events.data(), events.size(), -1), 1);
  const std::uint64_t tag = events[0].data.u64;  // packed: no reference may be bound to it
  EXPECT_EQ(tag, 7U);
}

}  // namespace
}  // namespace drawbridge::net::sys
