#include "core/reach.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "config/server.hpp"
#include "net/dial.hpp"
#include "net/later.hpp"

namespace drawbridge::core {

namespace {

using Endpoints = std::vector<Endpoint>;

// How long a name server may take to say that a name has moved when the known address failed: one
// that never answers must not delay the next address much.
constexpr Duration dns_after_failure = milliseconds(200);

BalanceStrategy strategy_of(config::Balance balance) {
  switch (balance) {
    case config::Balance::round_robin:
      return BalanceStrategy::round_robin;
    case config::Balance::least_conn:
      return BalanceStrategy::least_conn;
    default:
      return BalanceStrategy::first_available;
  }
}

// Asks the resolver: at once when the name is fresh in its cache, else when DNS has answered.
net::Task<Result<Endpoints>> resolve(Desk& desk, config::Address address, TimePoint deadline) {
  net::Later<Result<Endpoints>> later(desk.worker());
  desk.services().resolver.resolve(
      address.host, address.port,
      [give = later.resolver()](Result<control::ResolvedAddresses> found) {
        if (found) {
          give(std::move(found->endpoints));
        } else {
          give(std::unexpected(std::move(found.error())));
        }
      });
  auto answer = co_await later.get(deadline);
  if (!answer) {
    const bool late = answer.error() == net::IoError::Kind::timed_out;
    co_return fail(late ? Fault::backend : Fault::proxy, "{}: name not resolved ({})", address.host,
                   answer.error().text());
  }
  co_return std::move(*answer);
}

// One after the other, until the deadline.
net::Task<Result<net::Stream>> connect_to_one_of(Desk& desk, Endpoints endpoints,
                                                 config::Address address, TimePoint deadline) {
  Error last{"no address", Fault::backend};
  for (const Endpoint& endpoint : endpoints) {
    auto stream = co_await net::dial(desk.worker(), endpoint, deadline);
    if (stream) co_return std::move(*stream);
    last = {fmt::format("{}: {}", address.text(), stream.error().text()), stream.error().fault};
    if (stream.error() == net::IoError::Kind::cancelled) break;
  }
  co_return std::unexpected(std::move(last));
}

// One configured address within one connect_timeout. A name that is known is dialled at once, even
// if what is known is out of date; DNS is asked when nothing is known, or when that failed and the
// name may have moved.
net::Task<Result<net::Stream>> connect(Desk& desk, config::Address address, TimePoint deadline) {
  if (address.is_unix())
    co_return fail(Fault::proxy, "{}: Unix sockets are not supported as backends", address.text());
  if (address.ip) {
    Endpoints literal{Endpoint{*address.ip, address.port}};
    co_return co_await connect_to_one_of(desk, std::move(literal), std::move(address), deadline);
  }
  Endpoints known;
  const auto cached = desk.services().resolver.cached(address.host);
  if (cached)
    for (const IpAddress& ip : *cached) known.push_back({ip, address.port});
  Result<net::Stream> stream = std::unexpected(Error{});
  if (!known.empty()) {
    stream = co_await connect_to_one_of(desk, known, address, deadline);
    if (stream || stream.error().fault == Fault::proxy) co_return stream;
  }
  const TimePoint brief = desk.worker().now() + dns_after_failure;
  const TimePoint until = known.empty() ? deadline : std::min(deadline, brief);
  auto fresh = co_await resolve(desk, address, until);
  if (!fresh) co_return std::unexpected(known.empty() ? fresh.error() : stream.error());
  std::erase_if(*fresh, [&](const Endpoint& endpoint) {
    return std::ranges::find(known, endpoint) != known.end();
  });
  if (fresh->empty()) co_return stream;
  co_return co_await connect_to_one_of(desk, std::move(*fresh), address, deadline);
}

void log_health(const Server& server, std::size_t address, bool healthy, std::string_view why) {
  const std::string text = server.config.addresses[address].address.text();
  if (healthy) {
    log::info("balance", "address is back", {{"server", server.id()}, {"address", text}});
  } else {
    log::warn("balance", "address left out for a while",
              {{"server", server.id()}, {"address", text}, {"reason", why}});
  }
}

}  // namespace

net::SocketOptions socket_options(const config::GlobalConfig& global, const Server& server) {
  // TCP_USER_TIMEOUT comes before the number of probes (tcp(7)): the retries that fit into it
  // count.
  return {.keepalive_time = global.keepalive.time,
          .keepalive_interval = global.keepalive.interval,
          .keepalive_retries = static_cast<int>(global.keepalive.retries),
          .user_timeout = server.config.timeouts.write};
}

net::Task<Result<Reached>> reach(Desk& desk, WorldPtr world, ServerPtr server) {
  const config::GlobalConfig& global = *world->global;
  const Duration timeout = config::effective_connect_timeout(server->config, global);
  const CandidateList candidates =
      server->pool->order(strategy_of(server->config.balance), desk.worker().now());
  Error last{"no address could be tried", Fault::backend};
  std::uint32_t tried = 0;
  for (const Candidate& candidate : candidates) {
    if (global.connect_max_attempts != 0 && tried == global.connect_max_attempts) break;
    DialAttempt attempt = server->pool->attempt(candidate, desk.worker().now());
    if (!attempt) continue;
    ++tried;
    const config::Address& address = server->config.addresses[candidate.index].address;
    auto stream = co_await connect(desk, address, desk.worker().now() + timeout);
    if (stream) {
      bool recovered = false;
      LiveConnection live = attempt.connected(desk.worker().now(), &recovered);
      if (recovered) log_health(*server, candidate.index, true, {});
      co_return Reached{std::move(*stream), std::move(live),
                        static_cast<std::uint16_t>(candidate.index)};
    }
    last = std::move(stream.error());
    const bool ours =
        last.fault == Fault::proxy;  // our own limit or shutdown says nothing about the address
    if (!ours && attempt.failed(desk.worker().now(), EjectionRules{}))
      log_health(*server, candidate.index, false, last.what);
  }
  co_return std::unexpected(std::move(last));
}

}  // namespace drawbridge::core
