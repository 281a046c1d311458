// The two packets that open a modern login, with their layouts in every version (minecraft-data).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "mc/reader.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

enum class Intent : std::int32_t { status = 1, login = 2, transfer = 3 };

// Host fields longer than the game's own 255 characters are usual: mod markers, Floodgate data and
// real-IP tails sit behind the name. See host.hpp for what may be in there.
inline constexpr std::size_t max_host_field = 3072;  // bytes
// Largest bodies (packet id included) that are expected before login: the rest is refused by its
// length prefix.
inline constexpr std::size_t max_handshake_body = 5 + 5 + 3 + max_host_field + 2 + 5;
inline constexpr std::size_t max_login_start_body = 1024;  // with 1.19's signed key about 890
inline constexpr std::size_t max_status_body = 13;  // a ping: id and i64; ids may be over-long

struct Handshake {
  static constexpr std::string_view name = "handshake";
  static constexpr std::int32_t id = 0x00;

  Version version{};
  std::string host;  // the raw field, see host.hpp
  std::uint16_t port = 0;
  Intent intent = Intent::status;

  static void fields(auto& io, auto& p) {
    std::int32_t protocol = number(p.version);
    auto next = static_cast<std::int32_t>(p.intent);
    io.varint(protocol);
    // What we send may be longer than what we take: bungee_cord puts a skin into it.
    constexpr bool reading = std::remove_reference_t<decltype(io)>::reading;
    io.string(p.host, reading ? max_host_field : max_string);
    io.u16(p.port);
    io.varint(next);
    if constexpr (reading) {
      if (next < 1 || next > 3) io.fail("unknown intent");
      p.version = Version{protocol};
      p.intent = Intent{next};
    }
  }
};

struct LoginKey {  // 1.19 to 1.19.2
  std::int64_t expires_ms = 0;
  ByteBuffer key, signature;
};

struct LoginStart {
  static constexpr std::string_view name = "login start";
  static constexpr std::int32_t id = 0x00;

  std::string player;           // 1..16 characters as sent; nobody has vouched for it
  std::optional<LoginKey> key;  // 1.19, 1.19.1
  std::optional<Uuid> uuid;     // 1.19.1 and later; a claim, nothing more

  static void fields(auto& io, auto& p) {
    io.string(p.player, 16);
    if (io.version >= v1_19 && io.version < v1_19_3) {
      io.optional(p.key, [&io](auto& key) {
        io.i64(key.expires_ms);
        io.bytes(key.key, 512);
        io.bytes(key.signature, 4096);
      });
    }
    if (io.version >= v1_20_2) {
      if constexpr (std::remove_reference_t<decltype(io)>::reading) p.uuid.emplace();
      if (p.uuid)
        io.uuid(*p.uuid);
      else
        io.fail("a UUID is needed");
    } else if (io.version >= v1_19_1) {
      io.optional(p.uuid, [&io](auto& uuid) { io.uuid(uuid); });
    }
  }
};

// The whole handshake frame. Never one of 254, 382, 510, ... bytes: their length prefix begins with
// FE, which old proxies and servers take for the ping of a 1.5 client; the intent is then written
// as a two-byte VarInt.
Result<ByteBuffer> encode_handshake(const Handshake& handshake);

// A whole login start frame, for clients of our own (probes, tests); players' are replayed as they
// came.
Result<ByteBuffer> encode_login_start(const LoginStart& login_start, Version version);

}  // namespace drawbridge::mc
