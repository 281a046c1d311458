#include "base/uuid.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "base/strings.hpp"

namespace drawbridge {

std::string Uuid::undashed() const {
  return to_hex(bytes);
}

std::string Uuid::text() const {
  std::string out = undashed();
  for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, 1, '-');
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  std::string digits;
  if (text.size() == 36) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (dash != (text[i] == '-')) return std::nullopt;
      if (!dash) digits += text[i];
    }
  } else if (text.size() == 32) {
    digits = text;
  }
  const auto raw = from_hex(digits);
  if (!raw || raw->size() != 16) return std::nullopt;
  Uuid out;
  std::ranges::copy(*raw, out.bytes.begin());
  return out;
}

Uuid offline_uuid(std::string_view player_name) {
  const std::string input = "OfflinePlayer:" + std::string(player_name);
  Uuid out;
  unsigned int size = 0;
  EVP_Digest(input.data(), input.size(), out.bytes.data(), &size, EVP_md5(), nullptr);
  out.bytes[6] = static_cast<Byte>((out.bytes[6] & 0x0F) | 0x30);
  out.bytes[8] = static_cast<Byte>((out.bytes[8] & 0x3F) | 0x80);
  return out;
}

}  // namespace drawbridge
