// A listening socket, one for all workers: it stands in every worker's epoll, level-triggered with
// EPOLLEXCLUSIVE, so that a connection wakes one worker and no accept queue is stranded behind a
// busy one (SO_REUSEPORT only when the user asks: a second process must otherwise be refused).
//
// At most 16 accepts a turn. A worker that holds clearly more connections than the least loaded one
// posts the new descriptor there. Out of descriptors: the connection is taken with a spare one and
// closed, so that the player is told instead of left hanging; one log line in ten seconds; the
// listener rests for 100 ms.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "net/fd.hpp"

namespace drawbridge::net {

class Listener;
class Mailbox;
class Worker;

// Where to listen: an endpoint, or the file of a Unix socket.
struct ListenAddress {
  Endpoint endpoint;
  std::string unix_path = {};  // not empty: nothing else counts
  unsigned unix_mode = 0660;   // rights of that file
  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }
  [[nodiscard]] std::string text() const {
    return is_unix() ? "unix:" + unix_path : endpoint.text();
  }
};

struct ListenerOptions {
  ListenAddress
      bind;  // port 0: the system picks; [::] is dual stack, other IPv6 addresses are what they say
  std::string name = {};  // for logs; empty: the address
  bool reuse_port = false;
  int backlog = 4096;  // the kernel caps it at net.core.somaxconn
  // On the worker that owns the connection from now on. `peer` is Endpoint{} on a Unix socket. The
  // descriptor is non-blocking,
  // close-on-exec, and has apply_listener_options().
  std::function<void(Worker&, Fd, Endpoint peer, const Listener&)> on_accept = {};
  // On a worker that could not accept because descriptors have run out: somebody may be spared.
  std::function<void(Worker&)> on_exhausted = {};
};

// Shared by its user and the workers that serve it: call close() to end it, dropping the pointer
// alone does not.
class Listener {
 public:
  // Any thread. Errors name the address and what to do; `address_in_use` tells the usual one apart.
  // The file of a Unix socket that nobody serves any more is replaced; any other file is an error.
  static Result<std::shared_ptr<Listener>> open(ListenerOptions options,
                                                bool* address_in_use = nullptr);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Begins to accept on these workers, which must exist until the last of them has ended (each
  // looks at the others' load). Any thread, once.
  void start(const std::vector<Worker*>& workers);
  // Any thread; at once: new connections are refused from here on, and on_accept is called at most
  // for those that a worker has just taken. The workers let go of it in their own time.
  void close();

  // The address in effect, with the real port; Endpoint{} for a Unix socket.
  [[nodiscard]] Endpoint address() const { return address_; }
  // The kernel has no IPv6: 0.0.0.0 was bound where [::] was asked for.
  [[nodiscard]] bool fell_back_to_ipv4() const { return fell_back_; }
  [[nodiscard]] const std::string& name() const { return options_.name; }

 private:
  class Post;
  struct Seat {
    Worker* worker;
    std::shared_ptr<Mailbox> mailbox;
    const void* post = nullptr;  // of that worker's thread only
  };
  Listener(ListenerOptions options, Fd fd) : options_(std::move(options)), fd_(std::move(fd)) {}

  ListenerOptions options_;
  Fd fd_;
  Endpoint address_;
  bool fell_back_ = false;
  std::pair<dev_t, ino_t> file_{};  // of a Unix socket: ours and no later one's
  std::vector<Seat> seats_;         // as of start(); `post` apart
  std::weak_ptr<Listener> self_;
  std::atomic<bool> closed_{false};
  std::atomic<TimePoint::rep> last_line_{0};
};

}  // namespace drawbridge::net
