#include "core/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "config/server.hpp"
#include "core/opening.hpp"
#include "core/reach.hpp"
#include "core/status_answers.hpp"
#include "core/wake/wait.hpp"
#include "mc/frame.hpp"
#include "mc/handshake.hpp"
#include "mc/status.hpp"
#include "net/later.hpp"

namespace drawbridge::core {

namespace {

// The cache's key for clients that say no version that a backend knows.
constexpr mc::Version unspecified{-1};
// How long a ping waits for a backend that did not answer the last one either: a healthy one is
// back within it, and a machine that is off must not cost every player a timeout.
constexpr Duration brief_patience = milliseconds(500);

StatusCacheRules rules_of(const config::StatusCache& keys) {
  const config::StaleWhileError& stale = keys.stale_while_error;
  return {.ttl = keys.ttl,
          .negative_ttl = keys.negative_ttl,
          .stale_limit = stale.enabled ? stale.max_age.value_or(Duration::max()) : Duration::zero(),
          .max_entries = keys.max_entries};
}

// --- Fetching ---

// The name that a backend is asked under. Its answer is for everybody, so that where there is a
// choice (wildcards, a default server) no stranger makes it: a proxy behind us may answer each name
// differently.
std::string_view name_to_ask_under(const Server& server, std::string_view asked) {
  for (const std::string& domain : server.config.domains)
    if (domain.find_first_of("*?") == std::string::npos) return domain;
  return asked;
}

// The ping that we send in the client's stead, with a host name, so that a proxy behind us routes
// it too.
Result<ByteBuffer> ping_for(const Server& server, const config::Address& address,
                            std::string_view host, mc::Version version) {
  ByteBuffer out = own_proxy_header_for(server);
  std::string_view name = name_to_ask_under(server, host);
  if (name.empty()) name = address.host;
  if (server.config.domain_rewrite.mode == config::DomainRewrite::Mode::from_backend)
    name = address.host;
  if (server.config.domain_rewrite.mode == config::DomainRewrite::Mode::fixed)
    name = server.config.domain_rewrite.host;
  auto handshake = mc::encode_handshake({.version = version,
                                         .host = std::string(name),
                                         .port = address.port,
                                         .intent = mc::Intent::status});
  if (!handshake) return handshake;
  out.insert(out.end(), handshake->begin(), handshake->end());
  const ByteBuffer request = mc::status_request_frame();
  out.insert(out.end(), request.begin(), request.end());
  return out;
}

net::Task<Result<std::string>> read_answer(net::Stream& backend, TimePoint deadline) {
  SetupBuffer in(4096);
  std::size_t filled = 0;
  for (;;) {
    auto frame =
        mc::next_frame(ByteView(in).first(filled), mc::max_status_response_body, Fault::backend);
    if (!frame) co_return std::unexpected(std::move(frame.error()));
    if (frame->has_value()) {
      auto json = mc::read_status_response((*frame)->body);
      if (!json) co_return std::unexpected(std::move(json.error()));
      co_return std::string(*json);
    }
    if (filled == in.size()) in.resize(in.size() * 2);  // next_frame's cap ends this
    auto count = co_await backend.read_some(ByteSpan(in).subspan(filled), deadline);
    if (!count) co_return std::unexpected<Error>(count.error());
    if (*count == 0) co_return fail(Fault::backend, "closed without a status answer");
    filled += *count;
  }
}

}  // namespace

net::Task<Result<std::string>> ask_status(net::Stream& backend, ServerPtr server,
                                          config::Address address, std::string host,
                                          mc::Version version, TimePoint deadline) {
  auto ping = ping_for(*server, address, host, version);
  if (!ping) co_return std::unexpected(std::move(ping.error()));
  auto sent = co_await backend.write_all(*ping, deadline);
  if (!sent) co_return std::unexpected<Error>(sent.error());
  auto answer = co_await read_answer(backend, deadline);
  co_return answer;
}

namespace {

// What is asked for: the server's status, or that of the address that a route leads this host to.
struct Asked {
  ServerPtr server;
  std::shared_ptr<const RoutedAddress> routed;
  std::string host;
  mc::Version version;
};

// One of the status requests to a server at a time: strangers ask in any version, and where a
// pattern makes the address under any name.
class FetchSlot {
 public:
  static constexpr std::uint32_t most = 32;
  explicit FetchSlot(std::shared_ptr<ServerState> state) : state_(std::move(state)) {
    if (state_->status_fetches.fetch_add(1, std::memory_order_relaxed) >= most) give_back();
  }
  FetchSlot(FetchSlot&&) noexcept = default;
  FetchSlot& operator=(FetchSlot&&) = delete;
  ~FetchSlot() { give_back(); }
  explicit operator bool() const { return state_ != nullptr; }

