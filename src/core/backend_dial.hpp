// Connecting to one configured address: a Unix socket, an IP address, or a name with all that names
// bring along (SRV records, addresses out of date, two families).
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "config/types.hpp"
#include "core/desk.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Where a name that strangers had a say in may lead.
class AllowedNetworks {
 public:
  // None: everywhere but this machine (loopback, "any"), link-local, multicast and broadcast.
  explicit AllowedNetworks(const std::optional<std::vector<Cidr>>& allow);
  [[nodiscard]] bool contains(const IpAddress& address) const;

 private:
  CidrSet networks_;
  bool are_denied_;  // the networks are those that are not allowed
};

struct Dialled {
  net::Stream stream;
  Duration took{};  // of the connect that succeeded, without looking names up
};

// Within the deadline. A name that is known is dialled at once, even if what is known is out of
// date; DNS is asked when nothing is known, or when that failed and the name may have moved. A name
// without a port is looked up as `_minecraft._tcp` first. All endpoints of a name are raced: each
// next one begins 250 ms after the one before, or when that failed. `allow` (may be null) filters
// the addresses. Errors are of the backend, except for our own limits and cancellation.
net::Task<Result<Dialled>> dial_backend(Desk& desk, config::Address address,
                                        std::shared_ptr<const AllowedNetworks> allow,
                                        TimePoint deadline);

// The order in which endpoints are tried: as they came, but with the families taking turns, so that
// a family that leads nowhere costs one pause and not one for each of its addresses.
std::vector<Endpoint> taking_turns(const std::vector<Endpoint>& endpoints);

}  // namespace drawbridge::core
