// An Exchange is one request on its way: queued, resolving, connecting, writing, reading. Each step
// is an Asio operation whose handler keeps the exchange alive; `done_` makes the handlers of what
// was cut off do nothing. One of the few files that see Beast and TLS: a second one for what goes
// beyond 400 lines would cost 13 s to compile.
#include "control/http_client.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
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
using Local = boost::asio::local::stream_protocol;
using Generic = boost::asio::generic::stream_protocol;  // either of the two

constexpr std::uint32_t max_answer_head = 16 * 1024;

// One connection. Its TLS half is there in any case and does nothing without TLS.
struct Link {
  Link(asio::io_context& io, std::shared_ptr<ssl::context> c)
      : context(std::move(c)), stream(io, *context) {}
  [[nodiscard]] Generic::socket& socket() { return stream.next_layer(); }
  void close() {
    error_code ignored;
    (void)socket().close(ignored);
  }
  std::shared_ptr<ssl::context> context;
  ssl::stream<Generic::socket> stream;
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

// Of one request: its own authorities and certificate. What cannot be used is an error at once,
// since the handshake would only say that nobody is trusted.
Result<std::shared_ptr<ssl::context>> make_context(const HttpTls& tls,
                                                   const std::filesystem::path& authorities) {
  auto context = make_context(authorities);
  error_code error;
  const auto bad = [&](std::string_view what, const std::filesystem::path& file) {
    return fail(Fault::proxy, "{} {} cannot be used: {}", what, file.string(), error.message());
  };
  if (!tls.authorities.empty() && context->load_verify_file(tls.authorities.string(), error))
    return bad("the CA file", tls.authorities);
  if (!tls.certificate.empty() &&
      context->use_certificate_chain_file(tls.certificate.string(), error))
    return bad("the certificate", tls.certificate);
  if (!tls.key.empty() && context->use_private_key_file(tls.key.string(), ssl::context::pem, error))
    return bad("the key", tls.key);
  return context;
}

// Names and times of the files: a file that was replaced counts as another.
std::string stamp_of(const HttpTls& tls) {
  std::string out;
  for (const auto* file : {&tls.authorities, &tls.certificate, &tls.key}) {
    std::error_code error;
    const auto written = std::filesystem::last_write_time(*file, error);
    out += fmt::format("|{}@{}", file->native(), error ? 0 : written.time_since_epoch().count());
  }
  return out;
}

Generic::endpoint to_asio(const Endpoint& endpoint) {
  error_code error;
  return Tcp::endpoint(asio::ip::make_address(endpoint.address.text(), error), endpoint.port);
}

// What fits into a socket address, with the zero behind it.
constexpr std::size_t max_socket_path = 107;

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
  void make_stream(HttpStreamHandlers handlers) { handlers_ = std::move(handlers); }
  void begin();  // the deadline runs; then a connection, or the queue
  void start();  // its turn has come
  void drop();   // the client goes: no call
  void refuse(Error error) { finish(std::unexpected(std::move(error))); }
  // Connections are shared by those who go the same way.
  [[nodiscard]] const std::string& way() const { return way_; }

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
  void connect_to(const Generic::endpoint& to);
  void connected(error_code error);
  void secured(error_code error);
  void write();
  void written(error_code error);
  void read();
  void was_read(error_code error);
  void head_was_read(error_code error);
  void read_more();
  void more_was_read(error_code error);
  void lost(std::string_view doing, error_code error);
  void finish(Result<HttpResponse> result);
  [[nodiscard]] HttpResponse answer();
  // For messages.
  [[nodiscard]] std::string whom() const { return socket_.empty() ? url_.origin() : socket_; }

  std::weak_ptr<State> state_;
  Url url_;
  std::string socket_;
  HttpTls tls_;
  std::string way_;
  std::optional<HttpStreamHandlers> handlers_;  // a stream
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
  // What a TLS connection of this exchange is made with.
  Result<std::shared_ptr<ssl::context>> context_for(const HttpTls& tls);

