// What backends say about identities, and what they are told: a request for a player's identity, a
// host field that an identity is put into, and the words of a refusal, from arbitrary bytes. Beyond
// "does not crash": every answer is signed over exactly its rest, a host field has as many parts as
// servers count, and no word of a backend makes a terminal do things.
//
// Input: lines; the request's payload, the client's host field, the player's name, and the refusal
// in all that is left.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.hpp"
#include "core/backend_words.hpp"
#include "mc/host.hpp"
#include "mc/player_info.hpp"

namespace {

using namespace drawbridge;
using namespace drawbridge::mc;

void require(bool holds) {
  if (!holds) std::abort();
}

// A packet has room for names of 16 UTF-16 units, which are at most 48 bytes in UTF-8; what is
// longer and counts as few is not UTF-8.
bool has_room(std::string_view name) {
  return utf16_length(name) <= 16 && name.size() <= 48;
}

void check_answer(ByteView request, PlayerInfo info) {
  const InfoVersion asked = asked_for(request);
  require(asked >= InfoVersion::plain && asked <= InfoVersion::late_key);
  for (const Release& release : releases()) {
    for (const bool has_key : {false, true}) {
      const InfoVersion best = best_version(asked, release.version, has_key);
      require(best <= asked && best >= InfoVersion::plain);
      info.key.reset();
      if (has_key) info.key = LoginKey{.expires_ms = 1, .key = {2}, .signature = {3}};
      require(best == InfoVersion::plain || best == InfoVersion::late_key || has_key);
      const auto answer = player_info_answer(info, best, release.version, "secret");
      require(answer.has_value() == has_room(info.name));
      if (!answer) continue;
      require(answer->size() > hmac_size);
      require((*answer)[hmac_size] == static_cast<Byte>(best));
      const auto other = player_info_answer(info, best, release.version, "another");
      require(std::equal(answer->begin() + hmac_size, answer->end(), other->begin() + hmac_size,
                         other->end()));
      require(!std::equal(answer->begin(), answer->begin() + hmac_size, other->begin()));
    }
  }
}

void check_host(std::string_view field, const PlayerInfo& info, std::string_view token) {
  const auto host = parse_host(field);
  if (!host) return;
  const std::string told = bungee_host(host->sent_name, host->kept, info, token);
  const auto parts = split(told, '\0');
  const bool floodgate = host->kept.contains("^Floodgate^");
  require(parts.size() == (floodgate ? 5U : 4U));
  require(parts[0] == host->sent_name);
  require(parts[parts.size() - 3] == info.address.text());
  require(parts[parts.size() - 2] == info.uuid.undashed());
  boost::system::error_code error;
  const auto json = boost::json::parse(parts.back(), error);
  require(!error && json.is_array());
  require((json.as_array().empty()) == (token.empty() && !host->kept.contains("F")) || floodgate);
}

void check_words(std::string_view reason) {
  const std::string shown = core::readable_reason(reason);
  require(shown.size() <= 130 && is_valid_utf8(shown));
  require(std::ranges::none_of(shown, [](char c) { return static_cast<Byte>(c) < 0x20; }));
  for (const auto mode :
       {config::ForwardingMode::none, config::ForwardingMode::velocity,
        config::ForwardingMode::bungee_cord, config::ForwardingMode::bungee_guard})
    core::explain_refusal(reason, mode);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = [&input] {
    const auto end = input.find('\n');
    const std::string_view out = input.substr(0, end);
    input = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
    return out;
  };
  const std::string_view request = line();
  const std::string_view field = line();
  const PlayerInfo info{.address = IpAddress::v4(0x7F000001),
                        .uuid = offline_uuid("Steve"),
                        .name = std::string(line()),
                        .properties = {},
                        .key = {},
                        .signer = {}};
  check_answer(as_bytes(request), info);
  check_host(field, info, "");
  check_host(field, info, "token");
  check_words(input);
  return 0;
}
