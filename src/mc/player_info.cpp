#include "mc/player_info.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/strings.hpp"
#include "mc/json_object.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

namespace {

constexpr std::size_t most_properties = 64;

// Mojang's answers know no empty signature; others' do, and mean none.
Property tidy(Property property) {
  if (property.signature && property.signature->empty()) property.signature.reset();
  return property;
}

void key_fields(Writer& out, const LoginKey& key) {
  out.i64(key.expires_ms);
  out.bytes(key.key, 512);
  out.bytes(key.signature, 4096);
}

// All that the HMAC is over.
Result<ByteBuffer> signed_part(const PlayerInfo& info, InfoVersion version, Version client) {
  std::vector<Property> properties;
  std::ranges::transform(info.properties, std::back_inserter(properties), tidy);
  ByteBuffer bytes;
  Writer out(bytes, client);
  out.varint(static_cast<std::int32_t>(version));
  out.string(info.address.text());
  out.uuid(info.uuid);
  out.string(info.name, 16);
  list_field(out, properties, most_properties,
             [&out](const Property& property) { property_fields(out, property); });
  if (version == InfoVersion::with_key || version == InfoVersion::with_signer)
    key_fields(out, *info.key);
  if (version == InfoVersion::with_signer)
    out.optional(info.signer, [&out](const Uuid& signer) { out.uuid(signer); });
  if (!out.ok()) return fail(Fault::proxy, "player info: {}", out.why());
  return bytes;
}

std::array<Byte, hmac_size> hmac_sha256(std::string_view secret, ByteView bytes) {
  std::array<Byte, hmac_size> out;
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes.data(), bytes.size(),
       out.data(), &size);
  return out;
}

// What the client put behind the name: at most one mod marker (here as `extraData` has it: FML's
// stand between NULs, FORGE has one in front only) and one part of Floodgate's.
struct KeptParts {
  std::string marker;
  std::string_view floodgate;
};

KeptParts taken_apart(std::string_view kept) {
  KeptParts out;
  for (const std::string_view part : split(kept, '\0')) {
    if (part.starts_with('^')) {
      out.floodgate = part;
    } else if (!part.empty()) {
      out.marker = fmt::format("\1{}{}", part, part.starts_with("FML") ? "\1" : "");
    }
  }
  return out;
}

std::string json_of(const std::vector<Property>& properties) {
  std::string out = "[";
  for (const Property& property : properties) {
    if (out.size() > 1) out += ',';
    out.append(R"({"name":)").append(json_string(property.name));
    out.append(R"(,"value":)").append(json_string(property.value));
    if (property.signature) out.append(R"(,"signature":)").append(json_string(*property.signature));
    out += '}';
  }
  return out += ']';
}

}  // namespace

InfoVersion asked_for(ByteView request) {
  // A signed byte in the sources: 0x80 and more ask for less than 1.
  if (request.size() != 1 || request[0] < 1 || request[0] > 127) return InfoVersion::plain;
  return InfoVersion{std::min(request[0], static_cast<Byte>(InfoVersion::late_key))};
}

InfoVersion best_version(InfoVersion asked, Version client, bool has_key) {
  if (client >= v1_19_3)
    return asked == InfoVersion::late_key ? InfoVersion::late_key : InfoVersion::plain;
  if (!has_key || client < v1_19) return InfoVersion::plain;
  // The two kinds of key are signed differently: a backend that reads only the one cannot check the
  // other.
  const InfoVersion best = client >= v1_19_1 ? InfoVersion::with_signer : InfoVersion::with_key;
  return asked >= best ? best : InfoVersion::plain;
}

Result<ByteBuffer> player_info_answer(const PlayerInfo& info, InfoVersion version, Version client,
                                      std::string_view secret) {
  auto rest = signed_part(info, version, client);
  if (!rest) return rest;
  const auto signature = hmac_sha256(secret, *rest);
  ByteBuffer out(signature.begin(), signature.end());
  out.insert(out.end(), rest->begin(), rest->end());
  return out;
}

std::string bungee_host(std::string_view name, std::string_view kept, const PlayerInfo& info,
                        std::string_view token) {
  const KeptParts parts = taken_apart(kept);
  std::vector<Property> properties;
  std::ranges::transform(info.properties, std::back_inserter(properties), tidy);
  const bool old_forge = parts.marker == "\1FML\1";  // 1.8 to 1.12
  if (old_forge) properties.push_back({"forgeClient", "true", ""});
  if (!parts.marker.empty()) properties.push_back({"extraData", parts.marker, ""});
  if (!token.empty()) properties.push_back({"bungeeguard-token", std::string(token), ""});

  std::string out(name.substr(0, name.find('\0')));
  if (!parts.floodgate.empty()) out.append(1, '\0').append(parts.floodgate);
  out.append(1, '\0').append(info.address.text());
  out.append(1, '\0').append(info.uuid.undashed());
  out.append(1, '\0').append(json_of(properties));
  return out;
}

}  // namespace drawbridge::mc
