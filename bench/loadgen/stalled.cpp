// Suite `stalled`: clients that stop reading while their servers go on sending. Each client first
// reads a good deal at full speed, because the kernel lets the windows of such a connection grow: a
// client that never read is the easy case. Then the program fills the paths until they take nothing
// more for a second, prints one line and waits for a line on standard input: that is the moment in
// which bench/run looks at the relay's sockets and pipes. At last the clients read everything, and
// every byte must come.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>

#include "meter.hpp"
#include "players.hpp"
#include "suites.hpp"

namespace drawbridge::bench {

namespace {

// The stream repeats itself after a prime number of bytes, so that no buffer size hides a piece
// that is lost or doubled.
constexpr std::size_t period = 65'521;

const std::vector<char>& pattern() {
  static const std::vector<char> bytes = [] {
    std::vector<char> made(2 * period);
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i] = static_cast<char>((i % period * 7 + (i % period >> 9)) & 0xFF);
    }
    return made;
  }();
  return bytes;
}

const char* stream_at(std::int64_t position) {
  return pattern().data() + static_cast<std::size_t>(position) % period;
}

struct Stalling {
  explicit Stalling(Player&& from) : player(std::move(from)) {}

  // Sends until the path takes no more, or `most` bytes have been sent in all; the bytes that went.
  std::int64_t fill(std::int64_t most);
  // Reads what is there, up to `expected` bytes in all, and checks it. Waits at most five seconds
  // for the first byte.
  void read_some(std::int64_t expected);

  Player player;
  std::int64_t sent = 0;
  std::int64_t received = 0;
};

std::int64_t Stalling::fill(std::int64_t most) {
  const std::int64_t before = sent;
  while (sent < most) {
    const auto size = std::min(static_cast<std::size_t>(most - sent), period);
    const ssize_t done =
        ::send(player.server.get(), stream_at(sent), size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && errno == EAGAIN) break;
    if (done < 0) die("a stalled player was dropped: {}", std::strerror(errno));
    sent += done;
  }
  return sent - before;
}

void Stalling::read_some(std::int64_t expected) {
  static std::vector<char> bytes(period);
  const auto size = std::min(static_cast<std::size_t>(expected - received), period);
  if (!wait_readable(player.client.get(), 5000)) die("{} bytes never came", sent - received);
  const ssize_t got = ::recv(player.client.get(), bytes.data(), size, 0);
  if (got <= 0) die("a stalled player was dropped");
  if (std::memcmp(bytes.data(), stream_at(received), static_cast<std::size_t>(got)) != 0) {
    die("damaged bytes between {} and {}", received, received + got);
  }
  received += got;
}

void read_fast(Stalling& stalling, std::int64_t amount) {
  while (stalling.received < amount) {
    stalling.fill(amount);
    stalling.read_some(amount);
  }
}

// Until nothing has moved for a second, or 20 s have passed.
void fill_all(std::vector<Stalling>& all) {
  const std::int64_t give_up = now_ns() + 20'000'000'000;
  for (int quiet_turns = 0; quiet_turns < 10 && now_ns() < give_up;) {
    std::int64_t moved = 0;
    for (Stalling& stalling : all) moved += stalling.fill(INT64_MAX);
    quiet_turns = moved == 0 ? quiet_turns + 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

void run_stalled(Args& args) {
  Door door(args);
  const int count = args.number("players", 8, 1, 1000);
  const std::int64_t read_first =
      args.number("read-first-mib", 64, 0, 4096) * (std::int64_t{1} << 20);
  args.finish();

  std::vector<Stalling> all;
  for (Player& player : door.log_in(0, count, 64)) all.emplace_back(std::move(player));
  for (Stalling& stalling : all) read_fast(stalling, read_first);
  fill_all(all);

  std::int64_t taken = 0;
  for (const Stalling& stalling : all) taken += stalling.sent - stalling.received;
  Report stalled;
  stalled.add("state", "stalled")
      .add("players", static_cast<std::int64_t>(count))
      .add("taken_bytes_per_player", static_cast<double>(taken) / count);
  stalled.print();
  if (std::getchar() == EOF) die("nobody asked the clients to read on");
  for (Stalling& stalling : all) {
    while (stalling.received < stalling.sent) stalling.read_some(stalling.sent);
  }
  Report done;
  done.add("state", "resumed").add("bytes", taken);
  done.print();
}

}  // namespace drawbridge::bench
