// Suite `flood`: one player whose server sends packets as fast as the path takes them, in frames
// that a relay of bytes never sees and one that reads packets has to look at one by one. Option
// --packet BYTES is the size of a frame with its length prefix (about, where it is compressed) and
// --threshold N says where compression begins (negative: never). The frames are made before the
// run, 64 kinds of each size, and the client compares all that it gets with what was sent: a frame
// that nobody asked for has to arrive as it was.
//
// --no-pipes 1 leaves the relay without a free descriptor once the player is in, so that it cannot
// splice: the yardstick is what copying costs.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "login.hpp"
#include "meter.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

constexpr char small_id = 0x2F, large_id = 0x28;  // rel_entity_move, map_chunk of 1.21.4
constexpr std::size_t at_once = 256 << 10;

// Frames end to end, sent over and over.
class Frames {
 public:
  Frames(std::size_t frame_size, int threshold) {
    std::minstd_rand random(20'260'101);
    PacketLink link;
    link.compress_from(threshold);
    // Half of a compressed packet's bytes are noise, so it is twice as long before.
    const std::size_t packet_size = threshold < 0 ? frame_size - 1 : frame_size * 2;
    for (int kind = 0; kind < 64; ++kind) {
      std::string packet(packet_size, threshold < 0 ? small_id : large_id);
      for (std::size_t i = 1; i < packet.size(); ++i) {
        if (threshold < 0 || i % 16 < 8) packet[i] = static_cast<char>(random() >> 8);
      }
      link.put(once_, packet);
    }
    frame_bytes_ = static_cast<double>(once_.size()) / 64;
    round_ = once_.size();
    // Wherever a round is entered, as much as is sent at once follows.
    while (bytes_.size() < round_ + at_once) bytes_ += once_;
  }

  [[nodiscard]] std::string_view from(std::int64_t position) const {
    return std::string_view(bytes_).substr(static_cast<std::size_t>(position) % round_, at_once);
  }
  // Bytes from there to the end of the round, which is the end of a frame; 0 at its beginning.
  [[nodiscard]] std::size_t left_of_round(std::int64_t position) const {
    return (round_ - static_cast<std::size_t>(position) % round_) % round_;
  }
  [[nodiscard]] double frame_bytes() const { return frame_bytes_; }

 private:
  std::string once_, bytes_;
  std::size_t round_ = 0;
  double frame_bytes_ = 0;
};

class Flood {
 public:
  Flood(const Player& player, const Frames& frames)
      : from_(player.server.get()),
        to_(player.client.get()),
        frames_(frames),
        epoll_(make_epoll()) {
    set_nonblocking(from_);
    set_nonblocking(to_);
    epoll_add(epoll_.get(), from_, EPOLLOUT, 0);
    epoll_add(epoll_.get(), to_, EPOLLIN, 1);
  }

  // Sends and receives until `until` (ns).
  void run(std::int64_t until);
  // Sends the rest of the last round, since who reads packets keeps a frame until it is whole, and
  // receives until all has come or `until`.
  void finish(std::int64_t until);
  [[nodiscard]] std::int64_t sent() const { return sent_; }
  [[nodiscard]] std::int64_t received() const { return received_; }

 private:
  void turn();
  void send_some(std::size_t at_most = at_once);
  void receive_some();

  int from_, to_;
  const Frames& frames_;
  Fd epoll_;
  bool finishing_ = false;
  std::int64_t sent_ = 0, received_ = 0;
  std::vector<char> buffer_ = std::vector<char>(at_once);
};

