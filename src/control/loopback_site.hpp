// For tests: a small HTTP server on loopback or on a Unix socket, that answers as each test says,
// and can keep answers open to say more later.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/strings.hpp"

namespace drawbridge::control {

struct SiteRequest {
  std::string method, target;
  std::string head;  // the request line and all headers
  std::string body;

  // Without regard to case; "" if there is none.
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const std::string_view line : split(head, '\n')) {
      const auto colon = line.find(':');
      if (colon != line.npos && equal_ignoring_case(line.substr(0, colon), name))
        return std::string(trimmed(line.substr(colon + 1)));
    }
    return {};
  }
};

class LoopbackSite {
 public:
  // The answer that begins and does not end: say() adds to it.
  static constexpr std::string_view open_answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  // Called on threads of the site, one call at a time. What it returns is sent as it is; "" closes.
  using Answer = std::function<std::string(const SiteRequest&)>;

  explicit LoopbackSite(Answer answer) : LoopbackSite(std::move(answer), "") {}
  // On a Unix socket.
  LoopbackSite(Answer answer, const std::filesystem::path& socket_path)
      : answer_(std::move(answer)), path_(socket_path) {
    if (path_.empty()) {
      listen_on_loopback();
    } else {
      listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un where{};
      where.sun_family = AF_UNIX;
      std::strncpy(where.sun_path, path_.c_str(), sizeof where.sun_path - 1);
      ::unlink(path_.c_str());
      EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
    }
    EXPECT_EQ(listen(listener_, 64), 0);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackSite() {
    stopping_ = true;
    accepting_.join();
    for (auto& thread : serving_) thread.join();
    close(listener_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  LoopbackSite(const LoopbackSite&) = delete;
  LoopbackSite& operator=(const LoopbackSite&) = delete;

  [[nodiscard]] std::string url(std::string_view path = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }

  // One chunk more for every open answer.
  void say(std::string_view bytes) {
    char length[20];
    snprintf(length, sizeof length, "%zx\r\n", bytes.size());
    const std::string chunk = length + std::string(bytes) + "\r\n";
    const std::scoped_lock lock(mutex_);
    for (const int fd : open_) EXPECT_GE(::send(fd, chunk.data(), chunk.size(), MSG_NOSIGNAL), 0);
  }
  // Cuts every open answer off.
  void cut() {
    const std::scoped_lock lock(mutex_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  // Until so many answers are open; false if that does not come.
  bool await_open(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(20), [&] { return open_.size() >= count; });
  }

 private:
  void listen_on_loopback() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&where), size), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
  }
  [[nodiscard]] bool wait(int fd) const {
    while (!stopping_) {
      pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
      if (poll(&one, 1, 10) > 0) return true;
    }
    return false;
  }
  void accept_all() {
    while (wait(listener_)) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) serving_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string in;
    while (wait(fd)) {
      char buffer[4096];
      const ssize_t count = read(fd, buffer, sizeof buffer);
      if (count <= 0) break;
      in.append(buffer, static_cast<std::size_t>(count));
      SiteRequest request;
      if (!take(in, request)) continue;
      if (!reply(fd, request)) break;
    }
    {
      const std::scoped_lock lock(mutex_);
      std::erase(open_, fd);
    }
    close(fd);
  }
  static bool take(std::string& in, SiteRequest& out) {
    const auto end = in.find("\r\n\r\n");
    if (end == in.npos) return false;
    out.head = in.substr(0, end + 2);
    const std::size_t length = parse_int<std::size_t>(out.header("Content-Length")).value_or(0);
    if (in.size() < end + 4 + length) return false;
    out.body = in.substr(end + 4, length);
    in.erase(0, end + 4 + length);
    const auto words = split(split(out.head, '\r').front(), ' ');
    if (words.size() >= 2) {
      out.method = words[0];
      out.target = words[1];
    }
    return true;
  }
  bool reply(int fd, const SiteRequest& request) {
    const std::scoped_lock lock(mutex_);
    const std::string out = answer_(request);
    if (out.empty()) return false;
    if (::send(fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) return false;
    if (out == open_answer) {
      open_.push_back(fd);
      changed_.notify_all();
    }
    return true;
  }

  Answer answer_;
  std::string path_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // answers, and `open_`
  std::condition_variable changed_;
  std::vector<int> open_;
  std::thread accepting_;
  std::vector<std::thread> serving_;
};

inline std::string http_answer(unsigned status, std::string_view body,
                               std::string_view more_headers = "") {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

}  // namespace drawbridge::control
