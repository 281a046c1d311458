#include "control/control_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.hpp"
#include "control/loop.hpp"

namespace drawbridge::control {

namespace {

using Local = asio::local::stream_protocol;
constexpr Duration client_deadline = seconds(5);
constexpr Duration retry_pause = milliseconds(100);
constexpr Duration stream_pause = milliseconds(100);

std::unexpected<Error> broken(const std::filesystem::path& path, std::string_view what) {
  return fail(Fault::proxy, "{}: {}: {}", path.native(), what, std::strerror(errno));
}

bool fill(sockaddr_un& address, const std::filesystem::path& path) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return true;
}

// A connected socket, or -1 with errno.
int connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  if (!fill(address, path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

bool is_owner(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
         (who.uid == 0 || who.uid == geteuid());
}

}  // namespace

struct ControlSocket::State : std::enable_shared_from_this<State> {
  struct Client : std::enable_shared_from_this<Client> {
    Client(Local::socket s, State& owner)
        : socket(std::move(s)), timer(socket.get_executor()), state(owner.weak_from_this()) {}
    ~Client() {
      const auto owner = state.lock();
      if (!owner) return;
      if (is_stream)
        --owner->open_streams;
      else
        owner->client_gone();
    }
    void serve() {
      timer.expires_after(client_deadline);
      timer.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
        if (const auto client = self.lock(); client && !error) client->socket.close();
      });
      asio::async_read_until(
          socket, asio::dynamic_buffer(request, max_request), '\n',
          [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
            if (!error) self->answer(size);
          });
    }
    void answer(std::size_t size) {
      const auto owner = state.lock();
      if (!owner) return;
      const std::string_view line = std::string_view(request).substr(0, size - 1);
      if (owner->streams) stream = owner->streams(line);
      if (stream) return begin_stream(*owner);
      reply = owner->handler(line);
      asio::async_write(socket, asio::buffer(reply),
                        [self = shared_from_this()](const boost::system::error_code&, std::size_t) {
                          self->timer.cancel();
                        });
    }
    // It gives back its place among those that want a short answer.
    void begin_stream(State& owner) {
      if (owner.open_streams == max_streams) {
        stream = nullptr;
        reply = "2\nerror: too many are following already\n";
        asio::async_write(socket, asio::buffer(reply),
                          [self = shared_from_this()](const boost::system::error_code&,
                                                      std::size_t) { self->timer.cancel(); });
        return;
      }
      is_stream = true;
      ++owner.open_streams;
      owner.client_gone();
      timer.cancel();
      watch_for_end();
      go_on();
    }
    // A client has nothing more to say: whatever it sends is its end, or it has gone.
    void watch_for_end() {
      asio::async_read(socket, asio::buffer(&farewell, 1),
                       [self = weak_from_this()](const boost::system::error_code&, std::size_t) {
                         const auto client = self.lock();
                         if (!client) return;
                         boost::system::error_code ignored;
                         static_cast<void>(client->socket.close(ignored));
                         client->timer.cancel();
                       });
    }
    void go_on() {
      if (!socket.is_open() || state.expired()) return;
      reply = stream();
      if (reply.empty()) {
        timer.expires_after(stream_pause);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
          if (!error) self->go_on();
        });
        return;
      }
      asio::async_write(
          socket, asio::buffer(reply),
          [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
            if (!error) self->go_on();
          });
    }
    Local::socket socket;
    asio::steady_timer timer;
    std::weak_ptr<State> state;
    std::string request, reply;
    Stream stream;
    bool is_stream = false;
    char farewell = 0;
  };

  State(Loop& loop, std::filesystem::path p, Handler h, Streams s)
      : acceptor(loop.io),
        retry(loop.io),
        path(std::move(p)),
        handler(std::move(h)),
        streams(std::move(s)) {}

  void accept() {
    if (clients >= max_clients || !acceptor.is_open()) return;
    accepting = true;
    acceptor.async_accept(
        [self = shared_from_this()](const boost::system::error_code& error, Local::socket socket) {
          self->accepting = false;
          if (error) return self->accept_later(error);
          if (is_owner(socket.native_handle())) {
            ++self->clients;
            std::make_shared<Client>(std::move(socket), *self)->serve();
          }
          self->accept();
        });
  }
  // Descriptors or memory have run out, which is when an operator has questions.
  void accept_later(const boost::system::error_code& error) {
    if (error == asio::error::operation_aborted) return;
    accepting = true;
    retry.expires_after(retry_pause);
    retry.async_wait([self = shared_from_this()](const boost::system::error_code& ended) {
      self->accepting = false;
      if (!ended) self->accept();
    });
  }
  void client_gone() {
    --clients;
    if (!accepting) accept();
  }

  Local::acceptor acceptor;
  asio::steady_timer retry;
  std::filesystem::path path;
  Handler handler;
  Streams streams;
  std::size_t clients = 0;
  std::size_t open_streams = 0;
  bool accepting = false;
  bool bound = false;
};

