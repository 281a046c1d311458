#include "core/backend_dial.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "net/dial.hpp"
#include "net/later.hpp"

namespace drawbridge::core {

namespace {

using Endpoints = std::vector<Endpoint>;
using Allowed = std::shared_ptr<const AllowedNetworks>;
using control::ServiceTarget;

// How long a name server may take to say that a name has moved when the known address failed: one
// that never answers must not delay the next address much.
constexpr Duration dns_after_failure = milliseconds(200);
// RFC 8305 section 5.
constexpr Duration next_endpoint_after = milliseconds(250);
constexpr std::string_view service_prefix = "_minecraft._tcp.";

std::vector<Cidr> inner_networks() {
  std::vector<Cidr> out;
  for (const std::string_view text : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
                                      "255.255.255.255/32", "::/127", "fe80::/10", "ff00::/8"})
    out.push_back(*Cidr::parse(text));
  return out;
}

}  // namespace

AllowedNetworks::AllowedNetworks(const std::optional<std::vector<Cidr>>& allow)
    : networks_(allow ? *allow : inner_networks()), are_denied_(!allow) {}

bool AllowedNetworks::contains(const IpAddress& address) const {
  return networks_.contains(address) != are_denied_;
}

std::vector<Endpoint> taking_turns(const std::vector<Endpoint>& endpoints) {
  Endpoints first;
  Endpoints second;
  for (const Endpoint& endpoint : endpoints)
    (endpoint.address.is_v4() == endpoints.front().address.is_v4() ? first : second)
        .push_back(endpoint);
  Endpoints out;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

namespace {

// What those who race share with the one who waits for them. All on one worker.
struct Race {
  std::optional<Dialled> winner;
  Error last{"no address", Fault::backend};
  std::vector<net::TaskControl*> runners;
  std::optional<net::Resolver<bool>> wake;
  bool over = false;  // nobody waits any more

  void end() {
    over = true;
    wake.reset();
    for (net::TaskControl* runner : runners) runner->cancel();
  }
};

Error error_of(const net::IoError& error, const std::string& what) {
  const bool ours = error.fault == Fault::proxy || error == net::IoError::Kind::cancelled;
  return {fmt::format("{}: {}", what, error.text()), ours ? Fault::proxy : Fault::backend};
}

net::Task<> run(std::shared_ptr<Race> race, net::Worker& worker, Endpoint to, TimePoint deadline) {
  net::TaskControl& me = co_await net::this_task();
  race->runners.push_back(&me);
  const TimePoint begun = Clock::now();
  auto stream = co_await net::dial(worker, to, deadline);
  std::erase(race->runners, &me);
  if (race->over || race->winner) co_return;
  if (stream)
    race->winner = Dialled{std::move(*stream), Clock::now() - begun};
  else
    race->last = error_of(stream.error(), to.text());
  if (race->wake) (*race->wake)(true);
}

net::Task<Result<Dialled>> connect_to(Desk& desk, Endpoint to, TimePoint deadline) {
  const TimePoint begun = Clock::now();
  auto stream = co_await net::dial(desk.worker(), to, deadline);
  if (!stream) co_return std::unexpected(error_of(stream.error(), to.text()));
  co_return Dialled{std::move(*stream), Clock::now() - begun};
}

net::Task<Result<Dialled>> connect_to_one_of(Desk& desk, Endpoints endpoints, TimePoint deadline) {
  if (endpoints.size() == 1) {
    auto only = co_await connect_to(desk, endpoints.front(), deadline);
    co_return only;
  }
  net::Worker& worker = desk.worker();
  const Endpoints order = taking_turns(endpoints);
  const auto race = std::make_shared<Race>();
  std::size_t next = 0;
  TimePoint next_at = worker.now();
  for (;;) {
    if (race->winner) {
      race->end();
      co_return std::move(*race->winner);
    }
    if (next < order.size() && (race->runners.empty() || worker.now() >= next_at)) {
      worker.spawn(run(race, worker, order[next], deadline));
      ++next;
      next_at = worker.now() + next_endpoint_after;
      continue;
    }
    if (race->runners.empty()) co_return std::unexpected(std::move(race->last));
    net::Later<bool> later(worker);
    race->wake = later.resolver();
    auto news = co_await later.get(next < order.size() ? next_at : no_deadline);
    race->wake.reset();
    if (!news && news.error() == net::IoError::Kind::cancelled) {
      race->end();
      co_return fail(Fault::proxy, "cancelled");
    }
  }
}

// Nothing but what is allowed; an error if nothing is left of something.
Result<Endpoints> filtered(Endpoints endpoints, const Allowed& allow, const std::string& name) {
  if (!allow) return endpoints;
  std::erase_if(endpoints, [&](const Endpoint& e) { return !allow->contains(e.address); });
  if (endpoints.empty())
    return fail(Fault::client, "{} leads where resolve_allow does not let it",
                escaped_for_log(name));
  return endpoints;
}

// Asks the resolver: at once when the name is fresh in its cache, else when DNS has answered.
net::Task<Result<Endpoints>> resolve(Desk& desk, std::string host, std::uint16_t port,
                                     TimePoint deadline) {
  net::Later<Result<Endpoints>> later(desk.worker());
  desk.services().resolver.resolve(
      host, port, [give = later.resolver()](Result<control::ResolvedAddresses> found) {
        if (found) {
          give(std::move(found->endpoints));
        } else {
          give(std::unexpected(std::move(found.error())));
        }
      });
  auto answer = co_await later.get(deadline);
  if (!answer) {
    const bool late = answer.error() == net::IoError::Kind::timed_out;
    co_return fail(late ? Fault::backend : Fault::proxy, "{}: name not resolved ({})",
                   escaped_for_log(host), answer.error().text());
  }
  co_return std::move(*answer);
}

net::Task<Result<Dialled>> dial_name(Desk& desk, std::string host, std::uint16_t port,
                                     Allowed allow, TimePoint deadline) {
  Endpoints known;
  const auto cached = desk.services().resolver.cached(host);
  if (cached)
    for (const IpAddress& ip : *cached) known.push_back({ip, port});
  Result<Dialled> dialled = std::unexpected(Error{});
  if (!known.empty()) {
    auto usable = filtered(known, allow, host);
    if (usable) {
      dialled = co_await connect_to_one_of(desk, std::move(*usable), deadline);
    } else {
      dialled = std::unexpected(std::move(usable.error()));
    }
    if (dialled || dialled.error().fault == Fault::proxy) co_return dialled;
  }
  const TimePoint brief = desk.worker().now() + dns_after_failure;
  const TimePoint until = known.empty() ? deadline : std::min(deadline, brief);
  auto fresh = co_await resolve(desk, host, port, until);
  if (!fresh) co_return std::unexpected(known.empty() ? fresh.error() : dialled.error());
  std::erase_if(*fresh, [&](const Endpoint& endpoint) {
    return std::ranges::find(known, endpoint) != known.end();
  });
  if (fresh->empty()) co_return dialled;
  auto usable = filtered(std::move(*fresh), allow, host);
  if (!usable) co_return std::unexpected(std::move(usable.error()));
  dialled = co_await connect_to_one_of(desk, std::move(*usable), deadline);
  co_return dialled;
}

net::Task<std::vector<ServiceTarget>> services_of(Desk& desk, std::string name,
                                                  TimePoint deadline) {
  auto known = desk.services().resolver.cached_service(name);
  if (known) co_return std::move(*known);
  net::Later<std::vector<ServiceTarget>> later(desk.worker());
  desk.services().resolver.resolve_service(
      std::move(name),
      [give = later.resolver()](std::vector<ServiceTarget> found) { give(std::move(found)); });
  auto answer = co_await later.get(deadline);
  if (!answer) co_return std::vector<ServiceTarget>{};
  co_return std::move(*answer);
}

// RFC 2782: of those with the lowest priority one by lot, by weight; the others behind it.
void draw_first(std::vector<ServiceTarget>& targets) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto best = std::ranges::find_if(targets, [&](const ServiceTarget& target) {
    return target.priority != targets.front().priority;
  });
  std::vector<double> weights;
  for (auto at = targets.begin(); at != best; ++at) weights.push_back(at->weight + 0.01);
  std::discrete_distribution<std::ptrdiff_t> lot(weights.begin(), weights.end());
  std::iter_swap(targets.begin(), targets.begin() + lot(random));
}

// One label only has no public records, and every name of a container network is one.
bool may_have_service(const config::Address& address) {
  return !address.port_given && address.host.contains('.') && !address.host.ends_with(".localhost");
}

}  // namespace

