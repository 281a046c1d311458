// A listening socket, one for all workers: it stands in every worker's epoll, level-triggered with
// EPOLLEXCLUSIVE, so that a connection wakes one worker and no accept queue is stranded behind a
// busy one (SO_REUSEPORT only when the user asks: a second process must otherwise be refused).
//
// At most 16 accepts a turn. A worker that holds clearly more connections than the least loaded one
// posts the new descriptor there. Out of descriptors: the connection is taken with a spare one and
// closed, so that the player is told instead of left hanging; one log line in ten seconds; the
// listener rests for 100 ms.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "net/fd.hpp"
#include "net/socket_options.hpp"

namespace drawbridge::net {

class Worker;
class Listener;

// Where to listen. An own type, because Unix sockets will stand beside the endpoint.
struct ListenAddress {
  Endpoint endpoint;
  [[nodiscard]] std::string text() const { return endpoint.text(); }
};

struct ListenerOptions {
  ListenAddress
      bind;  // port 0: the system picks; [::] is dual stack, other IPv6 addresses are what they say
  std::string name;  // for logs; empty: the address
  bool reuse_port = false;
  int backlog = 4096;  // the kernel caps it at net.core.somaxconn
  // On the worker that owns the connection from now on. The descriptor is non-blocking and
  // close-on-exec; no socket options are set yet (they may differ by world; see
  // apply_client_options).
  std::function<void(Worker&, Fd, Endpoint peer, const Listener&)> on_accept;
};

class Listener {
 public:
  // Any thread. Errors name the address and what to do; `address_in_use` tells the usual one apart.
  static Result<std::unique_ptr<Listener>> open(ListenerOptions options,
                                                bool* address_in_use = nullptr);
  ~Listener();  // close()
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Begins to accept on these workers, which must outlive the listener's use of them. Any thread,
  // once.
  void start(const std::vector<Worker*>& workers);
  // Any thread; at once: new connections are refused from here on. Workers let go of it in their
  // own time.
  void close();

  // The address in effect (with the real port). `[::]` stays `[::]`; false dual_stack: the kernel
  // has no IPv6 and 0.0.0.0 was bound instead.
  [[nodiscard]] Endpoint address() const { return address_; }
  [[nodiscard]] bool fell_back_to_ipv4() const { return fell_back_; }
  [[nodiscard]] const std::string& name() const;
  // Accepted since start, over all workers. Any thread.
  [[nodiscard]] std::uint64_t accepted() const;

 private:
  struct Shared;
  class Post;
  Listener() = default;
  std::shared_ptr<Shared> shared_;
  Endpoint address_;
  bool fell_back_ = false;
};

}  // namespace drawbridge::net
