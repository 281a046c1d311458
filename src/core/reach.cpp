#include "core/reach.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "config/server.hpp"
#include "core/backend_dial.hpp"

namespace drawbridge::core {

namespace {

BalanceStrategy strategy_of(config::Balance balance) {
  switch (balance) {
    case config::Balance::round_robin:
      return BalanceStrategy::round_robin;
    case config::Balance::least_conn:
      return BalanceStrategy::least_conn;
    case config::Balance::random:
      return BalanceStrategy::random;
    case config::Balance::lowest_latency:
      return BalanceStrategy::lowest_latency;
    case config::Balance::ip_hash:
      return BalanceStrategy::ip_hash;
    case config::Balance::first_available:
      break;
  }
  return BalanceStrategy::first_available;
}

Pick pick_of(const config::ServerConfig& server, const ReachFor& why, TimePoint now) {
  return {.strategy = strategy_of(server.balance),
          .now = now,
          .client = why.client,
          .slow_start = server.slow_start.value_or(Duration::zero()),
          .aggression = server.slow_start_aggression};
}

// A route that names an address of its own: no health is kept of it, since strangers choose it.
net::Task<Result<Reached>> reach_routed(Desk& desk, std::shared_ptr<const RoutedAddress> routed,
                                        Duration timeout) {
  auto dialled =
      co_await dial_backend(desk, routed->address, routed->allow, desk.worker().now() + timeout);
  if (!dialled) co_return std::unexpected(std::move(dialled.error()));
  co_return Reached{.backend = std::move(dialled->stream),
                    .at_address = {},
                    .address = routed->address,
                    .index = Reached::routed};
}

}  // namespace

void log_health(const Server& server, std::size_t address, bool healthy, std::string_view why) {
  const std::string text = server.config.addresses[address].address.text();
  if (healthy) {
    log::info("balance", "address is back", {{"server", server.id()}, {"address", text}});
  } else {
    log::warn("balance", "address left out for a while",
              {{"server", server.id()}, {"address", text}, {"reason", why}});
  }
}

net::SocketOptions socket_options(const config::GlobalConfig& global, const Server& server) {
  // TCP_USER_TIMEOUT comes before the number of probes (tcp(7)): the retries that fit into it
  // count.
  return {.keepalive_time = global.keepalive.time,
          .keepalive_interval = global.keepalive.interval,
          .keepalive_retries = static_cast<int>(global.keepalive.retries),
          .user_timeout = server.config.timeouts.write};
}

net::Task<Result<Reached>> reach(Desk& desk, WorldPtr world, ServerPtr server, ReachFor why) {
  const config::GlobalConfig& global = *world->global;
  const Duration timeout = config::effective_connect_timeout(server->config, global);
  // A keeper may have started it somewhere else.
  if (!why.routed && server->wake) why.routed = server->wake->address();
  if (why.routed) {
    auto reached = co_await reach_routed(desk, why.routed, timeout);
    co_return reached;
  }
  const CandidateList candidates =
      server->pool->order(pick_of(server->config, why, desk.worker().now()));
  Error last{"no address could be tried", Fault::backend};
  if (candidates.empty())
    last.what = server->pool->addresses().empty() ? "it has no addresses of its own"
                                                  : "every address is drained";
  std::uint32_t tried = 0;
  for (const Candidate& candidate : candidates) {
    if (global.connect_max_attempts != 0 && tried == global.connect_max_attempts) break;
    DialAttempt attempt = server->pool->attempt(candidate, desk.worker().now());
    if (!attempt) continue;
    ++tried;
    const config::Address& address = server->config.addresses[candidate.index].address;
    auto dialled = co_await dial_backend(desk, address, nullptr, desk.worker().now() + timeout);
    if (dialled) {
      bool recovered = false;
      server->pool->shared_health(candidate.index)->measured(dialled->took, desk.worker().now());
      LiveConnection live = attempt.connected(desk.worker().now(), &recovered);
      if (recovered) log_health(*server, candidate.index, true, {});
      co_return Reached{.backend = std::move(dialled->stream),
                        .at_address = std::move(live),
                        .address = address,
                        .index = static_cast<std::uint16_t>(candidate.index)};
    }
    last = std::move(dialled.error());
    // Our own limit or shutdown says nothing about the address.
    const bool ours = last.fault == Fault::proxy;
    if (!ours && attempt.failed(desk.worker().now(), EjectionRules{}))
      log_health(*server, candidate.index, false, last.what);
  }
  co_return std::unexpected(std::move(last));
}

}  // namespace drawbridge::core
