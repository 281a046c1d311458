// The BungeeCord channel: plugin messages in which a server asks its proxy for something, and what
// the proxy answers. A message is one of Java's DataOutputStream: a subchannel's name, then its
// arguments, in writeUTF(), writeInt() and writeShort().
//
// Source: the published list of subchannels (SpigotMC's wiki, "Bukkit & BungeeCord plugin messaging
// channel") and java.io.DataInput for the form of a text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

enum class BungeeSubchannel : std::uint8_t {
  connect,
  connect_other,
  ip,
  ip_other,
  player_count,
  player_list,
  get_servers,
  get_server,
  get_player_server,
  message,
  message_raw,
  forward,
  forward_to_player,
  uuid,
  uuid_other,
  server_ip,
  kick_player,
  kick_player_raw
};
// As it is on the wire: "ConnectOther".
std::string_view name(BungeeSubchannel subchannel);

struct BungeeRequest {
  BungeeSubchannel subchannel = BungeeSubchannel::get_server;
  std::string target;  // a server or a player; empty where there is none
  std::string text;    // the server that a player is sent to, words, a reason
  ByteBuffer data;     // of a forward: what its receivers read, subchannel and length included
};

// What a server takes in one plugin message.
inline constexpr std::size_t max_data_to_server = 32'767;

// The channel's name for this version: "bungeecord:main" since 1.13.
std::string_view bungee_channel(Version version);
// By either name, whatever the version.
bool is_bungee_channel(std::string_view channel);
// On which a proxy and its servers speak to each other, and no client has a say: the BungeeCord
// channel, and `velocity:*`.
bool is_between_proxy_and_server(std::string_view channel);
// A plugin message (id and fields, in play, to the server) on the channel. An error: `data` is more
// than a server takes.
Result<ByteBuffer> bungee_message(Version version, ByteView data);
// The packet by which the server learns that the channel is listened to: until then Bukkit's API
// does not send anything on it.
Result<ByteBuffer> bungee_registration(Version version);

// The subchannel of a message; nothing: it is none that is known.
std::optional<BungeeSubchannel> bungee_subchannel(ByteView message);
// The whole request. An error (Fault::backend): its subchannel is not known, or its arguments are
// not what belongs to it. Bytes behind them are ignored, as in Java.
Result<BungeeRequest> read_bungee_request(ByteView message);

// writeUTF(): a count of bytes in 16 bits and Java's modified UTF-8 (NUL in two bytes, characters
// beyond the first plane as two surrogates of three bytes). A text that is longer is cut between
// two characters. Bytes that are not UTF-8 become U+FFFD.
void append_java_utf(ByteBuffer& out, std::string_view utf8);
// readUTF(): takes the text from the front of `bytes`. Nothing: it is not whole, or no such text;
// lone surrogates become U+FFFD.
std::optional<std::string> take_java_utf(ByteView& bytes);

}  // namespace drawbridge::mc
