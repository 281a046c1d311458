// The host field of the handshake: a name to route by, and behind NULs whatever mods, proxies and
// liars put there. BungeeCord-style servers believe `host NUL address NUL uuid` from anybody who
// can reach them, so a client's field never goes on as it is: only the parts listed below survive.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge::mc {

inline constexpr std::size_t max_host_name = 255;        // bytes of the name itself
inline constexpr std::size_t max_real_ip_tail = 512;     // bytes of a `///` tail
inline constexpr std::size_t max_floodgate_part = 2048;  // bytes of the part that Geyser encrypts

struct Host {
  // For routing: lower case, no final dot, no `///` tail, non-ASCII as xn--. Where that conversion
  // fails the lower-cased bytes as sent, which match no exact name. May be empty.
  std::string name;
  // As the client wrote it, up to the first NUL: with its case, dot and tail.
  std::string sent_name;
  // TCPShield and RealIP append ///address///time///signature for a plugin in the backend.
  bool has_real_ip_tail = false;
  // What follows a name in replay; empty, or begins with NUL: at most one of FML, FML2, FML3, FORGE
  // (with digits) and one ^Floodgate^ part, in the order and with the closing NUL (`NUL FML2 NUL`,
  // but `NUL FORGE`) in which they came.
  std::string kept;
  // Parts were left out of `kept`: the field must not be replayed as it came.
  bool was_stripped = false;
};

// An error (of the client) when the name is over max_host_name bytes, or the tail over
// max_real_ip_tail.
Result<Host> parse_host(std::string_view field);

// The field to send to a backend: `name` (host.sent_name, or what the configuration puts in its
// place; cut at a NUL) and the parts that may be kept.
std::string host_for_replay(std::string_view name, const Host& host);

// A name in the form of Host::name, for comparing configured names with players'. No tail is
// expected here.
std::string normal_host_name(std::string_view name);

}  // namespace drawbridge::mc
