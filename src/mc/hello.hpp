// Everything that a client says before we must decide what to do with it: a modern handshake with
// what follows it, or the first packet of a client from before 1.7. Pure: it is fed the bytes so
// far and keeps no copy of them, so that they are replayed to a backend as they came, with every
// byte that came after them.
//
// The first byte tells old and new apart, except FE, which begins a ping of beta 1.8 to 1.6 and
// also a modern frame of 254, 382, ... bytes:
//   FE               ping (beta 1.8 - 1.3)      FE 01            ping (1.4, 1.5)
//   FE 01 FA ...     ping with host (1.6)       FE 01 <other>    modern frame of 254 bytes
//   FE <not 01>      modern frame               02 ...           login of 1.6 and older
// The first three cannot be told from the start of something longer, so the caller waits a moment
// (wants_pause) and then asks for the answer as it is (give_up_waiting). Forms: minecraft.wiki,
// ViaLegacy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "mc/handshake.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

enum class HelloKind : std::uint8_t {
  status,        // handshake and status request (or at once a ping) are there
  login,         // handshake and login start are there
  transfer,      // the same with intent 3
  legacy_ping,   // answer with legacy_status(), then close
  legacy_login,  // relayed as it came, or refused with legacy_kick()
};

enum class LegacyPing : std::uint8_t {
  beta,  // FE
  v1_4,  // FE 01
  v1_6,  // FE 01 FA, usually with protocol, host and port
};

struct Hello {
  HelloKind kind = HelloKind::status;

  Version version{};                 // modern kinds
  std::uint8_t legacy_protocol = 0;  // old kinds: numbers of their own, 0 where they do not say it
  LegacyPing legacy_ping = LegacyPing::beta;

  std::string host;  // the raw host field: UTF-8 or not, with NULs and all; see parse_host(). Old
                     // clients: may be empty
  std::uint16_t port = 0;  // as the client wrote it, 0 if it did not
  std::string
      player;  // logins: the name, valid UTF-8 of 1..16 characters without control characters
  std::optional<Uuid> claimed_uuid;  // logins, as far as sent: identifies nobody

  // Where things lie in the bytes that were fed. Both 0 for old clients.
  std::size_t handshake_size = 0;  // the handshake frame with its prefix
  std::size_t request_size =
      0;  // the frame after it: login start, or status request (0 if a ping came at once)
  std::size_t size = 0;  // all that this hello used; what lies behind belongs to the next reader

  [[nodiscard]] bool is_legacy() const {
    return kind == HelloKind::legacy_ping || kind == HelloKind::legacy_login;
  }
  [[nodiscard]] bool wants_status() const {
    return kind == HelloKind::status || kind == HelloKind::legacy_ping;
  }
  [[nodiscard]] bool wants_login() const { return !wants_status(); }
};

// The most bytes that a hello can need: a caller's buffer never has to grow beyond it to get an
// answer.
inline constexpr std::size_t max_hello = 3 + max_handshake_body + 3 + max_login_start_body;

// One a connection. Feed it *all* bytes since the first, each time more have come.
class HelloParser {
 public:
  // A hello, or nothing while bytes are missing, or an error of the client (not the game, or beyond
  // a cap; found by the length prefix, before the frame has come). After a hello or an error it
  // must not be fed again.
  Result<std::optional<Hello>> feed(ByteView all);

  // True while what came is a whole ping of an old client but could also be the start of more. Wait
  // some 200 ms.
  [[nodiscard]] bool wants_pause() const { return wants_pause_; }
  // The ping as which the bytes so far can be taken; only while wants_pause().
  [[nodiscard]] Hello give_up_waiting() const { return legacy_; }

 private:
  Result<std::optional<Hello>> feed_modern(ByteView all);
  Result<> read_handshake(ByteView body);
  Result<> read_login_start(ByteView body);

  std::optional<Hello> hello_;  // after the handshake
  Hello legacy_;
  bool wants_pause_ = false;
};

}  // namespace drawbridge::mc
