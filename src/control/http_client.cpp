// An Exchange is one request on its way: queued, resolving, connecting, writing, reading. Each step
// is an Asio operation whose handler keeps the exchange alive; `done_` makes the handlers of what
// was cut off do nothing. One of the few files that see Beast and TLS: a second one for what goes
// beyond 400 lines would cost 13 s to compile.
#include "control/http_client.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "control/loop.hpp"
#include "control/url.hpp"

namespace drawbridge::control {

namespace {

namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Tcp = boost::asio::ip::tcp;

constexpr std::uint32_t max_answer_head = 16 * 1024;

// One connection. Its TLS half is there in any case and does nothing without TLS.
struct Link {
  Link(asio::io_context& io, std::shared_ptr<ssl::context> c)
      : context(std::move(c)), stream(io, *context) {}
  [[nodiscard]] Tcp::socket& socket() { return stream.next_layer(); }
  void close() {
    error_code ignored;
    (void)socket().close(ignored);
  }
  std::shared_ptr<ssl::context> context;
  ssl::stream<Tcp::socket> stream;
  boost::beast::flat_buffer buffer;
};

std::shared_ptr<ssl::context> make_context(const std::filesystem::path& authorities) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_verify_mode(ssl::verify_peer);
  error_code error;
  if (authorities.empty())
    (void)context->set_default_verify_paths(error);
  else
    (void)context->load_verify_file(authorities.string(), error);
  if (error)
    log::error("http", "certificate authorities cannot be read, so every https request will fail",
               {{"file", authorities.string()}, {"reason", error.message()}});
  return context;
}

Tcp::endpoint to_asio(const Endpoint& endpoint) {
  error_code error;
  return {asio::ip::make_address(endpoint.address.text(), error), endpoint.port};
}

bool breaks_a_header(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const HttpHeader& header) { return equal_ignoring_case(header.name, name); });
  return found == headers.end() ? std::string_view() : found->value;
}

class HttpClient::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(const std::shared_ptr<State>& state, HttpRequest request, Url url, Callback callback);
  void begin();  // the deadline runs; then a connection, or the queue
  void start();  // its turn has come
  void drop();   // the client goes: no call
  [[nodiscard]] const Url& url() const { return url_; }

 private:
  using Handler = void (Exchange::*)(error_code);
  // A handler of an operation: nothing happens once the exchange is over.
  auto then(Handler handler) {
    return [self = shared_from_this(), handler](error_code error, auto&&...) {
      if (!self->done_) ((*self).*handler)(error);
    };
  }
  void resolve();
  void connect();
  void connected(error_code error);
  void secured(error_code error);
  void write();
  void written(error_code error);
  void read();
  void was_read(error_code error);
  void lost(std::string_view doing, error_code error);
  void finish(Result<HttpResponse> result);
  [[nodiscard]] HttpResponse answer();

  std::weak_ptr<State> state_;
  Url url_;
  Callback callback_;
  TimePoint until_;
  Duration timeout_;
  std::size_t max_body_;
  Timer deadline_;
  Timer step_;  // of one address
  std::vector<Endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  std::unique_ptr<Link> link_;
  bool kept_ = false;  // `link_` served somebody before
  bool has_turn_ = false;
  bool done_ = false;
  http::request<http::string_body> request_;
  std::optional<http::response_parser<http::string_body>> parser_;
};

struct HttpClient::State : std::enable_shared_from_this<State> {
  struct Kept {
    std::unique_ptr<Link> link;
    Timer timer;
  };
  struct Origin {
    std::size_t active = 0;
    std::deque<std::shared_ptr<Exchange>> waiting;
    std::vector<std::shared_ptr<Exchange>> running;
    std::deque<Kept> kept;  // the one used last at the back
  };

  State(ControlThread& c, Resolver& r, HttpClientOptions o)
      : control(c), resolver(r), options(std::move(o)) {}

  void close();
  std::unique_ptr<Link> take_kept(const std::string& origin);
  void keep(const std::string& origin, std::unique_ptr<Link> link);
  void drop_oldest(const std::string& origin);
  void leave(const std::shared_ptr<Exchange>& exchange, bool had_turn);

  ControlThread& control;
  Resolver& resolver;
  const HttpClientOptions options;
  std::shared_ptr<ssl::context> trusting;  // made when first needed: reading authorities takes time
  const std::shared_ptr<ssl::context> plain =
      std::make_shared<ssl::context>(ssl::context::tls_client);
  std::map<std::string, Origin> origins;
  bool closing = false;
};

// --- The client

