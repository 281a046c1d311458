// Names of backends to addresses: c-ares on the control thread, in front of it a cache that every
// worker reads.
//
// The rule is that DNS must never stand between a player and a backend whose address was known a
// moment ago. So:
//  - cached() answers from memory, even when the answer is out of date, and asks for a refresh on
//    the side;
//  - a name that is in use is asked for again when its time is over, so that a changed address is
//    known before the next player comes;
//  - when a refresh fails, or nobody answers, the last addresses stay.
// A and AAAA are asked separately: a name server that drops AAAA questions costs
// `second_family_wait`, not a time-out.
//
// The way of a name: IP literal (nothing is asked), "localhost" and "*.localhost" (RFC 6761:
// loopback), the hosts file, then DNS with the search domains of resolv.conf. Names are compared
// without regard to case.
//
// SRV records (service_records.hpp) are asked for by their whole name and lead to names that are
// then resolved like any other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "control/control_thread.hpp"
#include "control/dns_channel.hpp"

namespace drawbridge::control {

struct ResolvedAddresses {
  std::vector<Endpoint>
      endpoints;  // IPv4 first, each family in the order of the answer; never empty, no duplicates
  TimePoint valid_until;  // by the smallest TTL of the answer, within [min_ttl, max_ttl]
  bool stale = false;     // the look-up failed; these are from an earlier one
};

struct ResolverOptions {
  // Name servers to ask instead of those of resolv.conf, whose search domains do not count then
  // either.
  std::vector<Endpoint> servers;
  std::filesystem::path hosts_file = "/etc/hosts";
  std::filesystem::path resolv_conf = "/etc/resolv.conf";  // read again when it changes
  std::uint16_t port = 53;                                 // of the name servers in resolv.conf

  Duration query_timeout = seconds{1};   // before the same question is sent again
  Duration lookup_timeout = seconds{5};  // then everybody who waits for the name is told
  // Somebody who waits in resolve() for a name whose old addresses are known gets those after this.
  Duration stale_wait = milliseconds{100};
  Duration second_family_wait = milliseconds{50};

  Duration min_ttl = seconds{1};
  Duration max_ttl = minutes{5};
  Duration hosts_file_ttl = seconds{5};
  Duration first_negative_ttl = seconds{1};  // doubles with each failure in a row up to:
  Duration max_negative_ttl = seconds{5};
  Duration keep_warm =
      minutes{10};  // a name not used for this long is no longer refreshed by itself

  Duration service_wait = seconds{1};  // for SRV records that were never asked for

  std::size_t max_names = 16384;   // then the name that was not used for longest goes
  std::size_t max_lookups = 1024;  // names in flight; more fail at once
};

class Resolver {
 public:
  using Callback = std::function<void(Result<ResolvedAddresses>)>;

  // Control context, as is the destructor, which fails every look-up that is under way.
  explicit Resolver(ControlThread& control, ResolverOptions options = {});
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls `callback` once, on the control thread and never inside this call: at once when the name
  // is fresh in the cache or is a literal, else when the look-up has ended. Look-ups of one name
  // are joined. A failure with addresses still known from earlier is a success with `stale` set.
  // Errors are Fault::backend. Any thread.
  void resolve(std::string host, std::uint16_t port, Callback callback);

  // What is known about `host`, perhaps out of date; nothing if it was never resolved (then use
  // resolve()). Never waits for the network: one lock of one shard, held for a copy. Counts as use,
  // and asks for a refresh when the time is over. A literal is its own answer. Any thread.
  [[nodiscard]] std::optional<std::vector<IpAddress>> cached(std::string_view host) const;

  // The SRV records of a name such as "_minecraft._tcp.example.org", by priority. `callback` is
  // called once, on the control thread and never inside this call; with none if there are none or
  // nobody answers within `service_wait`. Any thread.
  void resolve_service(std::string name, std::function<void(std::vector<ServiceTarget>)> callback);
  // What is known of them, perhaps out of date; nothing if they were never asked for. Any thread.
  [[nodiscard]] std::optional<std::vector<ServiceTarget>> cached_service(
      std::string_view name) const;

  // Names in the cache, negative ones included. Any thread.
  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace drawbridge::control
