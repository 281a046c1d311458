#include "base/ip.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/strings.hpp"

namespace drawbridge {

IpAddress IpAddress::v4(std::array<Byte, 4> network_order) {
  IpAddress out;
  std::ranges::copy(network_order, out.bytes_.begin());
  return out;
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
  return v4({static_cast<Byte>(host_order >> 24), static_cast<Byte>(host_order >> 16),
             static_cast<Byte>(host_order >> 8), static_cast<Byte>(host_order)});
}

IpAddress IpAddress::v6(std::array<Byte, 16> network_order) {
  constexpr std::array<Byte, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(mapped.begin(), mapped.end(), network_order.begin()))
    return v4({network_order[12], network_order[13], network_order[14], network_order[15]});
  IpAddress out;
  out.is_v4_ = false;
  out.bytes_ = network_order;
  return out;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.contains('\0')) return std::nullopt;  // inet_pton() would not see what follows
  const std::string terminated(text);
  std::array<Byte, 4> four{};
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4(four);
  std::array<Byte, 16> sixteen{};
  if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return std::nullopt;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

bool IpAddress::is_loopback() const {
  if (is_v4_) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](Byte b) { return b == 0; }) &&
         bytes_[15] == 1;
}

IpAddress IpAddress::masked(int prefix) const {
  IpAddress out = *this;
  for (int i = 0; i < bits() / 8; ++i) {
    const int keep = std::clamp(prefix - i * 8, 0, 8);
    out.bytes_[static_cast<std::size_t>(i)] &= static_cast<Byte>(0xFF00 >> keep);
  }
  return out;
}

IpAddress IpAddress::filled(int prefix) const {
  IpAddress out = *this;
  for (int i = 0; i < bits() / 8; ++i) {
    const int keep = std::clamp(prefix - i * 8, 0, 8);
    out.bytes_[static_cast<std::size_t>(i)] |= static_cast<Byte>(0xFF >> keep);
  }
  return out;
}

std::string Endpoint::text() const {
  return address.is_v4() ? fmt::format("{}:{}", address.text(), port)
                         : fmt::format("[{}]:{}", address.text(), port);
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& out, int family) const {
  out = {};
  if (family == AF_UNSPEC) family = address.is_v4() ? AF_INET : AF_INET6;
  const ByteView raw = address.bytes();
  if (family == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, raw.data(), 4);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  if (address.is_v4()) {
    in.sin6_addr.s6_addr[10] = in.sin6_addr.s6_addr[11] = 0xFF;
    std::memcpy(&in.sin6_addr.s6_addr[12], raw.data(), 4);
  } else {
    std::memcpy(&in.sin6_addr, raw.data(), 16);
  }
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr_storage& in) {
  if (in.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &in, sizeof v4);
    return Endpoint{IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (in.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &in, sizeof v6);
    std::array<Byte, 16> raw{};
    std::memcpy(raw.data(), &v6.sin6_addr, raw.size());
    return Endpoint{IpAddress::v6(raw), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

std::optional<Cidr> Cidr::parse(std::string_view text, bool* had_host_bits) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Cidr out{*address, address->bits()};
  if (slash != std::string_view::npos) {
    const auto prefix = parse_int<int>(text.substr(slash + 1));
    if (!prefix || *prefix < 0) return std::nullopt;
    // A mapped network (::ffff:10.0.0.0/104) is written in IPv6 bits.
    const bool mapped = address->is_v4() && text.find(':') < slash;
    out.prefix = mapped ? *prefix - 96 : *prefix;
    if (out.prefix < 0 || out.prefix > address->bits()) return std::nullopt;
  }
  out.network = address->masked(out.prefix);
  if (had_host_bits) *had_host_bits = out.network != *address;
  return out;
}

bool Cidr::contains(const IpAddress& address) const {
  return address.masked(prefix) == network;  // the family is part of an address
}

std::string Cidr::text() const {
  return fmt::format("{}/{}", network.text(), prefix);
}

CidrSet::CidrSet(const std::vector<Cidr>& networks) {
  std::vector<Range> all;
  for (const Cidr& cidr : networks) all.push_back({cidr.network, cidr.network.filled(cidr.prefix)});
  std::ranges::sort(all, {}, [](const Range& r) { return r.first; });
  // Addresses of one family are all below those of the other, so that no range can swallow both.
  for (const Range& range : all) {
    if (!ranges_.empty() && range.first <= ranges_.back().last)
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    else
      ranges_.push_back(range);
  }
}

bool CidrSet::contains(const IpAddress& address) const {
  auto after =
      std::ranges::upper_bound(ranges_, address, {}, [](const Range& r) { return r.first; });
  if (after == ranges_.begin()) return false;
  return address <= std::prev(after)->last;
}

}  // namespace drawbridge
