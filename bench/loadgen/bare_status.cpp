// The yardstick of the suite `status`: an epoll loop that does what answering a status ping takes
// from the kernel, with the same bytes, the same reads and the same writes as the proxy, and
// nothing else: no parsing, no routing, no limits, no deadlines. It accepts, reads at once, answers
// with the bytes of a file, waits for the ping, answers it, and reads the end of the stream. It is
// no server: it does not look at what it is sent.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "sock.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

std::string load(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) die("cannot read {}", path);
  std::string bytes(65'536, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  if (bytes.empty()) die("{} is empty", path);
  return bytes;
}

enum class Stage : char { nothing_read, answered, ponged };

class BareServer {
 public:
  BareServer(const Address& address, std::string answer)
      : listener_(listen_on(address)), epoll_(make_epoll()), answer_(std::move(answer)) {
    epoll_add(epoll_.get(), listener_.get(), EPOLLIN, static_cast<std::uint64_t>(listener_.get()));
    stages_.resize(20'000);
  }

  void serve() {
    std::array<epoll_event, 128> events;
    while (true) {
      const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u64);
        if (fd == listener_.get()) {
          accept_some();
        } else {
          read_once(fd);
        }
      }
    }
  }

 private:
  void accept_some() {
    for (int i = 0; i < 16; ++i) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      if (static_cast<std::size_t>(fd) >= stages_.size()) die("too many connections");
      stages_[static_cast<std::size_t>(fd)] = Stage::nothing_read;
      read_once(fd);
      epoll_add(epoll_.get(), fd, EPOLLIN, static_cast<std::uint64_t>(fd));
    }
  }

  void read_once(int fd) {
    std::array<char, 4096> bytes;
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      ::close(fd);
      return;
    }
    Stage& stage = stages_[static_cast<std::size_t>(fd)];
    if (stage == Stage::nothing_read) {
      (void)::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      stage = Stage::answered;
    } else if (stage == Stage::answered) {
      (void)::send(fd, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      stage = Stage::ponged;
    }
  }

  Fd listener_, epoll_;
  std::string answer_;
  std::vector<Stage> stages_;
};

}  // namespace

void run_bare_status(Args& args) {
  const Address address = parse_address(args.text("target", "127.0.0.1:25565"));
  const std::string answer = load(args.text("answer", ""));
  args.finish();
  raise_descriptor_limit();
  BareServer(address, answer).serve();
}

}  // namespace drawbridge::bench
