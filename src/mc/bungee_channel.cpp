#include "mc/bungee_channel.hpp"

#include <array>
#include <cstddef>

#include "mc/packets/common.hpp"
#include "mc/utf16.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

namespace {

constexpr std::string_view modern_name = "bungeecord:main";
constexpr std::string_view legacy_name = "BungeeCord";
constexpr std::size_t longest_java_utf = 65'535;
constexpr std::uint32_t replacement = 0xFFFD;

// In the order of the enumeration.
constexpr std::array<std::string_view, 18> names = {
    "Connect",         "ConnectOther", "IP",         "IPOther",
    "PlayerCount",     "PlayerList",   "GetServers", "GetServer",
    "GetPlayerServer", "Message",      "MessageRaw", "Forward",
    "ForwardToPlayer", "UUID",         "UUIDOther",  "ServerIP",
    "KickPlayer",      "KickPlayerRaw"};

// What follows the subchannel's name.
enum class Arguments : std::uint8_t { none, target, target_and_text, target_and_data };

Arguments arguments_of(BungeeSubchannel subchannel) {
  switch (subchannel) {
    case BungeeSubchannel::ip:
    case BungeeSubchannel::get_servers:
    case BungeeSubchannel::get_server:
    case BungeeSubchannel::uuid:
      return Arguments::none;
    case BungeeSubchannel::connect_other:
    case BungeeSubchannel::message:
    case BungeeSubchannel::message_raw:
    case BungeeSubchannel::kick_player:
    case BungeeSubchannel::kick_player_raw:
      return Arguments::target_and_text;
    case BungeeSubchannel::forward:
    case BungeeSubchannel::forward_to_player:
      return Arguments::target_and_data;
    default:
      return Arguments::target;
  }
}

bool is_high_surrogate(std::uint32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low_surrogate(std::uint32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

// One UTF-16 unit of modified UTF-8 from the front. Nothing: there is none.
std::optional<std::uint32_t> take_unit(ByteView& bytes) {
  const std::uint32_t first = bytes.front();
  const std::size_t size = first < 0x80             ? 1
                           : (first & 0xE0) == 0xC0 ? 2
                           : (first & 0xF0) == 0xE0 ? 3
                                                    : 0;
  if (size == 0 || bytes.size() < size) return std::nullopt;
  std::uint32_t unit = size == 1 ? first : size == 2 ? first & 0x1F : first & 0x0F;
  for (std::size_t i = 1; i < size; ++i) {
    if ((bytes[i] & 0xC0) != 0x80) return std::nullopt;
    unit = unit << 6 | (bytes[i] & 0x3FU);
  }
  bytes = bytes.subspan(size);
  return unit;
}

// The count in front of a byte array, and as many bytes.
bool has_array(ByteView bytes) {
  if (bytes.size() < 2) return false;
  const std::size_t count = std::size_t{bytes[0]} << 8 | bytes[1];
  return count <= 0x7FFF && bytes.size() - 2 >= count;
}

}  // namespace

std::string_view name(BungeeSubchannel subchannel) {
  return names[static_cast<std::size_t>(subchannel)];
}

// --- Names ---

std::string_view bungee_channel(Version version) {
  return version >= v1_13 ? modern_name : legacy_name;
}

bool is_bungee_channel(std::string_view channel) {
  return channel == modern_name || channel == legacy_name;
}

bool is_between_proxy_and_server(std::string_view channel) {
  return is_bungee_channel(channel) || channel.starts_with("velocity:");
}

Result<ByteBuffer> bungee_message(Version version, ByteView data) {
  if (data.size() > max_data_to_server)
    return fail(Fault::backend, "{} bytes for one plugin message", data.size());
  CustomPayload packet;
  packet.channel = bungee_channel(version);
  packet.data.assign(data.begin(), data.end());
  return encode_body(packet, version, State::play, Bound::server);
}

Result<ByteBuffer> bungee_registration(Version version) {
  const std::string_view channel = bungee_channel(version);
  CustomPayload packet;
  packet.channel = version >= v1_13 ? "minecraft:register" : "REGISTER";
  packet.data.assign(channel.begin(), channel.end());
  return encode_body(packet, version, State::play, Bound::server);
}

// --- Requests ---

std::optional<BungeeSubchannel> bungee_subchannel(ByteView message) {
  const auto said = take_java_utf(message);
  if (!said) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == *said) return static_cast<BungeeSubchannel>(i);
  return std::nullopt;
}

Result<BungeeRequest> read_bungee_request(ByteView message) {
  const auto subchannel = bungee_subchannel(message);
  if (!subchannel) return fail(Fault::backend, "unknown subchannel");
  (void)take_java_utf(message);
  BungeeRequest out{.subchannel = *subchannel, .target = {}, .text = {}, .data = {}};
  const Arguments wanted = arguments_of(*subchannel);
  if (wanted == Arguments::none) return out;
  auto target = take_java_utf(message);
  if (!target)
    return fail(Fault::backend, "{} without whom or what it is about", name(*subchannel));
  out.target = std::move(*target);
  if (wanted == Arguments::target_and_text) {
    auto text = take_java_utf(message);
    if (!text) return fail(Fault::backend, "{} without its second text", name(*subchannel));
    out.text = std::move(*text);
  } else if (wanted == Arguments::target_and_data) {
    ByteView data = message;
    if (!take_java_utf(data) || !has_array(data))
      return fail(Fault::backend, "{} without whole data", name(*subchannel));
    const std::size_t array = 2 + (std::size_t{data[0]} << 8 | data[1]);
    const ByteView all = message.first(message.size() - data.size() + array);
    out.data.assign(all.begin(), all.end());
  }
  return out;
}

// --- Texts of Java ---

void append_java_utf(ByteBuffer& out, std::string_view utf8) {
  const std::string text = valid_utf8(utf8);
  const std::size_t count_at = out.size();
  Writer(out).u16(0);
  const auto put_unit = [&out](std::uint32_t unit) {
    if (unit != 0 && unit < 0x80) {
      out.push_back(static_cast<Byte>(unit));
    } else if (unit < 0x800) {
      out.push_back(static_cast<Byte>(0xC0 | unit >> 6));
      out.push_back(static_cast<Byte>(0x80 | (unit & 0x3F)));
    } else {
      out.push_back(static_cast<Byte>(0xE0 | unit >> 12));
      out.push_back(static_cast<Byte>(0x80 | (unit >> 6 & 0x3F)));
      out.push_back(static_cast<Byte>(0x80 | (unit & 0x3F)));
    }
  };
  std::size_t end = count_at + 2;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<Byte>(text[at]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    std::uint32_t point = size == 1 ? first : first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i)
      point = point << 6 | (static_cast<Byte>(text[at + i]) & 0x3FU);
    at += size;
    if (point < 0x10000) {
      put_unit(point);
    } else {
      put_unit(0xD800 + ((point - 0x10000) >> 10));
      put_unit(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
    if (out.size() - count_at - 2 > longest_java_utf) {
      out.resize(end);
      break;
    }
    end = out.size();
  }
  const std::size_t count = end - count_at - 2;
  out[count_at] = static_cast<Byte>(count >> 8);
  out[count_at + 1] = static_cast<Byte>(count & 0xFF);
}

std::optional<std::string> take_java_utf(ByteView& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const std::size_t count = std::size_t{bytes[0]} << 8 | bytes[1];
  if (bytes.size() - 2 < count) return std::nullopt;
  ByteView left = bytes.subspan(2, count);
  std::string out;
  std::uint32_t high = 0;  // a first half that waits for its second one
  while (!left.empty()) {
    const auto unit = take_unit(left);
    if (!unit) return std::nullopt;
    if (high != 0 && is_low_surrogate(*unit)) {
      append_utf8(out, 0x10000 + ((high - 0xD800) << 10) + (*unit - 0xDC00));
      high = 0;
      continue;
    }
    if (high != 0) append_utf8(out, replacement);
    high = is_high_surrogate(*unit) ? *unit : 0;
    if (high == 0) append_utf8(out, is_low_surrogate(*unit) ? replacement : *unit);
  }
  if (high != 0) append_utf8(out, replacement);
  bytes = bytes.subspan(2 + count);
  return out;
}

}  // namespace drawbridge::mc
