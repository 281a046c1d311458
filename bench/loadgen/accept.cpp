// Suite `accept`: connect, hello, the relay connects to the backend, 64 bytes come back, the client
// closes, the relay closes. A connection counts when the backend has seen its end. A fixed number
// is in flight. With --round-trips N the client answers N times as well and gets 64 bytes each
// time, as in a log-in: 1.20.2 and later with encryption takes four (encryption, success, known
// packs, end of configuration) before the world begins.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "meter.hpp"
#include "minecraft.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

constexpr std::size_t answer_size = 64;

class Churn {
 public:
  Churn(Door& door, int round_trips)
      : door_(door), epoll_(make_epoll()), answer_(answer_size, 'x'), round_trips_(round_trips) {
    epoll_add(epoll_.get(), door.listener(), EPOLLIN, static_cast<std::uint64_t>(door.listener()));
  }

  void start_client();
  void turn();
  [[nodiscard]] std::int64_t finished() const { return finished_; }
  void refill(bool on) { refill_ = on; }

 private:
  enum class Role { client, backend_new, backend_answered };
  struct Connection {
    Fd fd;
    Role role = Role::client;
    std::string bytes;
    int round_trips = 0;  // of a client: how many it has begun
  };

  void accept_all();
  void ready(Connection& connection);
  void client_ready(Connection& connection, std::string_view bytes);
  void backend_ready(Connection& connection, std::string_view bytes);
  void watch(Connection connection);
  void backend_ended(int fd);

  Door& door_;
  Fd epoll_;
  std::string answer_;
  int round_trips_;
  std::unordered_map<int, Connection> connections_;
  std::int64_t finished_ = 0;
  int next_player_ = 0;
  bool refill_ = true;
};

void Churn::watch(Connection connection) {
  const int fd = connection.fd.get();
  epoll_add(epoll_.get(), fd, EPOLLIN, static_cast<std::uint64_t>(fd));
  connections_.insert_or_assign(fd, std::move(connection));
}

void Churn::start_client() {
  Connection connection{connect_to(door_.target()), Role::client, {}, 0};
  send_all(connection.fd.get(), login_hello(door_.host(), door_.port(), next_player_++ % 100'000));
  watch(std::move(connection));
}

void Churn::accept_all() {
  while (true) {
    Fd fd(::accept4(door_.listener(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) return;
    set_nodelay(fd.get());
    watch(Connection{std::move(fd), Role::backend_new, {}, 0});
  }
}

void Churn::client_ready(Connection& connection, std::string_view bytes) {
  if (bytes.empty()) die("a client was closed before its answer");
  connection.bytes += bytes;
  if (connection.bytes.size() < answer_size) return;
  if (connection.bytes != answer_) die("a client got a damaged answer: {}", connection.bytes);
  if (connection.round_trips == round_trips_) {
    connections_.erase(connection.fd.get());
    return;
  }
  ++connection.round_trips;
  connection.bytes.clear();
  send_all(connection.fd.get(), answer_);
}

void Churn::backend_ended(int fd) {
  connections_.erase(fd);
  ++finished_;
  if (refill_) start_client();
}

void Churn::backend_ready(Connection& connection, std::string_view bytes) {
  if (bytes.empty()) {
    if (connection.role == Role::backend_new) die("a backend connection ended before its hello");
    backend_ended(connection.fd.get());
    return;
  }
  connection.bytes += bytes;
  const bool hello_came = connection.role == Role::backend_new && parse_hello(connection.bytes);
  const bool answer_came =
      connection.role == Role::backend_answered && connection.bytes.size() >= answer_size;
  if (!hello_came && !answer_came) return;
  connection.role = Role::backend_answered;
  connection.bytes.clear();
  send_all(connection.fd.get(), answer_);
}

void Churn::ready(Connection& connection) {
  std::array<char, 1024> bytes;
  const ssize_t got = ::recv(connection.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  // A relay may end its backend connection by a reset: the end of the connection all the same.
  const std::string_view seen(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (connection.role == Role::client) {
    client_ready(connection, seen);
  } else {
    backend_ready(connection, seen);
  }
}

void Churn::turn() {
  std::array<epoll_event, 128> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 100);
  for (int i = 0; i < count; ++i) {
    const int fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u64);
    if (fd == door_.listener()) {
      accept_all();
    } else if (auto found = connections_.find(fd); found != connections_.end()) {
      ready(found->second);
    }
  }
}

}  // namespace

void run_accept(Args& args) {
  Door door(args);
  Stretch stretch(args);
  const int in_flight = args.number("in-flight", 64, 1, 4000);
  const int round_trips = args.number("round-trips", 0, 0, 1000);
  const double seconds = args.real("seconds", 3);
  const double warm_up = args.real("warm-up", 0.5);
  args.finish();

  Churn churn(door, round_trips);
  for (int i = 0; i < in_flight; ++i) churn.start_client();
  const auto churn_for = [&churn](double length) {
    const std::int64_t until = now_ns() + static_cast<std::int64_t>(length * 1e9);
    while (now_ns() < until) churn.turn();
  };
  churn_for(warm_up);
  const std::int64_t before = churn.finished();
  stretch.begin();
  churn_for(seconds);
  stretch.end();
  const auto done = static_cast<double>(churn.finished() - before);
  churn.refill(false);
  if (done == 0) die("no connection came to its end");

  Report report;
  stretch.describe(report);
  report.add("connections", done)
      .add("per_second", done / stretch.wall())
      .add("per_cpu_second", stretch.relay_cpu() > 0 ? done / stretch.relay_cpu() : 0.0)
      .add("cpu_us_per_connection", stretch.relay_cpu() * 1e6 / done)
      .add("all_cpu_us_per_connection", (stretch.relay_cpu() + stretch.own_cpu()) * 1e6 / done);
  report.print();
}

}  // namespace drawbridge::bench
