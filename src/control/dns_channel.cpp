#include "control/dns_channel.hpp"

#include <ares.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>
#include <limits>
#include <utility>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "control/loop.hpp"

namespace drawbridge::control {

// A socket of c-ares, watched but not owned: c-ares closes it.
struct DnsChannel::Socket {
  explicit Socket(asio::io_context& io, int fd) : descriptor(io, fd) {}
  ~Socket() { descriptor.release(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  asio::posix::stream_descriptor descriptor;
  bool want_read = false, want_write = false;
  bool waits_read = false, waits_write = false;
};

struct DnsChannel::Question {
  Callback callback;

  static void answered(void* self, int status, int /*timeouts*/, ares_addrinfo* info);
};

namespace {

DnsStatus status_of(int code) {
  switch (code) {
    case ARES_SUCCESS:
      return DnsStatus::ok;
    case ARES_ENOTFOUND:
      return DnsStatus::no_such_name;
    case ARES_ENODATA:
      return DnsStatus::no_data;
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
      return DnsStatus::abandoned;
    default:
      return DnsStatus::failed;
  }
}

std::string words_for(int code) {
  switch (code) {
    case ARES_ENOTFOUND:
      return "the name does not exist";
    case ARES_ENODATA:
      return "the name has no address";
    case ARES_ETIMEOUT:
      return "no answer from the name servers";
    case ARES_ECONNREFUSED:
      return "the name servers cannot be reached";
    case ARES_EREFUSED:
      return "the name servers refuse to answer";
    case ARES_ESERVFAIL:
      return "the name servers report a failure";
    default:
      return ares_strerror(code);
  }
}

void read_addresses(const ares_addrinfo& info, DnsAnswer& out) {
  int ttl = std::numeric_limits<int>::max();
  for (const auto* cname = info.cnames; cname != nullptr; cname = cname->next) {
    ttl = std::min(ttl, cname->ttl);
  }
  for (const auto* node = info.nodes; node != nullptr; node = node->ai_next) {
    sockaddr_storage address{};
    std::memcpy(&address, node->ai_addr,
                std::min<std::size_t>(node->ai_addrlen, sizeof(sockaddr_storage)));
    if (const auto endpoint = Endpoint::from_sockaddr(address)) {
      out.addresses.push_back(endpoint->address);
      ttl = std::min(ttl, node->ai_ttl);
    }
  }
  out.ttl = seconds{std::max(ttl, 0)};
}

}  // namespace

void DnsChannel::Question::answered(void* self, int status, int /*timeouts*/, ares_addrinfo* info) {
  const std::unique_ptr<Question> question(static_cast<Question*>(self));
  DnsAnswer answer;
  answer.status = status_of(status);
  if (info != nullptr) {
    if (answer.status == DnsStatus::ok) read_addresses(*info, answer);
    ares_freeaddrinfo(info);
  }
  if (answer.status == DnsStatus::ok && answer.addresses.empty()) {
    answer.status = DnsStatus::no_data;
    status = ARES_ENODATA;
  }
  if (answer.status != DnsStatus::ok) answer.why = words_for(status);
  question->callback(std::move(answer));
}

DnsChannel::DnsChannel(ControlThread& control, const DnsChannelOptions& options)
    : control_(control) {
  ares_library_init(ARES_LIB_INIT_ALL);
  std::string lookups = "b";  // DNS only: the hosts file is the resolver's work
  std::string resolv_conf = options.resolv_conf;
  ares_options raw{};
  raw.timeout = static_cast<int>(
      std::max<std::int64_t>(1, std::chrono::ceil<milliseconds>(options.query_timeout).count()));
  raw.tries = 3;
  raw.udp_port = raw.tcp_port = options.port;
  raw.lookups = lookups.data();
  raw.resolvconf_path = resolv_conf.data();
  raw.sock_state_cb_data = this;
  raw.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<DnsChannel*>(self)->socket_state(fd, readable != 0, writable != 0);
  };
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
             ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
  if (!resolv_conf.empty()) mask |= ARES_OPT_RESOLVCONF;
  if (!options.servers.empty()) mask |= ARES_OPT_DOMAINS;  // none
  const int status = ares_init_options(&channel_, &raw, mask);
  if (status != ARES_SUCCESS) {
    channel_ = nullptr;
    log::error("dns", "cannot set up DNS", {{"error", ares_strerror(status)}});
    return;
  }
  if (options.servers.empty()) return;
  std::vector<ares_addr_port_node> nodes(options.servers.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Endpoint& server = options.servers[i];
    nodes[i].next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    nodes[i].family = server.address.is_v4() ? AF_INET : AF_INET6;
    const ByteView bytes = server.address.bytes();
    std::memcpy(&nodes[i].addr, bytes.data(), bytes.size());
    nodes[i].udp_port = nodes[i].tcp_port = server.port;
  }
  ares_set_servers_ports(channel_, nodes.data());
}

DnsChannel::~DnsChannel() {
  timer_.cancel();
  if (channel_ != nullptr) ares_destroy(channel_);
  ares_library_cleanup();
}

void DnsChannel::query(const std::string& name, Family family, Callback callback) {
  if (channel_ == nullptr) {
    DnsAnswer answer;
    answer.why = "DNS is not available";
    callback(std::move(answer));
    return;
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = family == Family::v4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  // Sorting would connect a socket to each address to learn the source address; the order of the
  // answer is what the owner of the name meant.
  hints.ai_flags = ARES_AI_NOSORT;
  auto question = std::make_unique<Question>();
  question->callback = std::move(callback);
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Question::answered,
                   question.release());
  arm_timer();
}

namespace {

struct ServiceQuestion {
  std::function<void(DnsServices)> callback;
};

std::uint32_t number_at(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out = out << 8 | bytes[at + i];
  return out;
}

// A name at this place of a message (compressed or not); moves `at` behind it. False: a bad one.
bool read_name(ByteView message, std::size_t& at, std::string& out) {
  if (at >= message.size()) return false;
  char* text = nullptr;
  long length = 0;
  const int status = ares_expand_name(message.data() + at, message.data(),
                                      static_cast<int>(message.size()), &text, &length);
  if (status != ARES_SUCCESS) return false;
  out = text;
  ares_free_string(text);
  at += static_cast<std::size_t>(length);
  return true;
}

// The SRV records of a whole answer (RFC 1035 section 4, RFC 2782). c-ares has a parser for them,
// too, but it keeps the TTLs to itself. False: not well-formed.
bool read_services(ByteView message, DnsServices& out) {
  constexpr std::size_t header = 12;
  constexpr std::uint32_t type_srv = 33;
  if (message.size() < header) return false;
  std::size_t at = header;
  std::string name;
  for (std::uint32_t i = number_at(message, 4, 2); i > 0; --i) {
    if (!read_name(message, at, name)) return false;
    at += 4;  // type, class
  }
  std::uint32_t ttl = std::numeric_limits<std::int32_t>::max();
  for (std::uint32_t i = number_at(message, 6, 2); i > 0; --i) {
    if (!read_name(message, at, name) || message.size() < at + 10) return false;
    const std::uint32_t type = number_at(message, at, 2);
    ttl = std::min(ttl, number_at(message, at + 4, 4));
    const std::size_t size = number_at(message, at + 8, 2);
    at += 10;
    if (message.size() < at + size) return false;
    if (type == type_srv && size > 6) {
      ServiceTarget target{.host = {},
                           .port = static_cast<std::uint16_t>(number_at(message, at + 4, 2)),
                           .priority = static_cast<std::uint16_t>(number_at(message, at, 2)),
                           .weight = static_cast<std::uint16_t>(number_at(message, at + 2, 2))};
      std::size_t name_at = at + 6;
      if (!read_name(message, name_at, target.host)) return false;
      out.targets.push_back(std::move(target));
    }
    at += size;
  }
  out.ttl = seconds{ttl};
  return true;
}

void services_answered(void* self, int status, int /*timeouts*/, unsigned char* bytes, int size) {
  const std::unique_ptr<ServiceQuestion> question(static_cast<ServiceQuestion*>(self));
  DnsServices answer;
  answer.status = status_of(status);
  if (answer.status == DnsStatus::ok &&
      !read_services(ByteView(bytes, static_cast<std::size_t>(size)), answer)) {
    answer = {};
    status = ARES_EBADRESP;
  }
  if (answer.status == DnsStatus::ok && answer.targets.empty()) {
    answer.status = DnsStatus::no_data;
    status = ARES_ENODATA;
  }
  if (answer.status != DnsStatus::ok) answer.why = words_for(status);
  question->callback(std::move(answer));
}

}  // namespace

void DnsChannel::query_services(const std::string& name,
                                std::function<void(DnsServices)> callback) {
  if (channel_ == nullptr) {
    DnsServices answer;
    answer.why = "DNS is not available";
    callback(std::move(answer));
    return;
  }
  constexpr int class_internet = 1;
  constexpr int type_srv = 33;
  auto question = std::make_unique<ServiceQuestion>(ServiceQuestion{std::move(callback)});
  ares_query(channel_, name.c_str(), class_internet, type_srv, &services_answered,
             question.release());
  arm_timer();
}

void DnsChannel::socket_state(int fd, bool want_read, bool want_write) {
  if (!want_read && !want_write) {
    sockets_.erase(fd);
    return;
  }
  auto& socket = sockets_[fd];
  if (!socket) socket = std::make_shared<Socket>(control_.loop().io, fd);
  socket->want_read = want_read;
  socket->want_write = want_write;
  wait(socket, fd);
}

void DnsChannel::wait(const std::shared_ptr<Socket>& socket, int fd) {
  if (socket->want_read && !socket->waits_read) wait_for(socket, fd, true);
  if (socket->want_write && !socket->waits_write) wait_for(socket, fd, false);
}

void DnsChannel::wait_for(const std::shared_ptr<Socket>& socket, int fd, bool reading) {
  (reading ? socket->waits_read : socket->waits_write) = true;
  // Weak: c-ares may close the socket, and another may get its number, before the wait ends.
  const auto ready = [this, fd, reading,
                      weak = std::weak_ptr(socket)](boost::system::error_code error) {
    const auto alive = weak.lock();
    if (!alive || error == asio::error::operation_aborted) return;
    (reading ? alive->waits_read : alive->waits_write) = false;
    process(reading ? fd : ARES_SOCKET_BAD, reading ? ARES_SOCKET_BAD : fd);
    const auto now = sockets_.find(fd);
    if (now != sockets_.end() && now->second == alive) wait(alive, fd);
  };
  using Descriptor = asio::posix::stream_descriptor;
  socket->descriptor.async_wait(reading ? Descriptor::wait_read : Descriptor::wait_write, ready);
}

void DnsChannel::process(int read_fd, int write_fd) {
  ares_process_fd(channel_, read_fd, write_fd);
  arm_timer();
}

void DnsChannel::arm_timer() {
  timeval space{};
  const timeval* next = ares_timeout(channel_, nullptr, &space);
  if (next == nullptr) {
    timer_.cancel();
    return;
  }
  const Duration delay = seconds{next->tv_sec} + microseconds{next->tv_usec};
  timer_ = control_.after(delay + milliseconds{1},
                          [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
}

}  // namespace drawbridge::control
