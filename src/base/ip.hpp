// IP addresses, endpoints and networks as plain values. An IPv4-mapped IPv6 address
// (::ffff:a.b.c.d) *is* the IPv4 address from the moment it is read: bans, filters and limits never
// see two spellings of one source.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace drawbridge {

class IpAddress {
 public:
  IpAddress() = default;  // the IPv4 address 0.0.0.0
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v4(std::array<Byte, 4> network_order);
  static IpAddress v6(std::array<Byte, 16> network_order);  // a mapped one becomes IPv4
  // Dotted quad or IPv6 text without brackets; a scope ("%eth0") is refused.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const { return is_v4_; }
  [[nodiscard]] int bits() const { return is_v4_ ? 32 : 128; }
  // 4 or 16 bytes in network order.
  [[nodiscard]] ByteView bytes() const { return ByteView(bytes_).first(is_v4_ ? 4 : 16); }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_loopback() const;
  // The first `prefix` bits kept, the rest zero.
  [[nodiscard]] IpAddress masked(int prefix) const;
  // The first `prefix` bits kept, the rest one. Neither changes the family, even where the outcome
  // is spelt like a mapped address.
  [[nodiscard]] IpAddress filled(int prefix) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool is_v4_ = true;
  std::array<Byte, 16> bytes_{};  // IPv4 uses the first four
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  [[nodiscard]] std::string text() const;  // 1.2.3.4:25565, [::1]:25565
  auto operator<=>(const Endpoint&) const = default;

  // Kernel form. `family` AF_INET6 maps IPv4 addresses (for dual-stack sockets); AF_UNSPEC picks by
  // the address.
  socklen_t to_sockaddr(sockaddr_storage& out, int family = AF_UNSPEC) const;
  static std::optional<Endpoint> from_sockaddr(const sockaddr_storage& in);
};

struct Cidr {
  IpAddress network;
  int prefix = 32;

  // "10.0.0.0/8", or a bare address. Bits beyond the prefix are cleared; `had_host_bits` says
  // whether there were any.
  static std::optional<Cidr> parse(std::string_view text, bool* had_host_bits = nullptr);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string text() const;
  bool operator==(const Cidr&) const = default;
};

// Immutable set of networks; look-up is a binary search over merged ranges.
class CidrSet {
 public:
  CidrSet() = default;
  explicit CidrSet(const std::vector<Cidr>& networks);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

 private:
  struct Range {
    IpAddress first, last;
  };
  std::vector<Range> ranges_;  // sorted, disjoint; IPv6 before IPv4 by IpAddress's order
};

}  // namespace drawbridge
