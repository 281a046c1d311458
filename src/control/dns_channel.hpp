// c-ares on the control thread's loop: one question in, one answer out. No cache and no policy
// (resolver.hpp has those). For the .cpp files of this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "control/control_thread.hpp"

struct ares_channeldata;

namespace drawbridge::control {

enum class DnsStatus : std::uint8_t {
  ok,
  no_such_name,
  no_data,    // the name exists, but has no address of this family
  failed,     // time-out, refusal, server failure, bad answer
  abandoned,  // the channel was destroyed before an answer came
};

struct DnsAnswer {
  DnsStatus status = DnsStatus::failed;
  std::string why;                   // when not ok
  std::vector<IpAddress> addresses;  // in the order of the answer
  Duration ttl{};                    // the smallest of the chain; may be 0
};

// An SRV record (RFC 2782): where a service of a name is.
struct ServiceTarget {
  std::string host;
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  // lower first
  std::uint16_t weight = 0;
  bool operator==(const ServiceTarget&) const = default;
};

struct DnsServices {
  DnsStatus status = DnsStatus::failed;
  std::string why;  // when not ok
  std::vector<ServiceTarget> targets;
  Duration ttl{};
};

struct DnsChannelOptions {
  std::vector<Endpoint> servers;  // empty: those of resolv.conf
  std::string resolv_conf;
  std::uint16_t port = 53;              // of servers from resolv.conf
  Duration query_timeout = seconds{1};  // doubles with each of the 3 tries
};

// Control context, everything.
class DnsChannel {
 public:
  using Callback = std::function<void(DnsAnswer)>;

  DnsChannel(ControlThread& control, const DnsChannelOptions& options);
  ~DnsChannel();  // calls every callback that is open, with `abandoned`
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  enum class Family : std::uint8_t { v4, v6 };
  // `callback` is called once, perhaps inside this call. It must not destroy the channel.
  void query(const std::string& name, Family family, Callback callback);
  // The SRV records of a whole name ("_minecraft._tcp.example.org"); no search domains. As above.
  void query_services(const std::string& name, std::function<void(DnsServices)> callback);

 private:
  struct Socket;
  struct Question;

  void socket_state(int fd, bool want_read, bool want_write);
  void wait(const std::shared_ptr<Socket>& socket, int fd);
  void wait_for(const std::shared_ptr<Socket>& socket, int fd, bool reading);
  void process(int read_fd, int write_fd);
  void arm_timer();

  ControlThread& control_;
  ares_channeldata* channel_ = nullptr;  // null: c-ares could not be set up
  std::unordered_map<int, std::shared_ptr<Socket>> sockets_;
  Timer timer_;
};

}  // namespace drawbridge::control
