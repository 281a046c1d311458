// Value types that configuration keys have beyond bool, integer and string. All are plain values
// with ==, so that two configurations can be compared key by key.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"

namespace drawbridge::config {

// Bytes. Integers that are not sizes are std::uint32_t (or int where they may be negative): the
// type alone tells the parser whether "64KiB" is allowed.
using Size = std::uint64_t;

inline constexpr std::uint16_t default_port = 25565;

// Where to listen or to connect: a host name or IP with a port, or a Unix socket.
struct Address {
  std::string host;  // host name in lower case, or the IP without brackets; empty for a Unix socket
  std::optional<IpAddress> ip;  // set when `host` is an address and no name has to be resolved
  std::uint16_t port = default_port;
  std::string unix_path;  // not empty: a Unix socket, and nothing else counts
  // False: a name without a port, so an SRV record may say another host and port.
  bool port_given = true;

  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }
  // "host:port", "host" (without port_given), "[v6]:port" or "unix:/path": reads back as the same
  // address.
  [[nodiscard]] std::string text() const;
  bool operator==(const Address&) const = default;
};

// Words for players: a string with section-sign codes, or a JSON text component. Placeholders are
// still in it.
struct Text {
  enum class Kind : std::uint8_t { legacy, json };
  Kind kind = Kind::legacy;
  std::string value;

  bool operator==(const Text&) const = default;
};

// A server icon as configured; load_favicon() turns it into what the status answer carries.
struct Favicon {
  enum class Kind : std::uint8_t { file, base64, url };
  Kind kind = Kind::file;
  std::string value;  // path, base64 text without the data: prefix, or an http(s) URL

  bool operator==(const Favicon&) const = default;
};

enum class ProxyMode : std::uint8_t { passthrough, zero_copy, server_only, client_only, offline };
// The forwarding family moves bytes, the intercepted family moves packets.
constexpr bool is_intercepted(ProxyMode mode) {
  return mode == ProxyMode::client_only || mode == ProxyMode::offline;
}

enum class ForwardingMode : std::uint8_t { none, velocity, bungee_cord, bungee_guard };
enum class Balance : std::uint8_t {
  first_available,
  round_robin,
  least_conn,
  random,
  lowest_latency,
  ip_hash,
};
// PROXY protocol on the way in: `optional` wants a header from trusted sources only, all others are
// direct clients.
enum class ReceiveProxy : std::uint8_t { off, required, optional };
// PROXY protocol on the way to a backend; `v2_crc32c` is version 2 with a checksum.
enum class SendProxy : std::uint8_t { off, v1, v2, v2_crc32c };
enum class UnknownDomain : std::uint8_t { default_motd, drop };
enum class Protect : std::uint8_t { off, public_server };
enum class HealthProbe : std::uint8_t { tcp, status_ping };
enum class DuplicateLogin : std::uint8_t { kick_old, refuse_new };
enum class OfflineUuid : std::uint8_t { offline, client };
// Names that a player may log in with: `strict` as accounts have them today, `lax` as servers of
// the game take them.
enum class NameRule : std::uint8_t { strict, lax };
enum class TelemetryProtocol : std::uint8_t { grpc, http };
enum class LimboThen : std::uint8_t { kick, fallback };
enum class KeeperType : std::uint8_t { local, pterodactyl, crafty, docker, kubernetes, webhook };
enum class OnProxyExit : std::uint8_t { stop, keep };
enum class IdleAction : std::uint8_t { stop, pause };
enum class KubernetesKind : std::uint8_t { statefulset, deployment };
enum class WakeOn : std::uint8_t { login, status, off };
enum class WhileStarting : std::uint8_t { hold, limbo, kick, transfer };

// Wake coalescing: off, decided under load, or a fixed slot.
struct Coalesce {
  enum class Mode : std::uint8_t { off, automatic, fixed };
  Mode mode = Mode::automatic;
  Duration slot{};  // only with `fixed`: 50us..5ms

  bool operator==(const Coalesce&) const = default;
};

struct StaleWhileError {
  bool enabled = true;
  std::optional<Duration> max_age;  // none: however old

  bool operator==(const StaleWhileError&) const = default;
};

// Which host name the backend reads in the handshake.
struct DomainRewrite {
  enum class Mode : std::uint8_t { none, from_backend, fixed };
  Mode mode = Mode::none;
  std::string host;  // only with `fixed`

  bool operator==(const DomainRewrite&) const = default;
};

// Why a player is refused; the names of `kick_messages`.
enum class Kick : std::uint8_t {
  unknown_host,
  offline,
  starting,
  start_failed,
  stopping,
  full,
  proxy_full,
  banned,
  ban_check_failed,
  rate_limited,
  ip_filtered,
  not_allowed,
  maintenance,
  wake_denied,
  auth_failed,
  auth_unavailable,
  duplicate_login,
  plugin_unavailable,
  limbo_unavailable,
  version_unsupported,
  shutdown,
  invalid_name,
  encryption_failed,
  login_timed_out,
  transfers_refused,
  bedrock_refused,
  logged_in_elsewhere,
  moved,  // no kick: why the player is on another server
};
// The key below `kick_messages`.
std::string_view name_of(Kick kick);
// What players read when nothing is configured. Holds placeholders like any other text.
std::string_view builtin_text(Kick kick);

using KickMessages = std::map<Kick, Text>;

// The word that stands for a value in a file, e.g. "zero_copy".
std::string_view name_of(ProxyMode mode);
std::string_view name_of(ForwardingMode mode);
std::string_view name_of(Balance balance);

// What stands in place of a secret in every dump, log and answer.
inline constexpr std::string_view redacted = "<redacted>";

// The networks that `trusted_proxies` holds when nobody sets it: loopback, private, link-local.
std::vector<Cidr> private_networks();

}  // namespace drawbridge::config
