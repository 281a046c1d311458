// Suite `status`: server list pings as a client makes them: handshake and request in one segment,
// the answer, a ping, the pong, close. A fixed number is in flight. The backend answers whenever
// the proxy asks it; how often it did is reported, so that a cache that does not cache is seen.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unordered_map>

#include "meter.hpp"
#include "minecraft.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

class Pings {
 public:
  explicit Pings(Door& door)
      : door_(door), epoll_(make_epoll()), hello_(status_hello(door.host(), door.port())) {
    epoll_add(epoll_.get(), door.listener(), EPOLLIN, static_cast<std::uint64_t>(door.listener()));
  }

  void start_client();
  void turn();
  void run_for(double seconds);
  [[nodiscard]] std::int64_t finished() const { return finished_; }
  [[nodiscard]] std::int64_t asked() const { return asked_; }
  // The whole status frame; every client must have got the same.
  [[nodiscard]] const std::string& answer() const { return answer_; }

 private:
  enum class Role { awaits_status, awaits_pong, backend };
  struct Connection {
    Fd fd;
    Role role = Role::awaits_status;
    std::string bytes;
    std::uint64_t token = 0;
  };

  void watch(Connection connection);
  void accept_all();
  void ready(int fd, Connection& connection);
  void status_ready(Connection& connection);
  void pong_ready(int fd, Connection& connection);
  static void backend_ready(Connection& connection, std::int64_t& asked);

  Door& door_;
  Fd epoll_;
  std::string hello_, answer_;
  std::unordered_map<int, Connection> connections_;
  std::int64_t finished_ = 0, asked_ = 0;
  std::uint64_t next_token_ = 1;
};

void Pings::watch(Connection connection) {
  const int fd = connection.fd.get();
  epoll_add(epoll_.get(), fd, EPOLLIN, static_cast<std::uint64_t>(fd));
  connections_.insert_or_assign(fd, std::move(connection));
}

void Pings::start_client() {
  Connection connection{connect_to(door_.target()), Role::awaits_status, {}, next_token_++};
  send_all(connection.fd.get(), hello_);
  watch(std::move(connection));
}

void Pings::accept_all() {
  while (true) {
    Fd fd(::accept4(door_.listener(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) return;
    watch(Connection{std::move(fd), Role::backend, {}, 0});
  }
}

void Pings::status_ready(Connection& connection) {
  const auto size = frame_size(connection.bytes);
  if (!size || connection.bytes.size() < *size) return;
  if (connection.bytes.size() > *size) die("bytes behind a status answer");
  if (answer_.empty()) answer_ = connection.bytes;
  if (connection.bytes != answer_) die("two clients got different status answers");
  connection.bytes.clear();
  connection.role = Role::awaits_pong;
  send_all(connection.fd.get(), ping(connection.token));
}

void Pings::pong_ready(int fd, Connection& connection) {
  const std::string expected = ping(connection.token);
  if (connection.bytes.size() < expected.size()) return;
  if (connection.bytes != expected) die("a client got a wrong pong");
  connections_.erase(fd);
  ++finished_;
  start_client();
}

void Pings::backend_ready(Connection& connection, std::int64_t& asked) {
  const auto hello = parse_hello(connection.bytes);
  if (hello) {
    send_all(connection.fd.get(), status_answer(status_json()));
    connection.bytes.erase(0, hello->consumed);
    ++asked;
  }
}

void Pings::ready(int fd, Connection& connection) {
  std::array<char, 8192> bytes;
  const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (connection.role == Role::backend) {
    if (got <= 0) {
      connections_.erase(fd);
      return;
    }
    connection.bytes.append(bytes.data(), static_cast<std::size_t>(got));
    if (connection.bytes.front() != '\x09') backend_ready(connection, asked_);
    return;
  }
  if (got <= 0) die("a client was closed before its {}", answer_.empty() ? "status" : "pong");
  connection.bytes.append(bytes.data(), static_cast<std::size_t>(got));
  if (connection.role == Role::awaits_status) {
    status_ready(connection);
  } else {
    pong_ready(fd, connection);
  }
}

void Pings::turn() {
  std::array<epoll_event, 128> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 100);
  for (int i = 0; i < count; ++i) {
    const int fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u64);
    if (fd == door_.listener()) {
      accept_all();
    } else if (auto found = connections_.find(fd); found != connections_.end()) {
      ready(fd, found->second);
    }
  }
}

void Pings::run_for(double seconds) {
  const std::int64_t until = now_ns() + static_cast<std::int64_t>(seconds * 1e9);
  while (now_ns() < until) turn();
}

void save(const std::string& path, const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() ||
      std::fclose(file) != 0) {
    die("cannot write {}", path);
  }
}

}  // namespace

void run_status(Args& args) {
  Door door(args);
  Stretch stretch(args);
  const int in_flight = args.number("in-flight", 64, 1, 4000);
  const double seconds = args.real("seconds", 3);
  const double warm_up = args.real("warm-up", 0.5);
  const std::string save_to = args.text("save-answer", "");
  args.finish();

  Pings pings(door);
  for (int i = 0; i < in_flight; ++i) pings.start_client();
  pings.run_for(warm_up);
  const std::int64_t before = pings.finished();
  stretch.begin();
  pings.run_for(seconds);
  stretch.end();
  const auto done = static_cast<double>(pings.finished() - before);
  if (done == 0) die("no ping was answered");
  if (!save_to.empty()) save(save_to, pings.answer());

  Report report;
  stretch.describe(report);
  report.add("pings", done)
      .add("per_second", done / stretch.wall())
      .add("cpu_us_per_ping", stretch.relay_cpu() * 1e6 / done)
      .add("answer_bytes", static_cast<std::int64_t>(pings.answer().size()))
      .add("backend_asked", pings.asked());
  report.print();
}

}  // namespace drawbridge::bench
