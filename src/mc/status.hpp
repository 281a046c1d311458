// The server list: our own answer, a backend's answer with ours laid over it, and both in the forms
// that clients of each age read. A backend's JSON is kept whole, with fields that we do not know
// (mod lists among them) in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/hello.hpp"
#include "mc/text.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

// A status answer may be so long; the client itself stops at 32,767 characters.
inline constexpr std::size_t max_status_json = 262'144;
inline constexpr std::size_t max_status_response_body = max_status_json + 16;

// An answer of our own. As a number of players -1 is allowed (some servers send it).
struct Status {
  std::string version_name;
  std::int32_t protocol = 0;  // equal to the client's: it shows as compatible
  std::int64_t online = 0;
  std::int64_t max = 0;
  Text description;
  std::string favicon;  // data URL (base/favicon.hpp), or empty
};

// The JSON for a client of `version`. If it would be longer than a client takes the favicon is left
// out.
std::string status_json(const Status& status, Version version);

// What a status answer says, whoever gave it.
struct StatusFacts {
  std::string version_name;
  std::int32_t protocol = -1;
  std::int64_t online = 0;
  std::int64_t max = 0;
  Text description;
  std::string favicon;  // as sent; empty if none
  bool is_legacy = false;
};

// Checks a backend's JSON (an object; at most max_status_json bytes, 64 levels; fields of a wrong
// type are taken as missing, as the game does) and picks out the facts. The error is the backend's.
Result<StatusFacts> read_status(std::string_view json);

// What replaces parts of a backend's answer; what is not set stays as the backend sent it.
struct StatusOverlay {
  std::optional<Text> description;
  std::optional<std::string> favicon;  // "" takes it out
  std::optional<std::string> version_name;
  std::optional<std::int32_t> protocol;
  std::optional<std::int64_t> online;
  std::optional<std::int64_t> max;
  bool no_players = false;  // online 0 and no sample: for a backend that is not there
};

// `json` with the overlay, for a client of `version`; every other field and the order of fields
// kept. An error as read_status's.
Result<std::string> overlay_status(std::string_view json, const StatusOverlay& overlay,
                                   Version version);

// Whole frames.
ByteBuffer status_request_frame();
ByteBuffer status_response_frame(std::string_view json);
ByteBuffer ping_frame(std::int64_t payload);
ByteBuffer pong_frame(std::int64_t payload);

// What a client sends after the handshake with intent 1: a request, a ping, both, in one segment or
// not.
struct StatusPacket {
  bool is_ping = false;
  std::int64_t payload = 0;  // of a ping
  std::size_t size = 0;      // bytes used
};
// The next one in `buffered`; nothing while it is incomplete.
Result<std::optional<StatusPacket>> next_status_packet(ByteView buffered);

// Bodies of a backend's frames: the JSON (a view into `body`), the payload.
Result<std::string_view> read_status_response(ByteView body);
Result<std::int64_t> read_pong(ByteView body);

// The answer to a ping of an old client, in the form that it asked in: `motd§online§max` for the
// oldest, else §1, protocol, version, motd, online, max between NULs. Protocol 127, as vanilla
// servers send it: no old client takes the server for one of its own.
ByteBuffer legacy_status(LegacyPing form, const StatusFacts& facts);

// The old ping for a host, as a 1.6 client sends it (protocol 78), and the answer to any of the old
// pings (nothing while it is incomplete).
ByteBuffer legacy_ping_request(std::string_view host, std::uint16_t port);
Result<std::optional<StatusFacts>> read_legacy_status(ByteView buffered);

}  // namespace drawbridge::mc
