// All bans, ready to ask: names and UUIDs by hash, addresses and networks by one binary search and
// a walk up the networks around it. Immutable; the control thread builds a new one for every change
// and posts it to the workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/bans/ban.hpp"

namespace drawbridge::core {

class BanList {
 public:
  BanList() = default;
  explicit BanList(std::vector<Ban> bans);
  BanList(const BanList&) = delete;
  BanList& operator=(const BanList&) = delete;

  // The ban that holds now, or null. Of several networks the smallest; pointers live as long as the
  // list.
  [[nodiscard]] const Ban* by_address(const IpAddress& address, UnixSeconds now) const;
  [[nodiscard]] const Ban* by_name(std::string_view name, UnixSeconds now) const;
  [[nodiscard]] const Ban* by_uuid(const Uuid& uuid, UnixSeconds now) const;

  [[nodiscard]] const std::vector<Ban>& bans() const { return bans_; }
  [[nodiscard]] bool empty() const { return bans_.empty(); }
  // Whether any ban is by UUID: without one nobody needs to compute UUIDs.
  [[nodiscard]] bool has_uuids() const { return !uuids_.empty(); }

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const;
  };
  struct UuidHash {
    std::size_t operator()(const Uuid& uuid) const;
  };
  struct Network {
    Cidr cidr;
    std::uint32_t ban;
    std::int32_t around;  // the smallest network that holds this one, or -1
  };
  // Of two bans of one target the one that ends later.
  template <class Map, class Key>
  void keep_longer(Map& map, Key key, std::uint32_t index);
  void build_networks(std::vector<Network> networks);

  std::vector<Ban> bans_;
  std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>> names_;  // lower case
  std::unordered_map<Uuid, std::uint32_t, UuidHash> uuids_;
  std::vector<Network> networks_;  // by first address, larger networks first
};
using BanListPtr = std::shared_ptr<const BanList>;

}  // namespace drawbridge::core