HttpClient::HttpClient(ControlThread& control, Resolver& resolver, HttpClientOptions options)
    : state_(std::make_shared<State>(control, resolver, std::move(options))) {}

HttpClient::~HttpClient() {
  state_->close();
}

void HttpClient::send(HttpRequest request, Callback callback) {
  state_->control.post(
      [state = state_, request = std::move(request), callback = std::move(callback)]() mutable {
        if (state->closing) return;
        auto url = Url::parse(request.url);
        if (!url) return callback(std::unexpected(std::move(url.error())));
        for (const HttpHeader& header : request.headers)
          if (breaks_a_header(header.name) || breaks_a_header(header.value))
            return callback(fail(Fault::proxy, "a header of the request holds a line end"));
        std::make_shared<Exchange>(state, std::move(request), std::move(*url), std::move(callback))
            ->begin();
      });
}

void HttpClient::State::close() {
  closing = true;
  const auto all = std::exchange(origins, {});
  for (const auto& [name, origin] : all) {
    for (const auto& exchange : origin.waiting) exchange->drop();
    for (const auto& exchange : origin.running) exchange->drop();
  }
}

std::unique_ptr<Link> HttpClient::State::take_kept(const std::string& origin) {
  auto& kept = origins[origin].kept;
  if (kept.empty()) return nullptr;
  auto link = std::move(kept.back().link);
  kept.pop_back();
  return link;
}

void HttpClient::State::keep(const std::string& origin, std::unique_ptr<Link> link) {
  auto& all = origins[origin].kept;
  if (all.size() >= options.connections_per_origin) return;
  Kept kept{.link = std::move(link),
            .timer = control.after(options.keep_idle, [this, origin] { drop_oldest(origin); })};
  all.push_back(std::move(kept));
}

void HttpClient::State::drop_oldest(const std::string& origin) {
  const auto found = origins.find(origin);
  if (found == origins.end()) return;
  // All wait equally long, so the one whose time is over is the oldest.
  if (!found->second.kept.empty()) found->second.kept.pop_front();
  if (found->second.kept.empty() && found->second.active == 0) origins.erase(found);
}

void HttpClient::State::leave(const std::shared_ptr<Exchange>& exchange, bool had_turn) {
  const auto found = origins.find(exchange->url().origin());
  if (found == origins.end()) return;
  Origin& origin = found->second;
  if (!had_turn) {
    std::erase(origin.waiting, exchange);
    return;
  }
  std::erase(origin.running, exchange);
  --origin.active;
  if (!origin.waiting.empty()) {
    const auto next = std::move(origin.waiting.front());
    origin.waiting.pop_front();
    return next->start();
  }
  if (origin.active == 0 && origin.kept.empty()) origins.erase(found);
}

// --- One exchange

HttpClient::Exchange::Exchange(const std::shared_ptr<State>& state, HttpRequest request, Url url,
                               Callback callback)
    : state_(state),
      url_(std::move(url)),
      callback_(std::move(callback)),
      until_(Clock::now() + request.timeout),
      timeout_(request.timeout),
      max_body_(request.max_body) {
  request_.method_string(request.method);
  request_.target(url_.target);
  request_.version(11);
  request_.set(http::field::host, url_.authority());
  request_.set(http::field::user_agent, "drawbridge");
  if (!url_.credentials.empty())
    request_.set(http::field::authorization, "Basic " + to_base64(as_bytes(url_.credentials)));
  for (const HttpHeader& header : request.headers) request_.set(header.name, header.value);
  request_.body() = std::move(request.body);
  request_.prepare_payload();
}

void HttpClient::Exchange::begin() {
  const auto state = state_.lock();
  deadline_ = state->control.after(timeout_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->done_)
      self->finish(fail(
          Fault::backend, "{} did not answer within {}", self->url_.origin(),
          readable_duration(std::chrono::duration_cast<milliseconds>(self->timeout_).count())));
  });
  auto& origin = state->origins[url_.origin()];
  if (origin.active < state->options.connections_per_origin) return start();
  if (origin.waiting.size() >= state->options.waiting_per_origin)
    return finish(fail(Fault::proxy, "too many requests wait for {}", url_.origin()));
  origin.waiting.push_back(shared_from_this());
}

void HttpClient::Exchange::start() {
  const auto state = state_.lock();
  has_turn_ = true;
  auto& origin = state->origins[url_.origin()];
  ++origin.active;
  origin.running.push_back(shared_from_this());
  // What may not be repeated does not go out on a connection that may have been closed meanwhile.
  if (request_.method() == http::verb::get) link_ = state->take_kept(url_.origin());
  kept_ = link_ != nullptr;
  if (kept_) return write();
  resolve();
}