  std::shared_ptr<ssl::context> trusting;  // made when first needed: reading authorities takes time
  std::map<std::string, std::shared_ptr<ssl::context>> special;  // by stamp_of()
  std::vector<std::weak_ptr<Exchange>> streams;
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

namespace {

// The URL of a request that may go out.
Result<Url> checked(const HttpRequest& request) {
  for (const HttpHeader& header : request.headers)
    if (breaks_a_header(header.name) || breaks_a_header(header.value))
      return fail(Fault::proxy, "a header of the request holds a line end");
  if (request.socket.native().size() > max_socket_path)
    return fail(Fault::proxy, "the socket's path is longer than {} bytes", max_socket_path);
  return Url::parse(request.url);
}

}  // namespace

void HttpClient::send(HttpRequest request, Callback callback) {
  state_->control.post(
      [state = state_, request = std::move(request), callback = std::move(callback)]() mutable {
        if (state->closing) return;
        auto url = checked(request);
        if (!url) return callback(std::unexpected(std::move(url.error())));
        std::make_shared<Exchange>(state, std::move(request), std::move(*url), std::move(callback))
            ->begin();
      });
}

HttpClient::Stream HttpClient::stream(HttpRequest request, HttpStreamHandlers handlers) {
  auto url = checked(request);
  std::optional<Error> wrong;
  if (!url) wrong = std::move(url.error());
  const auto exchange = std::make_shared<Exchange>(state_, std::move(request),
                                                   wrong ? Url() : std::move(*url), Callback());
  exchange->make_stream(std::move(handlers));
  std::erase_if(state_->streams, [](const auto& stream) { return stream.expired(); });
  state_->streams.push_back(exchange);
  state_->control.post([state = state_, exchange, wrong = std::move(wrong)] {
    if (state->closing) return;
    if (wrong)
      exchange->refuse(*wrong);
    else
      exchange->begin();
  });
  return Stream(exchange);
}

HttpClient::Stream& HttpClient::Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    cut();
    exchange_ = std::move(other.exchange_);
  }
  return *this;
}

void HttpClient::Stream::cut() {
  if (const auto exchange = exchange_.lock()) exchange->drop();
  exchange_.reset();
}

void HttpClient::State::close() {
  closing = true;
  for (const auto& stream : std::exchange(streams, {}))
    if (const auto exchange = stream.lock()) exchange->drop();
  const auto all = std::exchange(origins, {});
  for (const auto& [name, origin] : all) {
    for (const auto& exchange : origin.waiting) exchange->drop();
    for (const auto& exchange : origin.running) exchange->drop();
  }
}

Result<std::shared_ptr<ssl::context>> HttpClient::State::context_for(const HttpTls& tls) {
  if (tls.empty()) {
    if (!trusting) trusting = make_context(options.authorities);
    return trusting;
  }
  constexpr std::size_t enough = 64;
  const std::string stamp = stamp_of(tls);
  const auto known = special.find(stamp);
  if (known != special.end()) return known->second;
  auto made = make_context(tls, options.authorities);
  if (!made) return made;
  if (special.size() >= enough) special.clear();
  special.emplace(stamp, *made);
  return made;
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
  std::erase_if(streams, [&](const auto& stream) {
    const auto known = stream.lock();
    return !known || known == exchange;
  });
  const auto found = origins.find(exchange->way());
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
      socket_(request.socket.native()),
      tls_(std::move(request.tls)),
      way_(url_.origin() + "|" + socket_ + (tls_.empty() ? "" : stamp_of(tls_))),
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
          Fault::backend, "{} did not answer within {}", self->whom(),
          readable_duration(std::chrono::duration_cast<milliseconds>(self->timeout_).count())));
  });
  if (handlers_) return resolve();
  auto& origin = state->origins[way_];
  if (origin.active < state->options.connections_per_origin) return start();
  if (origin.waiting.size() >= state->options.waiting_per_origin)
    return finish(fail(Fault::proxy, "too many requests wait for {}", whom()));
  origin.waiting.push_back(shared_from_this());
}

void HttpClient::Exchange::start() {
  const auto state = state_.lock();
  has_turn_ = true;
  auto& origin = state->origins[way_];
  ++origin.active;
  origin.running.push_back(shared_from_this());
  // What may not be repeated does not go out on a connection that may have been closed meanwhile.
  if (request_.method() == http::verb::get) link_ = state->take_kept(way_);
  kept_ = link_ != nullptr;
  if (kept_) return write();
  resolve();
}

void HttpClient::Exchange::drop() {
  done_ = true;
  deadline_.cancel();
  step_.cancel();
  callback_ = nullptr;
  handlers_.reset();
  if (link_) link_->close();
}