ControlSocket::ControlSocket(ControlThread& control, std::filesystem::path path, Handler handler,
                             Streams streams)
    : state_(std::make_shared<State>(control.loop(), std::move(path), std::move(handler),
                                     std::move(streams))) {}

ControlSocket::~ControlSocket() {
  boost::system::error_code ignored;
  static_cast<void>(state_->acceptor.close(ignored));
  state_->retry.cancel();
  if (state_->bound) unlink(state_->path.c_str());
  state_->handler = [](std::string_view) { return std::string(); };
  state_->streams = nullptr;
}

Result<> ControlSocket::open() {
  State& state = *state_;
  struct stat about{};
  if (lstat(state.path.c_str(), &about) == 0) {
    if (!S_ISSOCK(about.st_mode))
      return fail(Fault::proxy, "{} is another file", state.path.native());
    const int other = connect_to(state.path);
    if (other >= 0) {
      close(other);
      return fail(Fault::proxy, "{}: another proxy answers there", state.path.native());
    }
    // Whoever is there and does not let us in may be alive.
    if (errno != ECONNREFUSED) return broken(state.path, "a socket is there already");
    unlink(state.path.c_str());
  }
  sockaddr_un address{};
  if (!fill(address, state.path))
    return fail(Fault::proxy, "{} is too long for a socket's name", state.path.native());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return broken(state.path, "no socket");
  // The name gets the rights of the descriptor: at no moment may others connect.
  if (fchmod(fd, 0600) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      chmod(state.path.c_str(), 0600) != 0 || listen(fd, 16) != 0) {
    auto error = broken(state.path, "cannot be listened on");
    close(fd);
    return error;
  }
  state.bound = true;
  boost::system::error_code error;
  static_cast<void>(state.acceptor.assign(Local(), fd, error));
  if (error) {
    close(fd);
    return fail(Fault::proxy, "{}: {}", state.path.native(), error.message());
  }
  state.accept();
  return {};
}

bool is_control_socket_dead(const std::filesystem::path& path) {
  const int fd = connect_to(path);
  if (fd < 0) return errno == ENOENT || errno == ECONNREFUSED;
  close(fd);
  return false;
}

Result<std::string> ask_control_socket(const std::filesystem::path& path, std::string_view request,
                                       Duration patience) {
  const int fd = connect_to(path);
  if (fd < 0) return broken(path, "no running proxy answers");
  const std::string line = std::string(request) + "\n";
  std::string answer;
  bool whole =
      send(fd, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
  const TimePoint until = Clock::now() + patience;
  while (whole) {
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now()).count();
    if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) {
      whole = false;
      break;
    }
    char buffer[4096];
    const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count < 0) whole = false;
    if (count <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  close(fd);
  if (!whole || answer.empty())
    return fail(Fault::proxy, "{}: the proxy did not answer", path.native());
  return answer;
}

Result<bool> follow_control_socket(const std::filesystem::path& path, std::string_view request,
                                   int interrupted,
                                   const std::function<void(std::string_view text)>& take) {
  const int fd = connect_to(path);
  if (fd < 0) return broken(path, "no running proxy answers");
  const std::string line = std::string(request) + "\n";
  bool goes_on =
      send(fd, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
  bool is_whole = goes_on;
  while (goes_on) {
    pollfd wait[] = {{.fd = fd, .events = POLLIN, .revents = 0},
                     {.fd = interrupted, .events = POLLIN, .revents = 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) break;
    if (wait[1].revents != 0) {
      is_whole = false;
      break;
    }
    if (wait[0].revents == 0) continue;
    char buffer[4096];
    const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count > 0) take(std::string_view(buffer, static_cast<std::size_t>(count)));
    goes_on = count > 0;
  }
  close(fd);
  return is_whole;
}

}  // namespace drawbridge::control
