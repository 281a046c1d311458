// HTTP/1.1 requests to other people's servers (the session server, panels, the Docker engine, lists
// of servers), made on the control thread, over TCP or a Unix socket. Small on purpose: no
// redirects, no cookies, no proxies; one deadline for all of a request, from the name look-up to
// the last byte of the answer. An answer that never ends (events) is a stream.
//
// TLS certificates are checked against the system's authorities (or those that SSL_CERT_FILE and
// SSL_CERT_DIR name) and against the host name. There is no way to turn that off; a request may
// name further authorities.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/control_thread.hpp"
#include "control/resolver.hpp"

namespace drawbridge::control {

struct HttpHeader {
  std::string name, value;
};

// PEM files beside the system's authorities; read again when they change.
struct HttpTls {
  std::filesystem::path authorities = {};  // believed as well
  std::filesystem::path certificate = {};  // shown to the server, with its key
  std::filesystem::path key = {};

  [[nodiscard]] bool empty() const {
    return authorities.empty() && certificate.empty() && key.empty();
  }
  bool operator==(const HttpTls&) const = default;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http or https
  // Not empty: connect to this Unix socket; the URL's host is only what the Host header says.
  std::filesystem::path socket = {};
  HttpTls tls = {};
  std::vector<HttpHeader> headers = {};  // beside Host, User-Agent, Content-Length
  std::string body = {};
  Duration timeout = seconds(10);                 // for all of it, time in the queue included
  std::size_t max_body = std::size_t{256} << 10;  // of the answer; more is an error
};

struct HttpResponse {
  unsigned status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  // Without regard to case; the first of that name, or nothing.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpClientOptions {
  // Connections to one origin (scheme, host and port) at a time. More requests wait in order.
  std::size_t connections_per_origin = 32;
  // Requests that wait for one of them. More fail at once.
  std::size_t waiting_per_origin = 1024;
  // A connection that the other side keeps open serves later requests for this long.
  Duration keep_idle = seconds(15);
  // PEM file of authorities to believe instead of the system's.
  std::filesystem::path authorities = {};
};

// What is called for an answer that comes bit by bit; all on the control thread, never inside the
// call that began it, and never after the stream's handle has gone.
struct HttpStreamHandlers {
  std::function<void()> opened;  // the answer has begun, with a status of 2xx
  // Bytes as they came: cut anywhere, never empty.
  std::function<void(std::string_view)> data;
  // Once, last: why it is over. Also for another status than 2xx.
  std::function<void(Error)> ended;
};

class HttpClient {
  class Exchange;

 public:
  using Callback = std::function<void(Result<HttpResponse>)>;

  // A stream that runs; it is cut when the handle goes. Control context. May outlive its client.
  class Stream {
   public:
    Stream() = default;
    Stream(Stream&& other) noexcept = default;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream() { cut(); }
    void cut();

   private:
    friend class HttpClient;
    explicit Stream(std::weak_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    std::weak_ptr<Exchange> exchange_;
  };

  // Control context, as is the destructor: requests under way end then, and their callbacks are
  // destroyed without a call.
  HttpClient(ControlThread& control, Resolver& resolver, HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Calls `callback` once, on the control thread and never inside this call. Any status is a
  // success; errors are those of the way there and back (Fault::backend), of the URL and of a full
  // queue (Fault::proxy). A GET is sent a second time if the kept connection that it went out on
  // turns out to be closed; nothing else is ever repeated. Any thread.
  void send(HttpRequest request, Callback callback);

  // A request whose answer is handed over as it comes, on a connection of its own that does not
  // count among those of its origin. `timeout` holds until the answer begins, `max_body` for the
  // body of a refusal. Control context.
  [[nodiscard]] Stream stream(HttpRequest request, HttpStreamHandlers handlers);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace drawbridge::control
