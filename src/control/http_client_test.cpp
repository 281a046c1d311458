// The client against real sockets on loopback: one small server that answers as each test says.
#include "control/http_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"

namespace drawbridge::control {
namespace {

constexpr auto patience = seconds{20};

// Serves each connection on a thread of its own. `answer` gets the head of a request and gives the
// bytes to send; "" closes without a word, `hang` keeps the connection open and silent.
class Site {
 public:
  static constexpr std::string_view hang = "<hang>";
  using Answer = std::function<std::string(const std::string& head)>;

  explicit Site(Answer answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&where), size), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~Site() {
    stopping_ = true;
    accepting_.join();
    for (auto& thread : serving_) thread.join();
    close(listener_);
  }
  [[nodiscard]] std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int most_at_once() const { return most_; }

 private:
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
      if (fd < 0) continue;
      ++connections_;
      serving_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    const int now = ++open_;
    for (int seen = most_; now > seen && !most_.compare_exchange_weak(seen, now);) {
    }
    std::string in;
    while (wait(fd)) {
      char buffer[4096];
      const ssize_t count = read(fd, buffer, sizeof buffer);
      if (count <= 0) break;
      in.append(buffer, static_cast<std::size_t>(count));
      const auto end = in.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      ++requests_;
      const std::string out = answer_(in);
      in.clear();
      if (out == hang) {
        while (wait(fd) && read(fd, buffer, sizeof buffer) > 0) {
        }
        break;
      }
      if (out.empty()) break;
      if (::send(fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) break;
      if (out.find("Connection: close") != std::string::npos) break;
    }
    --open_;
    close(fd);
  }

  Answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<int> open_ = 0;
  std::atomic<int> most_ = 0;
  std::thread accepting_;
  std::vector<std::thread> serving_;
};

std::string ok(std::string_view body, std::string_view more = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    log::set_sink([](log::Level, std::string_view) {});
    control.start();
  }
  ~HttpClientTest() override {
    control.stop();
    control.join();
    client.reset();
    log::set_sink(nullptr);
  }
  HttpClient& use(HttpClientOptions options = {}) {
    control.run_and_wait(
        [&] { client = std::make_unique<HttpClient>(control, resolver, std::move(options)); });
    return *client;
  }
  std::future<Result<HttpResponse>> ask(HttpRequest request) {
    const auto promise = std::make_shared<std::promise<Result<HttpResponse>>>();
    client->send(std::move(request),
                 [promise](Result<HttpResponse> answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }
  Result<HttpResponse> get(HttpRequest request) {
    auto answer = ask(std::move(request));
    if (answer.wait_for(patience) != std::future_status::ready)
      return fail(Fault::proxy, "no answer at all");
    return answer.get();
  }
  ControlThread control;
  Resolver resolver{control};
  std::unique_ptr<HttpClient> client;
};

TEST_F(HttpClientTest, AsksAndReadsTheAnswer) {
  std::string seen;
  Site site([&](const std::string& head) {
    seen = head;
    return "HTTP/1.1 418 Teapot\r\nX-Kind: small\r\nContent-Length: 5\r\n\r\nhello";
  });
  use();
  HttpRequest request{.url = site.url("/a?b=c")};
  request.headers.push_back({"Accept", "text/plain"});
  const auto answer = get(request);
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->status, 418U);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->header("x-kind"), "small");
  EXPECT_EQ(answer->header("x-other"), "");
  EXPECT_TRUE(seen.starts_with("GET /a?b=c HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Accept: text/plain\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("Host: 127.0.0.1:"), std::string::npos) << seen;
}

TEST_F(HttpClientTest, SendsABodyAndCredentials) {
  std::string seen;
  Site site([&](const std::string& head) {
    seen = head;
    return ok("");
  });
  use();
  std::string url = site.url("/x");
  url.insert(7, "user:secret@");
  const auto answer = get({.method = "POST", .url = url, .body = "some text"});
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_TRUE(seen.starts_with("POST /x HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Content-Length: 9\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), std::string::npos) << seen;
}

TEST_F(HttpClientTest, TakesAnswersInEveryForm) {
  int count = 0;
  Site site([&](const std::string&) -> std::string {
    switch (count++) {
      case 0:
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
               "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
      case 1:
        return "HTTP/1.1 204 No Content\r\n\r\n";
      default:
        return "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nuntil the end";
    }
  });
  use();
  EXPECT_EQ(get({.url = site.url()})->body, "abcde");
  EXPECT_EQ(get({.url = site.url()})->status, 204U);
  EXPECT_EQ(get({.url = site.url()})->body, "until the end");
}

TEST_F(HttpClientTest, KeepsAConnectionForTheNextRequest) {
  Site site([](const std::string&) { return ok("x"); });
  use();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(get({.url = site.url()}));
  EXPECT_EQ(site.connections(), 1);
  EXPECT_EQ(site.requests(), 5);
}

TEST_F(HttpClientTest, SurvivesAKeptConnectionThatWasClosed) {
  std::atomic<bool> close_it = false;
  Site site([&](const std::string&) -> std::string {
    if (close_it.exchange(false)) return "";
    return ok("x");
  });
  use();
  ASSERT_TRUE(get({.url = site.url()}));
  close_it = true;
  const auto answer = get({.url = site.url()});
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(site.connections(), 2);
}

TEST_F(HttpClientTest, RepeatsNothingElse) {
  Site site([](const std::string&) { return std::string(); });
  use();
  EXPECT_FALSE(get({.url = site.url()}));
  EXPECT_EQ(site.requests(), 1);
  EXPECT_FALSE(get({.method = "POST", .url = site.url(), .body = "x"}));
  EXPECT_EQ(site.requests(), 2);
}

TEST_F(HttpClientTest, EndsAtItsDeadline) {
  Site site([](const std::string&) { return std::string(Site::hang); });
  use();
  const auto answer = get({.url = site.url(), .timeout = milliseconds(50)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::backend);
  EXPECT_NE(answer.error().what.find("did not answer within 50 ms"), std::string::npos)
      << answer.error().what;
}

TEST_F(HttpClientTest, SaysWhatIsWrong) {
  Site garbage([](const std::string&) { return "this is no HTTP\r\n\r\n"; });
  Site large([](const std::string&) { return ok(std::string(2000, 'x')); });
  Site endless_head(
      [](const std::string&) { return "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x'); });
  Site half([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nonly this";
  });
  use();
  for (const std::string& url : {garbage.url(), endless_head.url(), half.url()}) {
    const auto answer = get({.url = url});
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().fault, Fault::backend);
  }
  EXPECT_FALSE(get({.url = large.url(), .max_body = 1000}));
  EXPECT_TRUE(get({.url = large.url(), .max_body = 2000}));
  EXPECT_EQ(get({.url = "ftp://x/"}).error().fault, Fault::proxy);
  EXPECT_FALSE(get({.url = "http://127.0.0.1:1/"}));
  HttpRequest split{.url = large.url()};
  split.headers.push_back({"X", "a\r\nEvil: yes"});
  EXPECT_EQ(get(split).error().fault, Fault::proxy);
}

TEST_F(HttpClientTest, LimitsConnectionsAndTheQueue) {
  std::promise<void> go;
  const std::shared_future<void> gone(go.get_future());
  Site site([gone](const std::string&) {
    gone.wait_for(patience);
    return ok("x", "Connection: close\r\n");
  });
  use({.connections_per_origin = 2,
       .waiting_per_origin = 3,
       .keep_idle = seconds(1),
       .authorities = {}});
  std::vector<std::future<Result<HttpResponse>>> answers;
  for (int i = 0; i < 6; ++i) answers.push_back(ask({.url = site.url()}));
  // Two run, three wait, and the sixth is one too many.
  ASSERT_EQ(answers.back().wait_for(patience), std::future_status::ready);
  const auto refused = answers.back().get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::proxy);
  go.set_value();
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_EQ(answers[i].wait_for(patience), std::future_status::ready);
    EXPECT_TRUE(answers[i].get());
  }
  EXPECT_LE(site.most_at_once(), 2);
}

TEST_F(HttpClientTest, GivesUpWaitingForItsTurnAtTheDeadline) {
  Site site([](const std::string&) { return std::string(Site::hang); });
  use({.connections_per_origin = 1,
       .waiting_per_origin = 3,
       .keep_idle = seconds(1),
       .authorities = {}});
  auto holding = ask({.url = site.url(), .timeout = patience});
  EXPECT_FALSE(get({.url = site.url(), .timeout = milliseconds(30)}));
  EXPECT_LE(site.requests(), 1);
  EXPECT_NE(holding.wait_for(milliseconds(0)), std::future_status::ready);
}

TEST_F(HttpClientTest, MayGoWhileRequestsAreUnderWay) {
  Site site([](const std::string&) { return std::string(Site::hang); });
  use();
  auto answer = ask({.url = site.url(), .timeout = patience});
  control.run_and_wait([&] { client.reset(); });
  // The callback was destroyed without a call.
  ASSERT_EQ(answer.wait_for(patience), std::future_status::ready);
  EXPECT_THROW((void)answer.get(), std::future_error);
}

}  // namespace
}  // namespace drawbridge::control
