// Suite `bulk`: one player whose server sends as fast as the path takes it. Two kinds of source:
// `copy` is write() of a user buffer and recv() into one; `page` is sendfile() of page cache and a
// receiver that discards (MSG_TRUNC), the nearest that loopback has to pages of a network card:
// what remains is the relay's own work.
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "meter.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

constexpr std::size_t source_size = 4 << 20;
constexpr std::size_t chunk = 256 << 10;
constexpr std::size_t page_size = 4096;

class Source {
 public:
  explicit Source(bool pages) : pages_(pages), file_(::memfd_create("bulk", MFD_CLOEXEC)) {
    if (!file_.valid() || ::ftruncate(file_.get(), source_size) != 0) {
      die("memfd: {}", std::strerror(errno));
    }
    // Mapped memory begins on a page: an unaligned buffer costs a quarter of the speed on some
    // processors.
    void* mapped = ::mmap(nullptr, source_size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    if (mapped == MAP_FAILED) die("mmap: {}", std::strerror(errno));
    bytes_ = static_cast<char*>(mapped);
    for (std::size_t i = 0; i < source_size; ++i) bytes_[i] = static_cast<char>(i * 31 >> 7);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() { ::munmap(bytes_, source_size); }

  // Sends the next chunk; false when the socket is full.
  bool send_some(int fd) {
    ssize_t done = 0;
    if (pages_) {
      off_t offset = static_cast<off_t>(position_);
      done = ::sendfile(fd, file_.get(), &offset, std::min(chunk, source_size - position_));
    } else {
      done = ::send(fd, bytes_ + position_, std::min(chunk, source_size - position_),
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (done < 0 && errno == EAGAIN) return false;
    if (done <= 0) die("bulk send: {}", std::strerror(errno));
    position_ = (position_ + static_cast<std::size_t>(done)) % source_size;
    sent_ += done;
    return true;
  }
  [[nodiscard]] std::int64_t sent() const { return sent_; }

 private:
  bool pages_;
  Fd file_;
  char* bytes_ = nullptr;
  std::size_t position_ = 0;
  std::int64_t sent_ = 0;
};

class Sink {
 public:
  explicit Sink(bool discard) : discard_(discard) {
    bytes_ = static_cast<char*>(std::aligned_alloc(page_size, chunk));
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() { std::free(bytes_); }

  // False when nothing is there.
  bool receive_some(int fd) {
    const ssize_t got = ::recv(fd, discard_ ? nullptr : bytes_, discard_ ? 4 * chunk : chunk,
                               MSG_DONTWAIT | (discard_ ? MSG_TRUNC : 0));
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) die("bulk receive: {}", got == 0 ? "end of stream" : std::strerror(errno));
    received_ += got;
    return true;
  }
  [[nodiscard]] std::int64_t received() const { return received_; }

 private:
  bool discard_;
  char* bytes_;
  std::int64_t received_ = 0;
};

void flow(int epoll, int from, int to, Source& source, Sink& sink, bool sending,
          std::int64_t until) {
  std::array<epoll_event, 2> events;
  while (now_ns() < until && (sending || sink.received() < source.sent())) {
    const int count = ::epoll_wait(epoll, events.data(), events.size(), 100);
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == 0 && sending && (event.events & EPOLLOUT) != 0) {
        source.send_some(from);
      }
      if (event.data.u64 == 1 && (event.events & EPOLLIN) != 0) sink.receive_some(to);
    }
  }
}

}  // namespace

void run_bulk(Args& args) {
  Door door(args);
  Stretch stretch(args);
  const std::string kind = args.text("source", "page");
  const double seconds = args.real("seconds", 3);
  const double warm_up = args.real("warm-up", 0.5);
  args.finish();
  if (kind != "page" && kind != "copy") die("--source is page or copy");

  auto players = door.log_in(0, 1, 1);
  const int from = players[0].server.get();
  const int to = players[0].client.get();
  set_nonblocking(from);
  set_nonblocking(to);
  const Fd epoll = make_epoll();
  epoll_add(epoll.get(), from, EPOLLOUT, 0);
  epoll_add(epoll.get(), to, EPOLLIN, 1);
  Source source(kind == "page");
  Sink sink(kind == "page");

  flow(epoll.get(), from, to, source, sink, true,
       now_ns() + static_cast<std::int64_t>(warm_up * 1e9));
  const std::int64_t before = sink.received();
  stretch.begin();
  flow(epoll.get(), from, to, source, sink, true,
       now_ns() + static_cast<std::int64_t>(seconds * 1e9));
  stretch.end();
  const auto bytes = static_cast<double>(sink.received() - before);
  epoll_event none{};
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, from, &none);
  flow(epoll.get(), from, to, source, sink, false, now_ns() + 5'000'000'000);
  if (sink.received() != source.sent()) die("{} bytes never came", source.sent() - sink.received());

  Report report;
  stretch.describe(report);
  report.add("source", kind)
      .add("bytes", static_cast<std::int64_t>(bytes))
      .add("gb_per_s", bytes / 1e9 / stretch.wall())
      .add("relay_cpu_s_per_gb", stretch.relay_cpu() / (bytes / 1e9))
      .add("all_cpu_s_per_gb", (stretch.relay_cpu() + stretch.own_cpu()) / (bytes / 1e9));
  report.print();
}

}  // namespace drawbridge::bench
