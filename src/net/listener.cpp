#include "net/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/mailbox.hpp"
#include "net/socket_options.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace {

constexpr int accepts_a_turn = 16;
constexpr Duration rest = milliseconds(100);
constexpr Duration between_lines = seconds(10);
// "Clearly more": a handful, and an eighth, above the least loaded worker. Below that a hand-over
// costs more than it evens out.
bool clearly_more(std::uint32_t mine, std::uint32_t least) {
  return mine > least + 4 + least / 8;
}

// Not by std::error_category: this is called when the process has no descriptor left, and a
// sanitizer that looks at virtual tables needs one.
std::string words(int error) {
  const char* description = strerrordesc_np(error);
  return description != nullptr ? description : std::to_string(error);
}

}  // namespace

// The listener's seat at one worker: stands in its epoll, owned by it.
class Listener::Post final : public Pollable, private Timer {
 public:
  Post(Worker& worker, std::shared_ptr<Listener> listener)
      : worker_(worker), listener_(std::move(listener)), spare_(open_spare()) {}
  ~Post() {
    worker_.disarm(*this);
    worker_.forget(*this);
    if (watched_) worker_.unwatch(listener_->fd_.get(), true);
  }

  void watch() {
    const int error = worker_.watch(listener_->fd_.get(), *this, 0, EPOLLIN | EPOLLEXCLUSIVE, true);
    watched_ = error == 0;
    if (!watched_) {
      log::error("net", "cannot wait for connections",
                 {{"listener", listener_->name()}, {"error", words(error)}});
    }
  }

 private:
  static Fd open_spare() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

  void on_events(unsigned, std::uint32_t) override {
    for (int i = 0; i < accepts_a_turn; ++i) {
      if (!accept_one()) return;
    }
  }

  void on_deadline() override { watch(); }

  // False: nothing more to accept for now.
  bool accept_one() {
    if (listener_->closed_.load(std::memory_order_relaxed)) return false;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Fd fd(accept4(listener_->fd_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      const auto peer = Endpoint::from_sockaddr(from);
      place(std::move(fd), peer.value_or(Endpoint{}));
      return true;
    }
    switch (errno) {
      case EAGAIN:
      case EINVAL:  // closed under us
      case EBADF:
        return false;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        out_of_descriptors(errno);
        return false;
      default:  // that connection is over before it began: ECONNABORTED, EPERM by a firewall,
                // network errors
        return true;
    }
  }

  void place(Fd fd, Endpoint peer) {
    const Seat* least = nullptr;
    for (const auto& seat : listener_->seats_) {
      if (least == nullptr || seat.worker->load() < least->worker->load()) least = &seat;
    }
    if (least == nullptr || least->worker == &worker_ ||
        !clearly_more(worker_.load(), least->worker->load())) {
      listener_->options_.on_accept(worker_, std::move(fd), peer, *listener_);
      return;
    }
    Worker* to = least->worker;
    to->note_arriving(1);
    least->mailbox->post([to, held = std::move(fd), peer, listener = listener_]() mutable {
      to->note_arriving(-1);
      if (listener->closed_.load(std::memory_order_relaxed)) return;
      listener->options_.on_accept(*to, std::move(held), peer, *listener);
    });
  }

  // Whoever knocked gets an end instead of silence, and we some rest: level-triggered, the socket
  // would wake us again at once for as long as the descriptors are gone.
  void out_of_descriptors(int error) {
    if (spare_.valid()) {
      spare_.reset();
      Fd turned_away(accept4(listener_->fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      turned_away.reset();
      spare_ = open_spare();
    } else {
      spare_ = open_spare();
    }
    worker_.unwatch(listener_->fd_.get(), true);
    watched_ = false;
    worker_.arm(*this, worker_.now() + rest);
    if (listener_->options_.on_exhausted) listener_->options_.on_exhausted(worker_);

    const auto now = worker_.now().time_since_epoch().count();
    auto last = listener_->last_line_.load(std::memory_order_relaxed);
    if (last != 0 && now - last < Duration(between_lines).count()) return;
    if (!listener_->last_line_.compare_exchange_strong(last, now)) return;
    log::error("net",
               "connections are turned away: no descriptors left (raise the limit, ulimit -n)",
               {{"listener", listener_->name()}, {"error", words(error)}});
  }

  Worker& worker_;
  std::shared_ptr<Listener> listener_;
  Fd spare_;
  bool watched_ = false;
};

namespace {

// A bound, listening socket, or errno.
std::expected<Fd, int> bind_socket(const Endpoint& at, const ListenerOptions& options) {
  const bool v6 = !at.address.is_v4();
  Fd fd(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return std::unexpected(errno);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options.reuse_port && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return std::unexpected(errno);
  }
  if (v6) {
    const int only = at.address == IpAddress::v6({}) ? 0 : 1;
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  apply_listener_options(fd.get());
  sockaddr_storage address{};
  const socklen_t size = at.to_sockaddr(address);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(fd.get(), options.backlog) != 0) {
    return std::unexpected(errno);
  }
  return fd;
}

std::pair<dev_t, ino_t> identity_of(const std::string& path) {
  struct stat file{};
  if (lstat(path.c_str(), &file) != 0) return {};
  return {file.st_dev, file.st_ino};
}

// Removes a socket file that nobody listens on any more. Errno of what stands in the way, else 0.
int clear_stale(const std::string& path, const sockaddr_un& address) {
  struct stat file{};
  if (lstat(path.c_str(), &file) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(file.st_mode)) return EEXIST;
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return errno;
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno != ECONNREFUSED)
    return EADDRINUSE;
  return unlink(path.c_str()) == 0 ? 0 : errno;
}

// The rights are there before anybody can connect.
std::expected<Fd, int> bind_unix(const ListenAddress& at, int backlog) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (at.unix_path.size() >= sizeof address.sun_path) return std::unexpected(ENAMETOOLONG);
  std::memcpy(address.sun_path, at.unix_path.data(), at.unix_path.size());
  if (const int error = clear_stale(at.unix_path, address); error != 0)
    return std::unexpected(error);
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return std::unexpected(errno);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      chmod(at.unix_path.c_str(), at.unix_mode) != 0 || listen(fd.get(), backlog) != 0)
    return std::unexpected(errno);
  return fd;
}

std::string unix_advice(int error) {
  if (error == EADDRINUSE) return "another program listens on it";
  if (error == EEXIST) return "there is a file of that name, and it is no socket";
  return words(error);
}

std::string advice(int error) {
  switch (error) {
    case EADDRINUSE:
      return "the port is taken by another program";
    case EACCES:
      return "not allowed to use this port (below 1024 it takes CAP_NET_BIND_SERVICE)";
    case EADDRNOTAVAIL:
      return "this machine does not have that address";
    default:
      return words(error);
  }
}

}  // namespace

