// Packets that are in more than one phase, with one layout in all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "mc/packets/fields.hpp"
#include "mc/packets/login.hpp"
#include "mc/text_nbt.hpp"

namespace drawbridge::mc {

// Configuration and play, both ways. Whoever asked gets the answer, with the same id.
struct KeepAlive {
  static constexpr std::string_view name = "keep_alive";
  static constexpr Kind kind = Kind::keep_alive;

  std::int64_t id = 0;  // 32 bits before 1.12.2

  static void fields(auto& io, auto& p) {
    if (io.version >= v1_12_2) return io.i64(p.id);
    constexpr bool reading = std::remove_reference_t<decltype(io)>::reading;
    auto narrow = static_cast<std::int32_t>(p.id);
    if (!reading && narrow != p.id) return io.fail("a keep-alive id is beyond 32 bits");
    if (io.version >= v1_8) {
      io.varint(narrow);
    } else {
      io.i32(narrow);
    }
    if constexpr (reading) p.id = narrow;
  }
};

// Configuration and play, both ways. The game allows 1 MiB to the client and 32,767 bytes to the
// server; mods raise the latter.
struct CustomPayload {
  static constexpr std::string_view name = "custom_payload";
  static constexpr Kind kind = Kind::custom_payload;

  std::string channel;
  ByteBuffer data;

  static void fields(auto& io, auto& p) {
    io.string(p.channel);
    if (io.version >= v1_8) {
      io.rest(p.data, max_plugin_data);
    } else {
      io.bytes(p.data, 32'767);
    }
  }
};

// Login, configuration and play, to the client; 1.20.5 and later.
struct CookieRequest {
  static constexpr std::string_view name = "cookie_request";
  static constexpr Kind kind = Kind::cookie_request;

  std::string key;

  static void fields(auto& io, auto& p) { io.string(p.key); }
};

inline constexpr std::size_t max_cookie = 5120;  // bytes

// Login, configuration and play, to the server; 1.20.5 and later.
struct CookieResponse {
  static constexpr std::string_view name = "cookie_response";
  static constexpr Kind kind = Kind::cookie_response;

  std::string key;
  std::optional<ByteBuffer> value;

  static void fields(auto& io, auto& p) {
    io.string(p.key);
    io.optional(p.value, [&io](auto& value) { io.bytes(value, max_cookie); });
  }
};

// Configuration and play, to the client; 1.20.5 and later.
struct StoreCookie {
  static constexpr std::string_view name = "store_cookie";
  static constexpr Kind kind = Kind::store_cookie;

  std::string key;
  ByteBuffer value;

  static void fields(auto& io, auto& p) {
    io.string(p.key);
    io.bytes(p.value, max_cookie);
  }
};

// Configuration and play, to the client; 1.20.5 and later.
struct Transfer {
  static constexpr std::string_view name = "transfer";
  static constexpr Kind kind = Kind::transfer;

  std::string host;
  std::int32_t port = 0;

  static void fields(auto& io, auto& p) {
    io.string(p.host);
    io.varint(p.port);
  }
};

// Configuration and, from 1.17, play, to the client. Its answer has the same id.
struct Ping {
  static constexpr std::string_view name = "ping";
  static constexpr Kind kind = Kind::ping;

  std::int32_t id = 0;

  static void fields(auto& io, auto& p) { io.i32(p.id); }
};

struct Pong {
  static constexpr std::string_view name = "pong";
  static constexpr Kind kind = Kind::pong;

  std::int32_t id = 0;

  static void fields(auto& io, auto& p) { io.i32(p.id); }
};

// What the player has set, to the server: in play, and from 1.20.2 in configuration.
struct Settings {
  static constexpr std::string_view name = "settings";
  static constexpr Kind kind = Kind::settings;

  std::string locale;
  std::int8_t view_distance = 0;
  std::int32_t chat_mode = 0;  // full, commands only, hidden
  bool chat_colors = false;
  std::uint8_t skin_parts = 0;  // 1.7: 1 for the cape
  std::uint8_t difficulty = 0;  // 1.7 only
  std::int32_t main_hand = 1;   // 1.9 and later
  bool text_filtering = false;  // 1.17 and later; in 1.17 itself said the other way round
  bool listed = true;           // 1.18 and later
  std::int32_t particles = 0;   // 1.21.2 and later

  static void fields(auto& io, auto& p) {
    io.string(p.locale, 16);
    io.i8(p.view_distance);
    if (io.version >= v1_9) {
      io.varint(p.chat_mode);
    } else {
      auto narrow = static_cast<std::uint8_t>(p.chat_mode);
      io.u8(narrow);
      if constexpr (std::remove_reference_t<decltype(io)>::reading) p.chat_mode = narrow;
    }
    io.boolean(p.chat_colors);
    if (io.version < v1_8) io.u8(p.difficulty);
    io.u8(p.skin_parts);
    if (io.version >= v1_9) io.varint(p.main_hand);
    if (io.version >= v1_17) io.boolean(p.text_filtering);
    if (io.version >= v1_18) io.boolean(p.listed);
    if (io.version >= v1_21_2) io.varint(p.particles);
  }
};

// One pack without an id: play from 1.8 to 1.20.2, and in 1.20.2 configuration.
struct ResourcePackSend {
  static constexpr std::string_view name = "resource_pack_send";
  static constexpr Kind kind = Kind::resource_pack_send;

  std::string url;
  std::string hash;                // SHA-1 in hexadecimal, or empty
  bool is_forced = false;          // 1.17 and later
  std::optional<WireText> prompt;  // 1.17 and later

  static void fields(auto& io, auto& p) {
    io.string(p.url);
    io.string(p.hash, 40);
    if (io.version < v1_17) return;
    io.boolean(p.is_forced);
    io.optional(p.prompt, [&io](auto& prompt) { text_field(io, prompt); });
  }
};

// Several packs, each with an id: configuration and play since 1.20.3.
struct AddResourcePack {
  static constexpr std::string_view name = "add_resource_pack";
  static constexpr Kind kind = Kind::add_resource_pack;

  Uuid id;
  std::string url;
  std::string hash;
  bool is_forced = false;
  std::optional<WireText> prompt;

  static void fields(auto& io, auto& p) {
    io.uuid(p.id);
    io.string(p.url);
    io.string(p.hash, 40);
    io.boolean(p.is_forced);
    io.optional(p.prompt, [&io](auto& prompt) { text_field(io, prompt); });
  }
};

struct RemoveResourcePack {
  static constexpr std::string_view name = "remove_resource_pack";
  static constexpr Kind kind = Kind::remove_resource_pack;

  std::optional<Uuid> id;  // nothing: all

  static void fields(auto& io, auto& p) {
    io.optional(p.id, [&io](auto& id) { io.uuid(id); });
  }
};

// The client's answer to either: play since 1.8, configuration since 1.20.2.
struct ResourcePackReceive {
  static constexpr std::string_view name = "resource_pack_receive";
  static constexpr Kind kind = Kind::resource_pack_receive;

  Uuid id;           // 1.20.3 and later
  std::string hash;  // before 1.10
  std::int32_t result = 0;

  static void fields(auto& io, auto& p) {
    if (io.version >= v1_20_3) io.uuid(p.id);
    if (io.version < v1_10) io.string(p.hash, 40);
    io.varint(p.result);
  }
};

}  // namespace drawbridge::mc
