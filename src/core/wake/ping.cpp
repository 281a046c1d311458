#include "core/wake/ping.hpp"

#include <utility>
#include <vector>

#include "core/backend_dial.hpp"
#include "core/reach.hpp"
#include "core/status.hpp"

namespace drawbridge::core {

namespace {

// A server that takes longer than this to answer is not ready for players.
constexpr Duration patience = seconds(3);
constexpr mc::Version no_version{-1};

net::Task<PingOutcome> ping_address(Desk& desk, ServerPtr server, config::Address address) {
  const TimePoint deadline = desk.worker().now() + patience;
  auto dialled = co_await dial_backend(desk, address, nullptr, deadline);
  if (!dialled) {
    const bool ours = dialled.error().fault == Fault::proxy;
    co_return PingOutcome{.kind = ours ? PingOutcome::Kind::ours : PingOutcome::Kind::failed,
                          .json = {},
                          .why = std::move(dialled.error().what)};
  }
  auto answer =
      co_await ask_status(dialled->stream, server, address, std::string(), no_version, deadline);
  if (answer)
    co_return PingOutcome{
        .kind = PingOutcome::Kind::answered, .json = std::move(*answer), .why = {}};
  // In time and without an answer: it was closed on us, or something else than the game spoke.
  const bool late = Clock::now() >= deadline;
  const bool ours = answer.error().fault == Fault::proxy;
  const auto kind = late   ? PingOutcome::Kind::failed
                    : ours ? PingOutcome::Kind::ours
                           : PingOutcome::Kind::closed;
  co_return PingOutcome{.kind = kind, .json = {}, .why = std::move(answer.error().what)};
}

}  // namespace

net::Task<> ping_server(Desk& desk, ServerPtr server, std::function<void(PingOutcome)> report) {
  std::vector<config::Address> addresses;
  if (const auto instead = server->wake ? server->wake->address() : nullptr) {
    addresses.push_back(instead->address);
  } else {
    for (const config::BackendAddress& one : server->config.addresses)
      addresses.push_back(one.address);
  }
  PingOutcome best{.kind = PingOutcome::Kind::failed, .json = {}, .why = "it has no address"};
  for (const config::Address& address : addresses) {
    auto outcome = co_await ping_address(desk, server, address);
    const bool better =
        outcome.kind == PingOutcome::Kind::answered || best.kind != PingOutcome::Kind::closed;
    if (better) best = std::move(outcome);
    if (best.kind == PingOutcome::Kind::answered || best.kind == PingOutcome::Kind::ours) break;
  }
  report(std::move(best));
}

}  // namespace drawbridge::core
