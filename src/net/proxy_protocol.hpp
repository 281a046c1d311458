// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): who is behind a balancer.
// Pure functions over bytes; whether the sender may be believed is the caller's decision, before it
// looks.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"

namespace drawbridge::net {

enum class ProxyVersion : std::uint8_t { v1 = 1, v2 = 2 };

// A version 1 line has at most 107 bytes with its CR LF. Version 2 is 16 bytes and a 16-bit length
// of addresses and TLVs; the specification wants 536 bytes to be taken, TLS details and client
// certificates need more.
inline constexpr std::size_t max_proxy_v1 = 107;
inline constexpr std::size_t max_proxy_v2 = 16 + 2048;

struct ProxyHeader {
  ProxyVersion version = ProxyVersion::v1;
  // v2 LOCAL: the proxy speaks for itself (a health check). The connection's own addresses hold.
  bool is_local = false;
  // Absent for LOCAL, UNKNOWN, UNSPEC and Unix sockets: the connection's own addresses hold.
  std::optional<Endpoint> source;
  std::optional<Endpoint> destination;
  std::size_t size = 0;  // bytes of the header; the client's follow

  bool operator==(const ProxyHeader&) const = default;
};

// The header at the start of `buffered`; nothing while it is incomplete. An error (of the client,
// here the proxy in front of us) as soon as the bytes cannot become a header: bad signature or
// syntax, beyond a cap, UDP, TLVs that do not add up, a CRC32c TLV that is wrong.
Result<std::optional<ProxyHeader>> parse_proxy_header(ByteView buffered);

// Whether these first bytes look like the start of a header, and like nothing of the game: for a
// useful log line when a header comes from a source that is not trusted. False while there are
// fewer than 6 bytes.
bool looks_like_proxy_header(ByteView buffered);

// How a header of ours is written. `v2_crc32c` adds a checksum over the whole header, which a
// receiver that knows it must find right (the specification's PP2_TYPE_CRC32C).
enum class ProxyForm : std::uint8_t { v1, v2, v2_crc32c };

// A header for a player's connection. If the addresses are of two families both go as IPv6 (IPv4
// mapped).
ByteBuffer proxy_header(ProxyForm form, const Endpoint& source, const Endpoint& destination);
// A header for a connection of our own (status fetch, probe): v1 UNKNOWN, v2 LOCAL.
ByteBuffer own_proxy_header(ProxyForm form);

}  // namespace drawbridge::net
