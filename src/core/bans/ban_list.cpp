#include "core/bans/ban_list.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "base/siphash.hpp"
#include "base/strings.hpp"

namespace drawbridge::core {

namespace {

UnixSeconds end_of(const Ban& ban) {
  return ban.expires_at.value_or(std::numeric_limits<UnixSeconds>::max());
}

}  // namespace

std::size_t BanList::NameHash::operator()(std::string_view name) const {
  return siphash(process_sip_key(), as_bytes(name));
}

std::size_t BanList::UuidHash::operator()(const Uuid& uuid) const {
  return siphash(process_sip_key(), uuid.bytes);
}

template <class Map, class Key>
void BanList::keep_longer(Map& map, Key key, std::uint32_t index) {
  const auto [known, is_new] = map.emplace(std::move(key), index);
  if (!is_new && end_of(bans_[index]) > end_of(bans_[known->second])) known->second = index;
}

BanList::BanList(std::vector<Ban> bans) : bans_(std::move(bans)) {
  std::vector<Network> networks;
  for (std::uint32_t i = 0; i < bans_.size(); ++i) {
    const BanTarget& target = bans_[i].target;
    switch (target.kind) {
      case BanTarget::Kind::ip:
      case BanTarget::Kind::ip_range:
        networks.push_back({.cidr = target.network(), .ban = i, .around = -1});
        break;
      case BanTarget::Kind::username:
        keep_longer(names_, lowered(target.value), i);
        break;
      case BanTarget::Kind::uuid:
        keep_longer(uuids_, target.uuid(), i);
        break;
    }
  }
  build_networks(std::move(networks));
}

// Networks are nested or disjoint, so one pass with a stack finds the one around each.
void BanList::build_networks(std::vector<Network> networks) {
  std::ranges::sort(networks, [](const Network& a, const Network& b) {
    return std::tie(a.cidr.network, a.cidr.prefix, a.ban) <
           std::tie(b.cidr.network, b.cidr.prefix, b.ban);
  });
  networks_ = std::move(networks);
  std::vector<std::int32_t> open;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(networks_.size()); ++i) {
    Network& network = networks_[static_cast<std::size_t>(i)];
    while (!open.empty() &&
           !networks_[static_cast<std::size_t>(open.back())].cidr.contains(network.cidr.network))
      open.pop_back();
    if (!open.empty()) network.around = open.back();
    open.push_back(i);
  }
}

const Ban* BanList::by_address(const IpAddress& address, UnixSeconds now) const {
  const auto after = std::ranges::upper_bound(
      networks_, address, {}, [](const Network& network) { return network.cidr.network; });
  for (auto i = static_cast<std::int32_t>(after - networks_.begin()) - 1; i >= 0;) {
    const Network& network = networks_[static_cast<std::size_t>(i)];
    if (network.cidr.contains(address) && bans_[network.ban].holds_at(now))
      return &bans_[network.ban];
    i = network.around;
  }
  return nullptr;
}

const Ban* BanList::by_name(std::string_view name, UnixSeconds now) const {
  if (names_.empty()) return nullptr;
  const auto found = names_.find(lowered(name));
  if (found == names_.end() || !bans_[found->second].holds_at(now)) return nullptr;
  return &bans_[found->second];
}

const Ban* BanList::by_uuid(const Uuid& uuid, UnixSeconds now) const {
  if (uuids_.empty()) return nullptr;
  const auto found = uuids_.find(uuid);
  if (found == uuids_.end() || !bans_[found->second].holds_at(now)) return nullptr;
  return &bans_[found->second];
}

}  // namespace drawbridge::core
