#include "core/connection.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "core/forwarding.hpp"
#include "core/interception.hpp"
#include "core/status.hpp"
#include "mc/disconnect.hpp"
#include "net/proxy_protocol.hpp"

namespace drawbridge::core {

namespace {

constexpr std::size_t first_read =
    1024;  // a hello with room for what follows; grows for Floodgate and signed keys
constexpr std::size_t most_buffered = net::max_proxy_v2 + mc::max_hello + 4096;
// What the log says of a host that nobody has; the usual reasons, in the order of their frequency.
constexpr std::string_view no_such_host =
    "no server has this host in `domains`; whoever came by an SRV record sends its target, which "
    "must be there too";
// How long a lone FE or FE 01 may turn out to be more (a 1.6 ping, a modern frame).
constexpr Duration legacy_pause = milliseconds(200);
// Whoever is refused for its address still gets words, if it says soon in which form.
constexpr Duration farewell = seconds(3);

}  // namespace

net::Task<> serve_connection(Desk& desk, net::Stream client, Arrival arrival) {
  Connection connection(desk, std::move(client), std::move(arrival));
  co_await connection.serve();
}

Connection::Connection(Desk& at, net::Stream stream, Arrival from)
    : desk(at),
      world(at.world()),
      client(std::move(stream)),
      arrival(std::move(from)),
      peer(arrival.peer),
      seat(at.services()),
      deadline(arrival.at + world->global->limits.setup_timeout) {}

net::Task<> Connection::serve() {
  net::TaskControl& me = co_await net::this_task();
  desk.strangers().add(stranger, me);      // may be shed from here on
  auto peer_known = co_await read_peer();  // who, behind a trusted balancer
  if (!peer_known) co_return drop(peer_known.error());
  auto my_turn = co_await wait_for_turn();  // so many of one source at a time
  if (!my_turn) co_return drop(my_turn.error());
  Verdict by_address = gate().at_address(peer.address);
  if (!by_address.passed()) deadline = std::min(deadline, desk.worker().now() + farewell);
  auto hello_read = co_await read_hello();  // what it wants; its bytes are kept for replay
  arrival.source.end_reading();
  if (!hello_read) co_return drop(hello_read.error());

  Verdict may_enter = co_await check_before_routing(std::move(by_address));
  if (!may_enter.passed()) co_return co_await refuse(std::move(may_enter));
  if (!hello.wants_status()) stranger.renew();

  find_server();
  if (server) {
    Verdict may_join = gate().at_server(peer.address, hello, *server);
    if (!may_join.passed()) co_return co_await refuse(std::move(may_join));
  }
  if (hello.wants_status()) co_return co_await answer_status(*this);
  if (!server) {
    if (global().unknown_domain_behavior == config::UnknownDomain::drop) {
      count_refusal(RefusalReason::unknown_host);
      co_return log_refusal(log::Level::info, "unknown host", no_such_host);
    }
    co_return co_await refuse(config::Kick::unknown_host, no_such_host);
  }
  if (server->withheld) co_return co_await refuse(config::Kick::not_allowed, *server->withheld);
  if (config::is_intercepted(server->config.proxy_mode))
    co_return co_await intercept(*this);  // logs the player in, hands both links to a session
  co_await forward(*this);                // dials, replays, hands both sockets to the pump
}

// The checks that need no route. A log-in that has to wait for its turn waits here.
net::Task<Verdict> Connection::check_before_routing(Verdict by_address) {
  if (!by_address.passed()) co_return by_address;
  Verdict out;
  if (desk.services().stopping) {
    out.refusal = RefusalReason::stopping;
    out.kick = config::Kick::shutdown;
    co_return out;
  }
  const std::uint32_t most = global().max_connections;
  if (most != 0 && seat.number() > most) {
    out.refusal = RefusalReason::proxy_full;
    out.kick = config::Kick::proxy_full;
    co_return out;
  }
  out = gate().at_hello(peer.address, hello, desk.worker().now());
  if (!out.passed() || out.wait == Duration::zero()) co_return out;
  log_refusal(log::Level::debug, "waits for its turn (rate limit)");
  deadline += out.wait;
  auto slept = co_await desk.worker().sleep_until(desk.worker().now() + out.wait);
  if (!slept) {  // shed, or the proxy stops
    out.refusal = stranger.was_shed() ? RefusalReason::memory : RefusalReason::stopping;
    out.kick = config::Kick::shutdown;
  }
  co_return out;
}

// Direct clients went through these checks when they were accepted.
Result<> Connection::admit_player() {
  const auto refusal = gate().at_accept(peer.address, desk.worker().now(), arrival.source);
  if (!refusal) return {};
  drop_reason_ = *refusal;
  return fail(Fault::client, "{}", name_of(*refusal));
}

// The first ones are read at once; the others look again after a pause that grows. Nothing but the
// connection itself is held meanwhile.
net::Task<Result<>> Connection::wait_for_turn() {
  const std::uint32_t most = gate().most_reading(peer.address);
  Duration pause = milliseconds(10);
  while (!arrival.source.begin_reading(most)) {
    const TimePoint next = desk.worker().now() + pause;
    if (next >= deadline) {
      drop_reason_ = RefusalReason::source_reading;
      co_return fail(Fault::client, "too many connections of this source said nothing");
    }
    auto slept = co_await desk.worker().sleep_until(next);
    if (!slept) co_return std::unexpected<Error>(slept.error());
    pause = std::min<Duration>(pause * 2, milliseconds(640));
  }
  co_return Result<>{};
}

net::Task<Result<>> Connection::read_peer() {
  const ListenerRules* rules = world->listener(arrival.listener->bind);
  // Of a listener that a reload took away, or that is kept for want of another: whose header could
  // be believed is no longer known, and nobody is to get in without one.
  if (rules == nullptr && arrival.listener->reads_headers)
    co_return fail(Fault::proxy, "its listener is no longer there");
  if (rules == nullptr) co_return Result<>{};
  if (rules->config.receive_proxy_protocol == config::ReceiveProxy::off) co_return Result<>{};
  if (!rules->trusts(peer.address)) {
    if (rules->config.receive_proxy_protocol == config::ReceiveProxy::optional)
      co_return Result<>{};
    drop_reason_ = RefusalReason::proxy_header;
    co_return fail(Fault::client, "a PROXY header is needed, and {} is not among trusted_proxies",
                   peer.address.text());
  }
  for (;;) {
    auto header = net::parse_proxy_header(buffered());
    if (!header) drop_reason_ = RefusalReason::proxy_header;
    if (!header) co_return std::unexpected(std::move(header.error()));
    if (header->has_value()) {
      const net::ProxyHeader& found = **header;
      if (found.source) peer = *found.source;
      had_proxy_header = true;
      consume(found.size);
      co_return admit_player();
    }
    auto more = co_await read_more(deadline);
    if (!more) co_return std::unexpected(std::move(more.error()));
  }
}

net::Task<Result<>> Connection::read_hello() {
  mc::HelloParser parser;
  for (;;) {
    auto parsed = parser.feed(buffered());
    if (!parsed) {
      if (net::looks_like_proxy_header(buffered())) {
        drop_reason_ = RefusalReason::proxy_header;
        co_return fail(Fault::client,
                       "a PROXY header came, and none is expected here (receive_proxy_protocol)");
      }
      co_return std::unexpected(std::move(parsed.error()));
    }
    if (parsed->has_value()) {
      hello = std::move(**parsed);
      co_return note_host();
    }
    const bool pausing = parser.wants_pause();
    auto more = co_await read_more(pausing ? std::min(deadline, desk.worker().now() + legacy_pause)
                                           : deadline);
    if (more) continue;
    if (!pausing) co_return std::unexpected(std::move(more.error()));
    hello = parser.give_up_waiting();
    co_return note_host();
  }
}

Result<> Connection::note_host() {
  auto parsed = mc::parse_host(hello.host);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  host = std::move(*parsed);
  const bool hint = host.has_real_ip_tail && !had_proxy_header &&
                    !desk.services().real_ip_hint_given.exchange(true);
  if (hint)
    log::info(
        "net",
        "a host name carries a real-IP tail (TCPShield, RealIP) but no PROXY header came: the "
        "proxy sees the protection service's address; turn its PROXY protocol on and set "
        "receive_proxy_protocol",
        {{"client", client_text(peer)}});
  return {};
}

void Connection::find_server() {
  const ListenerRules* rules = world->listener(arrival.listener->bind);
  auto found = world->route(host.name, rules != nullptr ? rules->default_server : std::nullopt);
  server = std::move(found.server);
  routed = std::move(found.routed);
  const bool can_enter =
      !hello.wants_status() && !hello.is_legacy() && hello.version >= mc::oldest_known;
  if (!server && can_enter) server = world->lobby_for(arrival.listener->bind);
}

net::Task<Result<>> Connection::read_more(TimePoint until) {
  if (filled_ == in_.size()) {
    if (in_.size() >= most_buffered)
      co_return fail(Fault::client, "more than {} bytes before login", most_buffered);
    in_.resize(std::min(most_buffered, std::max(first_read, in_.size() * 2)));
    hold(0);
  }
  auto count = co_await client.read_some(ByteSpan(in_).subspan(filled_), until);
  if (!count) co_return std::unexpected<Error>(count.error());
  if (*count == 0) co_return fail(Fault::client, "closed by the client");
  filled_ += *count;
  co_return Result<>{};
}

void Connection::hold(std::size_t more) {
  stranger.hold((in_.size() > first_read ? in_.size() : 0) + more);
}

void Connection::consume(std::size_t count) {
  std::copy(in_.begin() + static_cast<std::ptrdiff_t>(count),
            in_.begin() + static_cast<std::ptrdiff_t>(filled_), in_.begin());
  filled_ -= count;
}

void Connection::append(ByteView bytes) {
  if (bytes.empty()) return;
  in_.resize(filled_);
  in_.insert(in_.end(), bytes.begin(), bytes.end());
  filled_ = in_.size();
}

TextSubject Connection::subject() const {
  TextSubject out{.player = hello.player,
                  .host = host.name,
                  .server = server.get(),
                  .world = world.get(),
                  .may_see_paths = peer.address.is_loopback() || world->servers.empty()};
  if (server && server->wake) {
    const TimePoint now = desk.worker().now();
    const WakeLook look = server->wake->look(now);
    out.eta = look.eta;
    out.elapsed = look.elapsed(now);
  }
  return out;
}

net::Task<> Connection::refuse(config::Kick kick, std::string_view reason) {
  mc::Text words = kick_words(kick, subject());
  // The allow list's refusals come from the gate; here it is a server that is withheld.
  const RefusalReason why =
      kick == config::Kick::not_allowed ? RefusalReason::withheld : reason_for(kick);
  co_await refuse_with(kick, why, reason, std::move(words));
}

net::Task<> Connection::refuse_for(config::Kick kick, Duration wait, std::string reason) {
  TextSubject about = subject();
  about.wait = wait;
  mc::Text words = kick_words(kick, about);
  co_await refuse_with(kick, reason_for(kick), reason, std::move(words));
}

net::Task<> Connection::refuse(Verdict verdict) {
  TextSubject about = subject();
  about.wait = verdict.wait;
  about.reason = verdict.reason;
  about.remaining = verdict.remaining;
  mc::Text words = kick_words(verdict.kick, about);
  const RefusalReason why = *verdict.refusal;
  co_await refuse_with(verdict.kick, why, name_of(why), std::move(words));
}

net::Task<> Connection::refuse_with(config::Kick kick, RefusalReason why, std::string_view reason,
                                    mc::Text words) {
  count_refusal(why);
  log_refusal(log::Level::info, config::name_of(kick), reason);
  if (hello.wants_status()) co_return co_await answer_status_with(*this, std::move(words));
  const ByteBuffer packet =
      hello.is_legacy() ? mc::legacy_kick(words) : mc::login_disconnect(words, hello.version);
  auto sent = co_await client.write_all(packet, deadline);
  if (sent) client.finish();
}

void Connection::drop(const Error& error) {
  if (stranger.was_shed()) {
    count_refusal(RefusalReason::memory);
    return log_refusal(log::Level::info, "dropped before login", name_of(RefusalReason::memory));
  }
  // Nothing at all was said, or only that a balancer speaks for itself (LOCAL): a port scan or a
  // balancer's check, every few seconds, not worth a line.
  const bool is_nobody = peer == arrival.peer;
  const bool silent = filled_ == 0 && is_nobody && drop_reason_ == RefusalReason::bad_hello;
  if (!silent) count_refusal(drop_reason_);
  log_refusal(silent ? log::Level::debug : log::Level::info, "dropped before login", error.what);
}

void Connection::log_refusal(log::Level level, std::string_view reason,
                             std::string_view detail) const {
  if (!log::enabled(level, "connection")) return;
  if (desk.services().throttle.allow(peer.address, reason, desk.worker().now()) ==
      LogVerdict::suppress)
    return;
  log::write(level, "connection", reason,
             {{"client", client_text(peer)},
              {"player", hello.player},
              {"host", host.name},
              {"server", server ? server->id() : std::string{}},
              {"reason", detail}});
}

}  // namespace drawbridge::core
