#include "net/listener.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstddef>
#include <set>

#include "base/log.hpp"
#include "net/pipe_pool.hpp"
#include "net/testing.hpp"

namespace drawbridge::net {
namespace {

using testing::RunningWorker;

Fd connect_to(const Endpoint& to) {
  Fd fd(socket(to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  const socklen_t size = to.to_sockaddr(address);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return {};
  testing::set_patience(fd.get());
  return fd;
}

Endpoint loopback(std::uint16_t port) {
  return {IpAddress::v4(0x7F000001), port};
}

struct Arrival {
  int worker;
  Endpoint peer;
  Fd fd;
};

class ListenerTest : public ::testing::Test {
 protected:
  ListenerOptions options(std::string_view address = "127.0.0.1") {
    ListenerOptions o;
    o.bind.endpoint = {*IpAddress::parse(address), 0};
    o.on_accept = [this](Worker& worker, Fd fd, Endpoint peer, const Listener&) {
      const std::lock_guard lock(mutex);
      arrivals.push_back({worker.index(), peer, std::move(fd)});
      arrived.notify_all();
    };
    return o;
  }
  bool wait_for(std::size_t n) {
    std::unique_lock lock(mutex);
    return arrived.wait_for(lock, seconds(20), [&] { return arrivals.size() >= n; });
  }
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Arrival> arrivals;
};

TEST_F(ListenerTest, AcceptsAndTellsThePeer) {
  RunningWorker worker;
  auto listener = Listener::open(options());
  ASSERT_TRUE(listener) << listener.error().what;
  (*listener)->start({&*worker});
  const Fd client = connect_to((*listener)->address());
  ASSERT_TRUE(wait_for(1));
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &size);
  EXPECT_EQ(arrivals[0].peer, *Endpoint::from_sockaddr(own));
  EXPECT_NE(fcntl(arrivals[0].fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(arrivals[0].fd.get(), F_GETFL) & O_NONBLOCK, 0);
  (*listener)->close();
}

TEST_F(ListenerTest, TheAnyAddressOfIpv6TakesBothFamilies) {
  RunningWorker worker;
  auto listener = Listener::open(options("::"));
  ASSERT_TRUE(listener) << listener.error().what;
  (*listener)->start({&*worker});
  const std::uint16_t port = (*listener)->address().port;
  const Fd four = connect_to(loopback(port));
  ASSERT_TRUE(wait_for(1));
  EXPECT_TRUE(arrivals[0].peer.address.is_v4()) << arrivals[0].peer.text();
  if (!(*listener)->fell_back_to_ipv4()) {
    const Fd six = connect_to({*IpAddress::parse("::1"), port});
    ASSERT_TRUE(wait_for(2));
    EXPECT_FALSE(arrivals[1].peer.address.is_v4());
  }
  (*listener)->close();
}

// From here on this thread gets no IPv6 socket, as on a system without it.
bool refuse_ipv6_sockets() {
  constexpr std::uint32_t number = offsetof(seccomp_data, nr);
  constexpr std::uint32_t family = offsetof(seccomp_data, args);  // low half, little endian
  constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | EAFNOSUPPORT;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, family),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, refused),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = static_cast<unsigned short>(std::size(program)),
                          .filter = program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_F(ListenerTest, WithoutIpv6TheAnyAddressFallsBackToIpv4) {
  RunningWorker worker;
  Result<std::shared_ptr<Listener>> listener = fail(Fault::proxy, "not opened");
  Result<std::shared_ptr<Listener>> loopback_only = fail(Fault::proxy, "not opened");
  bool is_filtered = false;
  std::thread([&] {
    is_filtered = refuse_ipv6_sockets();
    listener = Listener::open(options("::"));
    loopback_only = Listener::open(options("::1"));
  }).join();
  ASSERT_TRUE(is_filtered);
  ASSERT_TRUE(listener) << listener.error().what;
  EXPECT_TRUE((*listener)->fell_back_to_ipv4());
  EXPECT_EQ((*listener)->address().address, IpAddress{});
  (*listener)->start({&*worker});
  const Fd client = connect_to(loopback((*listener)->address().port));
  EXPECT_TRUE(client.valid());
  EXPECT_TRUE(wait_for(1));
  (*listener)->close();
  // Who asked for one IPv6 address did not mean every IPv4 one.
  EXPECT_FALSE(loopback_only);
}

TEST_F(ListenerTest, ATakenPortIsAnErrorThatNamesIt) {
  auto first = Listener::open(options());
  ASSERT_TRUE(first);
  ListenerOptions again = options();
  again.bind.endpoint.port = (*first)->address().port;
  bool in_use = false;
  const auto second = Listener::open(std::move(again), &in_use);
  ASSERT_FALSE(second);
  EXPECT_TRUE(in_use);
  EXPECT_NE(second.error().what.find((*first)->address().text()), std::string::npos);
}

TEST_F(ListenerTest, ReusePortSharesAPortOnlyWhenAsked) {
  ListenerOptions shared = options();
  shared.reuse_port = true;
  auto first = Listener::open(shared);
  ASSERT_TRUE(first);
  shared.bind.endpoint.port = (*first)->address().port;
  EXPECT_TRUE(Listener::open(shared));
  shared.reuse_port = false;
  EXPECT_FALSE(Listener::open(shared));
}

TEST_F(ListenerTest, AfterCloseConnectionsAreRefusedAndThePortIsFree) {
  RunningWorker worker;
  auto listener = Listener::open(options());
  (*listener)->start({&*worker});
  const Endpoint at = (*listener)->address();
  EXPECT_TRUE(connect_to(at).valid());
  (*listener)->close();
  EXPECT_FALSE(connect_to(at).valid());
  worker.settle();
  std::weak_ptr<Listener> gone = *listener;
  listener->reset();
  EXPECT_TRUE(gone.expired()) << "the worker keeps it";
  ListenerOptions again = options();
  again.bind.endpoint = at;
  EXPECT_TRUE(Listener::open(std::move(again)));
}

TEST_F(ListenerTest, OneBusyWorkerHandsConnectionsOver) {
  RunningWorker first({.index = 0});
  RunningWorker second({.index = 1});
  RunningWorker third({.index = 2});
  auto listener = Listener::open(options());
  (*listener)->start({&*first, &*second, &*third});
  first->note_arriving(1000);  // two workers with many connections
  second->note_arriving(1000);
  std::vector<Fd> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(connect_to((*listener)->address()));
  ASSERT_TRUE(wait_for(50));
  (*listener)->close();
  for (const Arrival& a : arrivals) EXPECT_EQ(a.worker, 2);
  EXPECT_EQ(third->load(), 0U) << "what arrived is no longer on its way";
}

TEST_F(ListenerTest, EveryWorkerTakesConnectionsWhenTheOthersAreStuck) {
  RunningWorker first({.index = 0});
  RunningWorker second({.index = 1});
  auto listener = Listener::open(options());
  (*listener)->start({&*first, &*second});
  first.settle();
  second.settle();
  first.freeze();
  std::vector<Fd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_to((*listener)->address()));
  ASSERT_TRUE(wait_for(5));
  for (const Arrival& a : arrivals) EXPECT_EQ(a.worker, 1);
  first.thaw();
  (*listener)->close();
}

std::atomic<int> lines_about_descriptors{0};

TEST_F(ListenerTest, SurvivesRunningOutOfDescriptors) {
  log::set_sink([](log::Level, std::string_view line) {
    if (line.find("descriptors") != std::string_view::npos) lines_about_descriptors.fetch_add(1);
  });
  RunningWorker worker;
  auto listener = Listener::open(options());
  (*listener)->start({&*worker});
  worker.settle();

  std::vector<Fd> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(testing::open_descriptors());
  // Fill the holes below the limit, so that it is reached exactly.
  std::vector<Fd> filler;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  for (;;) {
    Fd fd(dup(0));
    if (!fd.valid()) break;
    filler.push_back(std::move(fd));
  }
  sockaddr_storage address{};
  const socklen_t size = (*listener)->address().to_sockaddr(address);
  for (const Fd& client : clients) {
    EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    testing::set_patience(client.get());
  }
  // Turned away with the spare descriptor, one after each rest, not left hanging.
  for (const Fd& client : clients) EXPECT_NE(testing::next_of(client.get()), '?');
  EXPECT_TRUE(arrivals.empty());

  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  filler.clear();
  const Fd later = connect_to((*listener)->address());
  EXPECT_TRUE(wait_for(1)) << "accepts again when descriptors are back";
  EXPECT_EQ(lines_about_descriptors, 1) << "one line, however many were turned away";
  (*listener)->close();
  log::set_sink(nullptr);
}

// What any child of ours would inherit: nothing.
TEST_F(ListenerTest, EveryDescriptorIsCloseOnExec) {
  const auto inheritable = [] {
    std::set<int> fds;
    for (int fd = 0; fd < 4096; ++fd) {
      const int flags = fcntl(fd, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) fds.insert(fd);
    }
    return fds;
  };
  const std::set<int> from_our_parent = inheritable();
  const std::size_t before = testing::open_descriptors();
  auto pool = std::make_shared<PipePool>();
  RunningWorker worker({.index = 0, .pipes = pool});
  auto listener = Listener::open(options());
  (*listener)->start({&*worker});
  const Fd client = connect_to((*listener)->address());
  ASSERT_TRUE(wait_for(1));
  auto pipe = pool->borrow();
  ASSERT_TRUE(pipe);
  EXPECT_GT(testing::open_descriptors(), before + 7);
  EXPECT_EQ(inheritable(), from_our_parent);
  (*listener)->close();
}

}  // namespace
}  // namespace drawbridge::net
