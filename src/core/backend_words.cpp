#include "core/backend_words.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "mc/text.hpp"

namespace drawbridge::core {

namespace {

using config::ForwardingMode;

constexpr std::size_t longest_reason = 120;  // bytes

struct Phrase {
  std::string_view words;
  // By our own mode: none, velocity, bungee_cord, bungee_guard; empty: says nothing there.
  std::array<std::string_view, 4> meaning;
};

constexpr std::string_view set_velocity =
    "it wants Velocity's forwarding: set forwarding_mode = 'velocity' for it";
constexpr std::string_view other_secret =
    "it has another forwarding secret than this proxy: copy forwarding.secret_file to it (Paper: "
    "proxies.velocity.secret)";
constexpr std::string_view no_bungee_there =
    "it does not take BungeeCord's forwarding: turn it on there (spigot.yml: settings.bungeecord)";
constexpr std::string_view wants_bungee =
    "it wants BungeeCord's forwarding: set forwarding_mode = 'bungee_cord' for it, or turn that "
    "off there (spigot.yml: settings.bungeecord)";
constexpr std::string_view too_many_parts =
    "it counts the parts behind the host name and does not know one of them: Floodgate data "
    "without Floodgate (or with another key) there";
constexpr std::string_view wants_guard =
    "it wants BungeeGuard's token: set forwarding_mode = 'bungee_guard' for it";
constexpr std::string_view other_token =
    "it does not know this proxy's token: add the content of forwarding.secret_file to the allowed "
    "tokens there";
constexpr std::string_view secure_profile =
    "it checks the keys that players sign chat with, and knows this player by another UUID or "
    "without a key: set enforce-secure-profile=false in its server.properties, or forward the "
    "account (forwarding_mode)";

// The first that is found counts.
constexpr std::array phrases = {
    Phrase{"Unable to verify player details",
           {set_velocity, other_secret, set_velocity, set_velocity}},
    Phrase{"Invalid proxy response", {set_velocity, other_secret, set_velocity, set_velocity}},
    Phrase{"connect with Velocity", {set_velocity, set_velocity, set_velocity, set_velocity}},
    Phrase{"please enable it in your BungeeCord config",
           {wants_bungee, wants_bungee, too_many_parts, too_many_parts}},
    Phrase{"did you forget to enable BungeeCord",
           {no_bungee_there, no_bungee_there, no_bungee_there, no_bungee_there}},
    Phrase{"Unable to authenticate - no data was forwarded",
           {wants_guard, wants_guard, wants_guard, other_token}},
    Phrase{"Unable to authenticate", {"", "", wants_guard, other_token}},
    Phrase{"please connect through the BungeeCord proxy",
           {wants_bungee, wants_bungee, wants_guard, other_token}},
    Phrase{"please connect through the proxy",
           {wants_guard, wants_guard, wants_guard, other_token}},
    // Translation keys stand in the component as they are; the last covers ..._signature too.
    Phrase{"multiplayer.disconnect.missing_public_key",
           {secure_profile, secure_profile, secure_profile, secure_profile}},
    Phrase{"multiplayer.disconnect.expired_public_key",
           {secure_profile, secure_profile, secure_profile, secure_profile}},
    Phrase{"multiplayer.disconnect.invalid_public_key",
           {secure_profile, secure_profile, secure_profile, secure_profile}},
};

}  // namespace

std::string_view explain_refusal(std::string_view reason, ForwardingMode ours) {
  const auto component = mc::json_text(reason, Fault::backend);
  const std::string plain = component ? mc::to_plain(*component) : std::string();
  for (const Phrase& phrase : phrases)
    if (reason.contains(phrase.words) || plain.contains(phrase.words))
      return phrase.meaning.at(static_cast<std::size_t>(ours));
  return {};
}

std::string readable_reason(std::string_view reason) {
  const auto component = mc::json_text(reason, Fault::backend);
  const std::string plain = component ? mc::to_plain(*component) : std::string();
  // A translated text has no words of its own.
  std::string_view text = plain.empty() ? reason : plain;
  std::string out;
  while (!text.empty()) {
    if (out.size() >= longest_reason) return out + "...";
    const std::size_t size = utf8_length(text);
    if (text[0] == '\n') {
      out += " / ";
    } else if (text[0] == '"' || text[0] == '\\') {
      out += '\'';  // the log would write \x22
    } else if (size != 0 && !controls_terminal(text, size)) {
      out += text.substr(0, size);
    } else {
      out += '?';
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace drawbridge::core
