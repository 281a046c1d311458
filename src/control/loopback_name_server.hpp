// A real, very small DNS server on loopback, for tests: UDP, A and AAAA, CNAME and SRV, and ways to
// misbehave.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "base/ip.hpp"
#include "base/strings.hpp"

namespace drawbridge::control {

class LoopbackNameServer {
 public:
  enum class Manner { answer, silent, no_such_name, garbage, server_failure };
  struct Service {
    std::string host;
    std::uint16_t port = 0;
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
  };
  struct Record {
    std::vector<IpAddress> addresses = {};
    std::uint32_t ttl = 60;
    // Answered as a CNAME (of TTL alias_ttl) to this name, then the addresses.
    std::string alias_of = {};
    std::uint32_t alias_ttl = 60;
    Manner v4 = Manner::answer;
    Manner v6 = Manner::answer;
    std::vector<Service> services = {};  // behave as v4 says
  };

  explicit LoopbackNameServer(Endpoint where = {IpAddress::v4(INADDR_LOOPBACK), 0}) {
    socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    wake_ = eventfd(0, EFD_CLOEXEC);
    sockaddr_storage address{};
    const socklen_t length = where.to_sockaddr(address);
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), length) != 0) std::abort();
    socklen_t bound = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &bound);
    endpoint_ = *Endpoint::from_sockaddr(address);
    thread_ = std::thread([this] { serve(); });
  }
  ~LoopbackNameServer() {
    const std::uint64_t one = 1;
    if (write(wake_, &one, sizeof one) != sizeof one) std::abort();
    thread_.join();
    close(socket_);
    close(wake_);
  }
  LoopbackNameServer(const LoopbackNameServer&) = delete;
  LoopbackNameServer& operator=(const LoopbackNameServer&) = delete;

  [[nodiscard]] Endpoint endpoint() const { return endpoint_; }

  void set(const std::string& name, Record record) {
    const std::lock_guard lock(mutex_);
    records_[name] = std::move(record);
  }
  // Questions received for a name, of both families; "" counts all.
  [[nodiscard]] std::size_t questions(const std::string& name = {}) const {
    const std::lock_guard lock(mutex_);
    return count(name);
  }
  // False if there were not that many within 20 s.
  bool wait_for_questions(const std::string& name, std::size_t n) const {
    std::unique_lock lock(mutex_);
    return asked_.wait_for(lock, std::chrono::seconds{20}, [&] { return count(name) >= n; });
  }
  // Answers now what was kept silent about, from the records of now. Returns how many went out.
  std::size_t answer_kept() {
    std::vector<Kept> kept;
    {
      const std::lock_guard lock(mutex_);
      kept.swap(kept_);
    }
    std::size_t sent = 0;
    for (const Kept& one : kept) sent += reply(one.question, one.from) ? 1U : 0U;
    return sent;
  }

 private:
  struct Kept {
    ByteBuffer question;
    sockaddr_in from;
  };

  [[nodiscard]] std::size_t count(const std::string& name) const {
    std::size_t total = 0;
    for (const auto& [asked, n] : count_) total += name.empty() || name == asked ? n : 0;
    return total;
  }

  void serve() {
    for (;;) {
      std::array<pollfd, 2> fds{{{socket_, POLLIN, 0}, {wake_, POLLIN, 0}}};
      poll(fds.data(), fds.size(), -1);
      if (fds[1].revents != 0) return;
      ByteBuffer question(512);
      sockaddr_in from{};
      socklen_t length = sizeof from;
      const ssize_t n = recvfrom(socket_, question.data(), question.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
      if (n < 17) continue;
      question.resize(static_cast<std::size_t>(n));
      const bool answered = reply(question, from);
      const std::lock_guard lock(mutex_);
      if (!answered) kept_.push_back({question, from});
      ++count_[name_in(question)];
      asked_.notify_all();
    }
  }

  static std::string name_in(const ByteBuffer& question) {
    std::string name;
    for (std::size_t at = 12; at < question.size() && question[at] != 0;) {
      const std::size_t length = question[at];
      if (!name.empty()) name += '.';
      for (std::size_t i = 1; i <= length; ++i) name += static_cast<char>(question[at + i]);
      at += length + 1;
    }
    return lowered(name);
  }

  static void put16(ByteBuffer& out, std::size_t value) {
    out.push_back(static_cast<Byte>(value >> 8));
    out.push_back(static_cast<Byte>(value));
  }
  static void put_record(ByteBuffer& out, ByteView owner, int type, std::uint32_t ttl,
                         ByteView data) {
    out.insert(out.end(), owner.begin(), owner.end());
    put16(out, static_cast<std::size_t>(type));
    put16(out, 1);
    put16(out, ttl >> 16);
    put16(out, ttl & 0xFFFF);
    put16(out, data.size());
    out.insert(out.end(), data.begin(), data.end());
  }
  static ByteBuffer encoded(std::string_view name) {
    ByteBuffer out;
    for (const std::string_view label : split(name, '.')) {
      out.push_back(static_cast<Byte>(label.size()));
      out.insert(out.end(), label.begin(), label.end());
    }
    out.push_back(0);
    return out;
  }
  // RFC 1035 section 4. False: told to be silent.
  bool reply(const ByteBuffer& question, const sockaddr_in& from) {
    const std::string name = name_in(question);
    const std::size_t end = 12 + name.size() + 2 + 4;  // header, name, type and class
    if (end > question.size()) return true;
    const int type = question[end - 3];  // 1 A, 28 AAAA, 33 SRV
    Record record;
    {
      const std::lock_guard lock(mutex_);
      const auto found = records_.find(name);
      if (found == records_.end()) {
        record.v4 = record.v6 = Manner::no_such_name;
      } else {
        record = found->second;
      }
    }
    const Manner manner = type == 28 ? record.v6 : record.v4;
    if (manner == Manner::silent) return false;

    ByteBuffer out(question.begin(), question.begin() + static_cast<std::ptrdiff_t>(end));
    out[2] = 0x81;  // a response, recursion desired
    out[3] = static_cast<Byte>(0x80 | (manner == Manner::no_such_name     ? 3
                                       : manner == Manner::server_failure ? 2
                                                                          : 0));
    std::fill(out.begin() + 6, out.begin() + 12, Byte{0});
    if (manner == Manner::garbage) {
      out[5] = 9;  // nine questions, of which eight are missing
    } else if (manner == Manner::answer) {
      append_answers(record, type, out);
    }
    sendto(socket_, out.data(), out.size(), 0, reinterpret_cast<const sockaddr*>(&from),
           sizeof from);
    return true;
  }

  static void append_answers(const Record& record, int type, ByteBuffer& out) {
    ByteBuffer owner = {0xC0, 12};  // a pointer to the name of the question
    Byte answers = 0;
    if (!record.alias_of.empty()) {
      const ByteBuffer alias = encoded(record.alias_of);
      put_record(out, owner, 5, record.alias_ttl, alias);
      owner = alias;
      ++answers;
    }
    for (const Service& service : record.services) {
      if (type != 33) break;
      ByteBuffer data;
      put16(data, service.priority);
      put16(data, service.weight);
      put16(data, service.port);
      const ByteBuffer host = encoded(service.host);
      data.insert(data.end(), host.begin(), host.end());
      put_record(out, owner, 33, record.ttl, data);
      ++answers;
    }
    for (const IpAddress& address : record.addresses) {
      if (type == 33 || address.is_v4() != (type == 1)) continue;
      put_record(out, owner, type, record.ttl, address.bytes());
      ++answers;
    }
    out[7] = answers;
  }

  int socket_ = -1;
  int wake_ = -1;
  Endpoint endpoint_;
  mutable std::mutex mutex_;
  mutable std::condition_variable asked_;
  std::map<std::string, Record> records_;
  std::map<std::string, std::size_t> count_;
  std::vector<Kept> kept_;
  std::thread thread_;
};

}  // namespace drawbridge::control
