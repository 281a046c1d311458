// The packets of the login phase; the login start is in handshake.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "mc/packets/fields.hpp"

namespace drawbridge::mc {

// Mod lists travel in these: as much as the game allows.
inline constexpr std::size_t max_plugin_data = 1'048'576;

struct LoginDisconnect {
  static constexpr std::string_view name = "disconnect";
  static constexpr Kind kind = Kind::disconnect;

  std::string reason;  // JSON in every version

  static void fields(auto& io, auto& p) { io.string(p.reason, 262'144); }
};

struct EncryptionRequest {
  static constexpr std::string_view name = "encryption_begin";
  static constexpr Kind kind = Kind::encryption_begin;

  std::string server_id;  // empty since 1.7
  ByteBuffer public_key;  // DER
  ByteBuffer verify_token;
  bool should_authenticate = true;  // 1.20.5 and later

  static void fields(auto& io, auto& p) {
    io.string(p.server_id, 20);
    io.bytes(p.public_key, 1024);
    io.bytes(p.verify_token, 256);
    if (io.version >= v1_20_5) io.boolean(p.should_authenticate);
  }
};

// 1.19 to 1.19.2, from a client with a key of its own: in place of the encrypted token.
struct SignedToken {
  std::int64_t salt = 0;
  ByteBuffer signature;
};

struct EncryptionResponse {
  static constexpr std::string_view name = "encryption_begin";
  static constexpr Kind kind = Kind::encryption_begin;

  ByteBuffer shared_secret;  // encrypted
  ByteBuffer verify_token;   // encrypted
  std::optional<SignedToken> signature;

  static void fields(auto& io, auto& p) {
    io.bytes(p.shared_secret, 512);
    if (io.version >= v1_19 && io.version < v1_19_3) {
      bool has_token = !p.signature.has_value();
      io.boolean(has_token);
      if constexpr (std::remove_reference_t<decltype(io)>::reading) {
        p.signature.reset();
        if (!has_token) p.signature.emplace();
      }
    }
    if (p.signature && io.version >= v1_19 && io.version < v1_19_3) {
      io.i64(p.signature->salt);
      io.bytes(p.signature->signature, 4096);
    } else {
      io.bytes(p.verify_token, 512);
    }
  }
};

// Of a player: the skin ("textures"), and what forwarding adds.
struct Property {
  std::string name, value;
  std::optional<std::string> signature;

  bool operator==(const Property&) const = default;
};

void property_fields(auto& io, auto& p) {
  io.string(p.name);
  io.string(p.value);
  io.optional(p.signature, [&io](auto& signature) { io.string(signature); });
}

struct LoginSuccess {
  static constexpr std::string_view name = "success";
  static constexpr Kind kind = Kind::success;

  Uuid uuid;
  std::string player;
  std::vector<Property> properties;    // 1.19 and later
  bool strict_error_handling = false;  // 1.20.5 to 1.21.1
  // 26.2 and later (read in Gate's sources); what has a version that we do not know may leave it
  // out.
  std::optional<Uuid> session = {};

  static void fields(auto& io, auto& p) {
    if (io.version >= v1_16) {
      io.uuid(p.uuid);
    } else {
      text_uuid(io, p.uuid);
    }
    io.string(p.player, 16);
    if (io.version >= v1_19) {
      list_field(io, p.properties, 64, [&io](auto& property) { property_fields(io, property); });
    }
    if (io.version >= v1_20_5 && io.version < v1_21_2) io.boolean(p.strict_error_handling);
    if (io.version >= v26_2) session_field(io, p.session);
  }

 private:
  static void session_field(auto& io, auto& session) {
    if constexpr (std::remove_reference_t<decltype(io)>::reading) {
      session.reset();
      if (io.left() != 0) io.uuid(session.emplace());
    } else if (session) {
      io.uuid(*session);
    }
  }
  // As text before 1.16, below 1.7.6 without dashes.
  static void text_uuid(auto& io, auto& uuid) {
    if constexpr (std::remove_reference_t<decltype(io)>::reading) {
      std::string text;
      io.string(text, 36);
      const auto read = Uuid::parse(text);
      if (read) {
        uuid = *read;
      } else {
        io.fail("not a UUID");
      }
    } else {
      io.string(io.version >= v1_7_6 ? uuid.text() : uuid.undashed(), 36);
    }
  }
};

// 1.8 and later, once, before success: from the next frame on.
struct Compress {
  static constexpr std::string_view name = "compress";
  static constexpr Kind kind = Kind::compress;

  std::int32_t threshold = -1;  // negative: off

  static void fields(auto& io, auto& p) { io.varint(p.threshold); }
};

// 1.13 and later.
struct LoginPluginRequest {
  static constexpr std::string_view name = "login_plugin_request";
  static constexpr Kind kind = Kind::login_plugin_request;

  std::int32_t id = 0;
  std::string channel;
  ByteBuffer data;

  static void fields(auto& io, auto& p) {
    io.varint(p.id);
    io.string(p.channel);
    io.rest(p.data, max_plugin_data);
  }
};

struct LoginPluginResponse {
  static constexpr std::string_view name = "login_plugin_response";
  static constexpr Kind kind = Kind::login_plugin_response;

  std::int32_t id = 0;
  std::optional<ByteBuffer> data;  // nothing: "not understood"

  static void fields(auto& io, auto& p) {
    io.varint(p.id);
    io.optional(p.data, [&io](auto& data) { io.rest(data, max_plugin_data); });
  }
};

// 1.20.2 and later: the configuration phase begins behind it.
struct LoginAcknowledged {
  static constexpr std::string_view name = "login_acknowledged";
  static constexpr Kind kind = Kind::login_acknowledged;

  static void fields(auto&, auto&) {}
};

}  // namespace drawbridge::mc
