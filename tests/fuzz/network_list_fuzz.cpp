// Lists of networks: each line is a network or a problem, what was read can be written and read
// again, and a set of networks holds exactly what its members hold.
#include <cstdlib>

#include "config/network_list.hpp"

using namespace drawbridge;
using namespace drawbridge::config;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const NetworkList list = parse_network_list(as_text(ByteView(data, size)), "fuzz");
  require(list.problems.size() <= NetworkList::most_problems + 1);
  std::string written;
  for (const Cidr& network : list.networks) written += network.text() + "\n";
  const NetworkList again = parse_network_list(written, "fuzz");
  require(again.problems.empty() && again.networks == list.networks);

  const CidrSet set(list.networks);
  require(set.empty() == list.networks.empty());
  for (const Cidr& network : list.networks) {
    require(set.contains(network.network));
    require(set.contains(network.network.filled(network.prefix)));
  }
  // An address that no network holds is not in the set.
  IpAddress probe = IpAddress::v4(0xCB007109U);
  if (size >= 4) probe = IpAddress::v4({data[0], data[1], data[size - 1], data[size - 2]});
  bool inside = false;
  for (const Cidr& network : list.networks) inside = inside || network.contains(probe);
  require(set.contains(probe) == inside);
  return 0;
}