void Flood::send_some(std::size_t at_most) {
  const std::string_view bytes = frames_.from(sent_).substr(0, at_most);
  const ssize_t done = ::send(from_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (done < 0 && errno != EAGAIN) die("flood send: {}", std::strerror(errno));
  sent_ += std::max<ssize_t>(done, 0);
}

void Flood::receive_some() {
  const ssize_t got = ::recv(to_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) die("flood receive: {}", got == 0 ? "end of stream" : std::strerror(errno));
  const std::string_view expected = frames_.from(received_);
  if (std::memcmp(buffer_.data(), expected.data(), static_cast<std::size_t>(got)) != 0) {
    die("the flood was damaged after {} bytes", received_);
  }
  received_ += got;
}

void Flood::turn() {
  std::array<epoll_event, 2> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 100);
  for (int i = 0; i < count; ++i) {
    if (events[static_cast<std::size_t>(i)].data.u64 == 1) {
      receive_some();
    } else if (!finishing_) {
      send_some();
    } else if (const std::size_t rest = frames_.left_of_round(sent_); rest > 0) {
      send_some(rest);
    }
  }
}

void Flood::run(std::int64_t until) {
  while (now_ns() < until) turn();
}

void Flood::finish(std::int64_t until) {
  finishing_ = true;
  while (now_ns() < until && (frames_.left_of_round(sent_) > 0 || received_ < sent_)) turn();
}

// No descriptor beyond those that are open. The kernel lets only a program of the same user do this
// to another, or one with a capability that containers take away, so a child becomes that user.
void take_descriptors(int pid) {
  struct stat owner{};
  const std::string folder = fmt::format("/proc/{}", pid);
  if (::stat(folder.c_str(), &owner) != 0) die("{}: {}", folder, std::strerror(errno));
  const auto used = static_cast<rlim_t>(open_descriptors({pid}));
  const pid_t child = ::fork();
  if (child < 0) die("fork: {}", std::strerror(errno));
  if (child == 0) {
    rlimit limit{};
    const bool same_user =
        owner.st_uid == ::getuid() || (::setresgid(owner.st_gid, owner.st_gid, owner.st_gid) == 0 &&
                                       ::setresuid(owner.st_uid, owner.st_uid, owner.st_uid) == 0);
    if (!same_user || ::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0) ::_exit(1);
    limit.rlim_cur = used;
    ::_exit(::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr) == 0 ? 0 : 1);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) {
    die("the relay's descriptors cannot be limited");
  }
}

}  // namespace

void run_flood(Args& args) {
  Door door(args);
  Stretch stretch(args);
  const auto relay = args.pids("relay");
  const int frame_size = args.number("packet", 100, 8, 1 << 20);
  const int threshold = args.number("threshold", -1, -1, 1 << 20);
  const bool no_pipes = args.number("no-pipes", 0, 0, 1) != 0;
  const double seconds = args.real("seconds", 3);
  const double warm_up = args.real("warm-up", 0.5);
  args.finish();

  const Frames frames(static_cast<std::size_t>(frame_size), threshold);
  const auto players = play_in(door, 0, 1, 1, threshold);
  if (players[0].client_link->encrypted()) die("flood compares bytes: it needs a plain link");
  if (no_pipes) {
    for (const int pid : relay) take_descriptors(pid);
  }
  Flood flood(players[0], frames);
  flood.run(now_ns() + static_cast<std::int64_t>(warm_up * 1e9));
  const std::int64_t before = flood.received();
  stretch.begin();
  flood.run(now_ns() + static_cast<std::int64_t>(seconds * 1e9));
  stretch.end();
  const auto bytes = static_cast<double>(flood.received() - before);
  flood.finish(now_ns() + 5'000'000'000);
  if (flood.received() != flood.sent()) die("{} bytes never came", flood.sent() - flood.received());

  Report report;
  stretch.describe(report);
  report.add("frame_bytes", frames.frame_bytes())
      .add("bytes", static_cast<std::int64_t>(bytes))
      .add("gb_per_s", bytes / 1e9 / stretch.wall())
      .add("relay_cpu_s_per_gb", stretch.relay_cpu() / (bytes / 1e9))
      .add("relay_cpu_us_per_packet", stretch.relay_cpu() * 1e6 / (bytes / frames.frame_bytes()));
  report.print();
}

}  // namespace drawbridge::bench