net::Task<Result<Dialled>> dial_backend(Desk& desk, config::Address address,
                                        std::shared_ptr<const AllowedNetworks> allow,
                                        TimePoint deadline) {
  if (address.is_unix()) {
    if (allow) co_return fail(Fault::client, "a captured address is no path");
    const TimePoint begun = Clock::now();
    auto stream = co_await net::dial_unix(desk.worker(), address.unix_path, deadline);
    if (!stream) co_return std::unexpected(error_of(stream.error(), address.text()));
    co_return Dialled{std::move(*stream), Clock::now() - begun};
  }
  if (address.ip) {
    auto usable = filtered({Endpoint{*address.ip, address.port}}, allow, address.host);
    if (!usable) co_return std::unexpected(std::move(usable.error()));
    auto literal = co_await connect_to_one_of(desk, std::move(*usable), deadline);
    co_return literal;
  }
  if (may_have_service(address)) {
    std::string service = std::string(service_prefix) + address.host;
    auto targets = co_await services_of(desk, std::move(service), deadline);
    if (!targets.empty()) draw_first(targets);
    Error last{};
    for (const ServiceTarget& target : targets) {
      auto dialled = co_await dial_name(desk, target.host, target.port, allow, deadline);
      if (dialled || dialled.error().fault == Fault::proxy) co_return dialled;
      last = std::move(dialled.error());
      if (desk.worker().now() >= deadline) break;
    }
    if (!targets.empty()) co_return std::unexpected(std::move(last));
  }
  auto dialled = co_await dial_name(desk, address.host, address.port, allow, deadline);
  if (!dialled && dialled.error().fault == Fault::backend)
    dialled.error().what = fmt::format("{}: {}", address.text(), dialled.error().what);
  co_return dialled;
}

}  // namespace drawbridge::core