Result<std::shared_ptr<Listener>> Listener::open(ListenerOptions options, bool* address_in_use) {
  if (address_in_use != nullptr) *address_in_use = false;
  if (options.bind.is_unix()) {
    const std::string path = options.bind.unix_path;
    auto bound = bind_unix(options.bind, options.backlog);
    if (!bound)
      return fail(Fault::proxy, "cannot listen on unix:{}: {}", path, unix_advice(bound.error()));
    auto listener = std::shared_ptr<Listener>(new Listener(std::move(options), std::move(*bound)));
    listener->file_ = identity_of(path);
    listener->self_ = listener;
    if (listener->options_.name.empty()) listener->options_.name = listener->options_.bind.text();
    return listener;
  }
  Endpoint at = options.bind.endpoint;
  auto fd = bind_socket(at, options);
  const bool any_v6 = at.address == IpAddress::v6({});
  bool fell_back = false;
  if (!fd && any_v6 && (fd.error() == EAFNOSUPPORT || fd.error() == EADDRNOTAVAIL)) {
    at.address = IpAddress{};
    fell_back = true;
    fd = bind_socket(at, options);
  }
  if (!fd) {
    if (address_in_use != nullptr) *address_in_use = fd.error() == EADDRINUSE;
    return fail(Fault::proxy, "cannot listen on {}: {}", at.text(), advice(fd.error()));
  }

  auto listener = std::shared_ptr<Listener>(new Listener(std::move(options), std::move(*fd)));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(listener->fd_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  listener->address_ = at;
  if (const auto real = Endpoint::from_sockaddr(bound)) listener->address_.port = real->port;
  listener->fell_back_ = fell_back;
  listener->self_ = listener;
  if (listener->options_.name.empty()) listener->options_.name = listener->address_.text();
  return listener;
}

Listener::~Listener() = default;

void Listener::start(const std::vector<Worker*>& workers) {
  for (Worker* worker : workers) seats_.push_back({worker, worker->mailbox()});
  for (Seat& seat : seats_) {
    seat.mailbox->post([&seat, self = self_.lock()] {
      auto post = std::make_shared<Post>(*seat.worker, self);
      seat.post = post.get();
      post->watch();
      seat.worker->attach(std::move(post));
    });
  }
}

void Listener::close() {
  if (closed_.exchange(true)) return;
  // Ends listening at once, although the workers still hold the descriptor for a moment.
  shutdown(fd_.get(), SHUT_RDWR);
  // A later process may have put its own socket there.
  const std::string& path = options_.bind.unix_path;
  if (!path.empty() && identity_of(path) == file_) unlink(path.c_str());
  for (Seat& seat : seats_) {
    seat.mailbox->post([&seat, self = self_.lock()] { seat.worker->detach(seat.post); });
  }
}

}  // namespace drawbridge::net