 private:
  void give_back() {
    if (state_) state_->status_fetches.fetch_sub(1, std::memory_order_relaxed);
    state_.reset();
  }
  std::shared_ptr<ServerState> state_;
};

net::Task<Result<std::string>> fetch(Desk& desk, WorldPtr world, Asked asked) {
  ReachFor why{.client = {}, .routed = asked.routed};
  auto reached = co_await reach(desk, world, asked.server, std::move(why));
  if (!reached) co_return std::unexpected(std::move(reached.error()));
  // Nobody waits for longer than the set-up of a connection may take.
  const TimePoint deadline = desk.worker().now() + std::min(asked.server->config.timeouts.read,
                                                            world->global->limits.setup_timeout);
  auto answer = co_await ask_status(reached->backend, asked.server, reached->address,
                                    std::move(asked.host), asked.version, deadline);
  co_return answer;
}

// Fetches as the one that all others wait for. A coroutine of its own: the client that asked first
// may leave.
net::Task<> lead(Desk& desk, WorldPtr world, Asked asked, StatusTicket ticket) {
  const ServerPtr server = asked.server;
  const mc::Version version = asked.version;
  const FetchSlot slot(server->state);
  Result<std::string> json = fail(Fault::proxy, "more status requests than the server may get");
  if (slot) json = co_await fetch(desk, world, std::move(asked));
  const TimePoint now = desk.worker().now();
  Result<StatusAnswerPtr> answer = std::unexpected(Error{});
  if (json) {
    answer = online_answer(*world, *server, version, *json);
  } else {
    answer = std::unexpected(std::move(json.error()));
  }
  if (answer) co_return ticket.finish(std::move(*answer), now);
  log::debug("status", "no answer from the backend",
             {{"server", server->id()}, {"reason", answer.error().what}});
  ticket.fail(unreachable_answer(*world, *server, version, ticket.last_known(now)), now);
}

// The answer of the cache, or of the fetch that is under way, or of one that this ping begins. When
// the backend takes longer than a client waits the client is told what it would be told if the
// backend did not answer at all.
net::Task<StatusAnswerPtr> cached_answer(Connection& connection, mc::Version version) {
  Desk& desk = connection.desk;
  const Server& server = *connection.server;
  const StatusCacheRules rules = rules_of(connection.global().status_cache);
  // A quarter of the time that the client has, at most a second, is left to tell it so.
  const Duration setup = connection.global().limits.setup_timeout;
  TimePoint patience = connection.deadline - std::min<Duration>(seconds(1), setup / 4);
  StatusTicket duty;  // to fetch, because nobody else does
  // Strangers choose what a pattern's groups hold: their answers cannot push out others'.
  const std::shared_ptr<const RoutedAddress>& routed = connection.routed;
  StatusCache& cache = routed ? desk.services().routed_status_cache : desk.services().status_cache;
  const std::string key =
      routed ? fmt::format("{} {}", server.id(), routed->address.text()) : server.id();
  for (;;) {
    StatusLookup found = cache.begin(key, mc::number(version), desk.worker().now(), rules);
    if (auto* hit = std::get_if<StatusOutcome>(&found)) co_return std::move(hit->answer);
    if (auto* ticket = std::get_if<StatusTicket>(&found)) {
      duty = std::move(*ticket);
      continue;  // and follow the flight that we lead, like everybody else
    }
    net::Later<StatusTurn> later(desk.worker());
    auto& follow = std::get<StatusFollow>(found);
    follow.then([give = later.resolver()](StatusTurn turn) { give(std::move(turn)); });
    if (duty)
      desk.worker().spawn(lead(desk, connection.world,
                               {connection.server, routed, connection.host.name, version},
                               std::move(duty)));
    if (follow.failed_before()) patience = std::min(patience, desk.worker().now() + brief_patience);
    auto turn = co_await later.get(patience);
    if (!turn)
      co_return unreachable_answer(*connection.world, server, version,
                                   follow.last_known(desk.worker().now()));
    if (!turn->lead) co_return std::move(turn->outcome.answer);
    duty = std::move(*turn->lead);
  }
}

// --- Saying it ---

// Request and ping may come in one segment or two, in either order, once or not at all; some
// clients leave after the status. What is buffered is answered in one write.
net::Task<> serve_modern(Connection& connection, std::string_view response) {
  connection.consume(connection.hello.handshake_size);
  bool answered = false;
  for (;;) {
    ByteBuffer out;
    bool done = false;
    for (;;) {
      auto packet = mc::next_status_packet(connection.buffered());
      if (!packet)
        co_return connection.log_refusal(log::Level::info, "bad status request",
                                         packet.error().what);
      if (!packet->has_value()) break;
      connection.consume((*packet)->size);
      if ((*packet)->is_ping) {
        const ByteBuffer pong = mc::pong_frame((*packet)->payload);
        out.insert(out.end(), pong.begin(), pong.end());
        done = true;
        break;
      }
      if (!answered) out.insert(out.end(), response.begin(), response.end());
      answered = true;
    }
    if (!out.empty()) {
      connection.hold(out.size());  // for as long as the client does not read
      auto sent = co_await connection.client.write_all(out, connection.deadline);
      if (!sent) co_return;
      connection.hold(0);
    }
    if (done) co_return connection.client.finish();
    auto more = co_await connection.read_more(connection.deadline);
    if (!more) co_return;
  }
}

net::Task<> serve_legacy(Connection& connection, const StatusAnswer& answer) {
  const auto facts = mc::read_status(json_of(answer));
  if (!facts) co_return;
  const ByteBuffer out = mc::legacy_status(connection.hello.legacy_ping, *facts);
  auto sent = co_await connection.client.write_all(out, connection.deadline);
  if (sent) connection.client.finish();
}

net::Task<> serve_answer(Connection& connection, StatusAnswerPtr answer) {
  if (!answer) co_return;
  if (connection.hello.is_legacy())
    co_await serve_legacy(connection, *answer);
  else
    co_await serve_modern(connection, answer->response_frame);
}

bool drops_unknown(const Connection& connection) {
  return connection.global().unknown_domain_behavior == config::UnknownDomain::drop;
}

// The version whose answer the client gets. Invented numbers share one answer: each of its own
// would be a request to the backend, for anybody who counts them through.
mc::Version version_of(const mc::Hello& hello) {
  return hello.is_legacy() || !mc::is_plausible(hello.version) ? unspecified : hello.version;
}

}  // namespace

net::Task<> answer_status(Connection& connection) {
  const mc::Version version = version_of(connection.hello);
  if (connection.server && connection.server->config.maintenance) {
    auto closed = maintenance_answer(*connection.world, *connection.server, version);
    co_return co_await serve_answer(connection, std::move(closed));
  }
  const bool only_pings = !connection.hello.is_legacy() && connection.hello.request_size == 0;
  if (only_pings && (connection.server || !drops_unknown(connection)))
    co_return co_await serve_modern(connection, {});
  if (connection.server && connection.server->wake && !connection.routed) {
    const TimePoint now = connection.desk.worker().now();
    const WakeLook look = connection.server->wake->look(now);
    if (is_down(look.state)) knock_for_status(connection);
    if (!may_answer(look.state)) {
      auto own = state_answer(*connection.world, *connection.server, look, version, now);
      co_return co_await serve_answer(connection, std::move(own));
    }
  }
  if (connection.server && connection.server->config.limbo) {
    auto answer = limbo_answer(*connection.world, *connection.server, version);
    co_return co_await serve_answer(connection, std::move(answer));
  }
  if (connection.server) {
    auto answer = co_await cached_answer(connection, version);
    co_return co_await serve_answer(connection, std::move(answer));
  }
  if (drops_unknown(connection)) {
    connection.count_refusal(RefusalReason::unknown_host);
    co_return connection.log_refusal(log::Level::info, "unknown host");
  }
  auto answer = unknown_host_answer(*connection.world, connection.subject(), version);
  co_await serve_answer(connection, std::move(answer));
}

net::Task<> answer_status_with(Connection& connection, mc::Text words) {
  mc::Status status;
  status.description = std::move(words);
  status.version_name = connection.global().product_name;
  status.protocol = mc::number(connection.hello.version);
  auto answer = answer_of(mc::status_json(status, version_of(connection.hello)));
  co_await serve_answer(connection, std::move(answer));
}

}  // namespace drawbridge::core