void HttpClient::Exchange::resolve() {
  const auto state = state_.lock();
  if (!state) return;
  if (!socket_.empty()) return connect_to(Local::endpoint(socket_));
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
  // An address that swallows everything costs its share of the time, not all of it.
  step_ = state->control.after((until_ - Clock::now()) / left, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->link_) self->link_->close();
  });
  connect_to(to_asio(to));
}

void HttpClient::Exchange::connect_to(const Generic::endpoint& to) {
  const auto state = state_.lock();
  auto context = url_.tls ? state->context_for(tls_) : state->plain;
  if (!context) return finish(std::unexpected(std::move(context.error())));
  link_ = std::make_unique<Link>(state->control.loop().io, *context);
  link_->socket().async_connect(to, then(&Exchange::connected));
}

void HttpClient::Exchange::connected(error_code error) {
  step_.cancel();
  if (error && next_endpoint_ < endpoints_.size()) return connect();
  if (error) return lost("connect to", error);
  error_code ignored;
  if (socket_.empty()) (void)link_->socket().set_option(Tcp::no_delay(true), ignored);
  // Nothing else would ever tell that the other side of a silent stream is gone.
  if (handlers_) (void)link_->socket().set_option(asio::socket_base::keep_alive(true), ignored);
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
    return finish(fail(Fault::backend, "{}: its certificate is not accepted: {}", whom(),
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
  if (handlers_) {
    if (url_.tls)
      return http::async_read_header(link_->stream, link_->buffer, *parser_,
                                     then(&Exchange::head_was_read));
    return http::async_read_header(link_->socket(), link_->buffer, *parser_,
                                   then(&Exchange::head_was_read));
  }
  if (url_.tls)
    http::async_read(link_->stream, link_->buffer, *parser_, then(&Exchange::was_read));
  else
    http::async_read(link_->socket(), link_->buffer, *parser_, then(&Exchange::was_read));
}

void HttpClient::Exchange::was_read(error_code error) {
  if (error) return lost("read from", error);
  const auto state = state_.lock();
  const bool reusable = parser_->keep_alive() && link_->buffer.size() == 0;
  if (reusable && state) state->keep(way_, std::move(link_));
  finish(answer());
}

void HttpClient::Exchange::head_was_read(error_code error) {
  if (error) return lost("read from", error);
  const unsigned status = parser_->get().result_int();
  if (status / 100 == 2) {
    deadline_.cancel();
    parser_->body_limit(boost::none);
    // Not eager: that would hold bytes back until the next chunk begins.
    const auto opened = handlers_->opened;  // it may drop this exchange
    if (opened) opened();
    if (!done_) read_more();
    return;
  }
  // What it says about itself comes behind the head.
  if (url_.tls)
    http::async_read(link_->stream, link_->buffer, *parser_, then(&Exchange::was_read));
  else
    http::async_read(link_->socket(), link_->buffer, *parser_, then(&Exchange::was_read));
}

void HttpClient::Exchange::read_more() {
  if (parser_->is_done()) return finish(fail(Fault::backend, "{} has ended the stream", whom()));
  if (url_.tls)
    http::async_read_some(link_->stream, link_->buffer, *parser_, then(&Exchange::more_was_read));
  else
    http::async_read_some(link_->socket(), link_->buffer, *parser_, then(&Exchange::more_was_read));
}

void HttpClient::Exchange::more_was_read(error_code error) {
  const std::string bytes = std::exchange(parser_->get().body(), {});
  if (!bytes.empty()) {
    const auto data = handlers_->data;
    if (data) data(bytes);
    if (done_) return;
  }
  if (error) return lost("read from", error);
  read_more();
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
  finish(fail(Fault::backend, "cannot {} {}: {}", doing, whom(), error.message()));
}

void HttpClient::Exchange::finish(Result<HttpResponse> result) {
  const auto self = shared_from_this();
  done_ = true;
  deadline_.cancel();
  step_.cancel();
  if (link_) link_->close();
  if (const auto state = state_.lock()) state->leave(self, has_turn_);
  if (handlers_) {
    const auto ended = std::exchange(handlers_, std::nullopt)->ended;
    Error why = result ? Error{fmt::format("{} answered {}: {}", whom(), result->status,
                                           escaped_for_log(result->body, 200)),
                               Fault::backend}
                       : std::move(result.error());
    if (ended) ended(std::move(why));
    return;
  }
  const Callback callback = std::move(callback_);
  callback(std::move(result));
}

}  // namespace drawbridge::control
