// Suite `refused`: log-ins (or bare connections) that the relay turns away, as fast as a fixed
// number in flight allows. A connection counts when the relay has ended it. With --rate it is a
// flood of that many a second beside other load, and what could not be kept up is not made up for.
//
// Options: --from A.B.C.D, the sources' first address; --sources N, how many follow it; --say hello
// or nothing; --in-flight N; --rate N (0: as fast as it goes).
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "meter.hpp"
#include "minecraft.hpp"
#include "players.hpp"
#include "sock.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

struct Plan {
  Address target{};
  std::string hello;  // empty: connect and wait for the end
  Address first{};
  int sources = 1;
  int in_flight = 64;
  double rate = 0;
};

class Flood {
 public:
  explicit Flood(Plan plan) : plan_(std::move(plan)), epoll_(make_epoll()) {}

  void run_for(double seconds);
  [[nodiscard]] std::int64_t ended() const { return ended_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  void start();
  void ready(int fd);

  Plan plan_;
  Fd epoll_;
  std::unordered_map<int, Fd> open_;
  std::int64_t ended_ = 0;
  std::int64_t bytes_ = 0;
  int next_source_ = 0;
};

void Flood::start() {
  Address from = plan_.first;
  from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) +
                               static_cast<std::uint32_t>(next_source_++ % plan_.sources));
  from.sin_port = 0;
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) die("socket: {}", std::strerror(errno));
  const int on = 1;
  // The port is chosen when connecting: otherwise 28,000 connections in a minute use them up.
  ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0)
    die("bind: {}", std::strerror(errno));
  // No TIME_WAIT on our side, for the same reason.
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&plan_.target), sizeof plan_.target) !=
      0) {
    if (errno == ECONNRESET || errno == ECONNREFUSED) {
      ++ended_;
      return;
    }
    die("connect: {}", std::strerror(errno));
  }
  if (!plan_.hello.empty())
    ::send(fd.get(), plan_.hello.data(), plan_.hello.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  const int number = fd.get();
  epoll_add(epoll_.get(), number, EPOLLIN, static_cast<std::uint64_t>(number));
  open_.insert_or_assign(number, std::move(fd));
}

void Flood::ready(int fd) {
  std::array<char, 2048> nowhere;
  const ssize_t got = ::recv(fd, nowhere.data(), nowhere.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0) {
    bytes_ += got;
    return;
  }
  open_.erase(fd);
  ++ended_;
}

void Flood::run_for(double seconds) {
  const std::int64_t begin = now_ns();
  const std::int64_t until = begin + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t started = 0;
  for (std::int64_t now = begin; now < until; now = now_ns()) {
    const auto due = static_cast<std::int64_t>(plan_.rate * static_cast<double>(now - begin) / 1e9);
    while (open_.size() < static_cast<std::size_t>(plan_.in_flight) &&
           (plan_.rate <= 0 || started < due)) {
      start();
      ++started;
    }
    if (plan_.rate > 0) started = std::max(started, due - plan_.in_flight);
    std::array<epoll_event, 128> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 5);
    for (int i = 0; i < count; ++i)
      ready(static_cast<int>(events[static_cast<std::size_t>(i)].data.u64));
  }
}

}  // namespace

void run_refused(Args& args) {
  Plan plan;
  plan.target = parse_address(args.text("target", "127.0.0.1:25700"));
  const std::string host = args.text("host", "play.bench.test");
  args.text("backend", "");  // given to every suite
  plan.first = parse_address(args.text("from", "127.0.16.1") + ":1");
  plan.sources = args.number("sources", 1, 1, 60'000);
  plan.in_flight = args.number("in-flight", 64, 1, 4000);
  plan.rate = args.real("rate", 0);
  if (args.text("say", "hello") == "hello")
    plan.hello = login_hello(host, ntohs(plan.target.sin_port), 7);
  const double seconds = args.real("seconds", 3);
  const double warm_up = args.real("warm-up", 0.5);
  Stretch stretch(args);
  args.finish();
  raise_descriptor_limit();

  Flood flood(std::move(plan));
  flood.run_for(warm_up);
  const std::int64_t before = flood.ended();
  stretch.begin();
  flood.run_for(seconds);
  stretch.end();
  const auto done = static_cast<double>(flood.ended() - before);
  if (done == 0) die("no connection was ended by the relay");

  Report report;
  stretch.describe(report);
  report.add("connections", done)
      .add("per_second", done / stretch.wall())
      .add("per_cpu_second", stretch.relay_cpu() > 0 ? done / stretch.relay_cpu() : 0.0)
      .add("cpu_us_per_connection", stretch.relay_cpu() * 1e6 / done)
      .add("answer_bytes", static_cast<double>(flood.bytes()) / done);
  report.print();
}

}  // namespace drawbridge::bench