void HttpClient::Exchange::drop() {
  done_ = true;
  deadline_.cancel();
  step_.cancel();
  callback_ = nullptr;
  if (link_) link_->close();
}

void HttpClient::Exchange::resolve() {
  const auto state = state_.lock();
  state->resolver.resolve(url_.host, url_.port,
                          [self = shared_from_this()](Result<ResolvedAddresses> found) {
                            if (self->done_) return;
                            if (!found)
                              return self->finish(std::unexpected(std::move(found.error())));
                            self->endpoints_ = std::move(found->endpoints);
                            self->next_endpoint_ = 0;
                            self->connect();
                          });
}

void HttpClient::Exchange::connect() {
  const auto state = state_.lock();
  if (!state) return;
  const std::size_t left = endpoints_.size() - next_endpoint_;
  const Endpoint to = endpoints_[next_endpoint_++];
  if (url_.tls && !state->trusting) state->trusting = make_context(state->options.authorities);
  link_ =
      std::make_unique<Link>(state->control.loop().io, url_.tls ? state->trusting : state->plain);
  // An address that swallows everything costs its share of the time, not all of it.
  step_ = state->control.after((until_ - Clock::now()) / left, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->link_) self->link_->close();
  });
  link_->socket().async_connect(to_asio(to), then(&Exchange::connected));
}

void HttpClient::Exchange::connected(error_code error) {
  step_.cancel();
  if (error && next_endpoint_ < endpoints_.size()) return connect();
  if (error) return lost("connect to", error);
  error_code ignored;
  (void)link_->socket().set_option(Tcp::no_delay(true), ignored);
  if (!url_.tls) return write();
  if (!IpAddress::parse(url_.host))
    SSL_set_tlsext_host_name(link_->stream.native_handle(), url_.host.c_str());
  (void)link_->stream.set_verify_callback(ssl::host_name_verification(url_.host), ignored);
  link_->stream.async_handshake(ssl::stream_base::client, then(&Exchange::secured));
}

void HttpClient::Exchange::secured(error_code error) {
  if (!error) return write();
  const long verified = SSL_get_verify_result(link_->stream.native_handle());
  if (verified != X509_V_OK)
    return finish(fail(Fault::backend, "{}: its certificate is not accepted: {}", url_.origin(),
                       X509_verify_cert_error_string(verified)));
  lost("agree on TLS with", error);
}

void HttpClient::Exchange::write() {
  if (url_.tls)
    http::async_write(link_->stream, request_, then(&Exchange::written));
  else
    http::async_write(link_->socket(), request_, then(&Exchange::written));
}

void HttpClient::Exchange::written(error_code error) {
  if (error) return lost("write to", error);
  read();
}

void HttpClient::Exchange::read() {
  parser_.emplace();
  parser_->header_limit(max_answer_head);
  parser_->body_limit(max_body_);
  if (request_.method() == http::verb::head) parser_->skip(true);
  if (url_.tls)
    http::async_read(link_->stream, link_->buffer, *parser_, then(&Exchange::was_read));
  else
    http::async_read(link_->socket(), link_->buffer, *parser_, then(&Exchange::was_read));
}

void HttpClient::Exchange::was_read(error_code error) {
  if (error) return lost("read from", error);
  const auto state = state_.lock();
  const bool reusable = parser_->keep_alive() && link_->buffer.size() == 0;
  if (reusable && state) state->keep(url_.origin(), std::move(link_));
  finish(answer());
}

HttpResponse HttpClient::Exchange::answer() {
  auto message = parser_->release();
  HttpResponse out;
  out.status = message.result_int();
  for (const auto& field : message.base())
    out.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  out.body = std::move(message.body());
  return out;
}

void HttpClient::Exchange::lost(std::string_view doing, error_code error) {
  const bool silent = !parser_ || !parser_->got_some();
  if (kept_ && silent) {  // closed while nobody looked: once more, on a connection of its own
    kept_ = false;
    parser_.reset();
    return resolve();
  }
  finish(fail(Fault::backend, "cannot {} {}: {}", doing, url_.origin(), error.message()));
}

void HttpClient::Exchange::finish(Result<HttpResponse> result) {
  const auto self = shared_from_this();
  done_ = true;
  deadline_.cancel();
  step_.cancel();
  if (link_) link_->close();
  if (const auto state = state_.lock()) state->leave(self, has_turn_);
  const Callback callback = std::move(callback_);
  callback(std::move(result));
}

}  // namespace drawbridge::control
