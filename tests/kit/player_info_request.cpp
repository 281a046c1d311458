#include "kit/player_info_request.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace drawbridge::kit {

namespace {

constexpr std::size_t signature_size = 32;

// Reads big-endian and fails for good at the end of the bytes.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : left_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  ByteView take(std::size_t count) {
    if (count > left_.size()) ok_ = false;
    if (!ok_) return {};
    const ByteView out = left_.first(count);
    left_ = left_.subspan(count);
    return out;
  }
  int byte() {
    const ByteView one = take(1);
    return one.empty() ? 0 : one[0];
  }
  std::size_t varint() {
    std::size_t out = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const int next = byte();
      out |= static_cast<std::size_t>(next & 0x7F) << shift;
      if (next < 0x80) return out;
    }
    ok_ = false;
    return 0;
  }
  std::string text() { return std::string(as_text(take(varint()))); }
  ByteBuffer array() {
    const ByteView bytes = take(varint());
    return {bytes.begin(), bytes.end()};
  }
  Uuid uuid() {
    Uuid out;
    const ByteView bytes = take(16);
    if (ok_) std::ranges::copy(bytes, out.bytes.begin());
    return out;
  }
  std::int64_t i64() {
    std::uint64_t out = 0;
    for (const Byte byte : take(8)) out = out << 8 | byte;
    return static_cast<std::int64_t>(out);
  }

 private:
  ByteView left_;
  bool ok_ = true;
};

}  // namespace

ByteBuffer reads_up_to(int version) {
  return {static_cast<Byte>(version)};
}

bool send_who(PacketWire& link, const ByteBuffer& payload, std::int32_t id) {
  return link.write(
      mc::LoginPluginRequest{.id = id, .channel = "velocity:player_info", .data = payload});
}

std::optional<ByteBuffer> receive_who(PacketWire& link, std::int32_t id) {
  auto answer = link.expect<mc::LoginPluginResponse>();
  if (!answer) return std::nullopt;
  EXPECT_EQ(answer->id, id);
  return std::move(answer->data);
}

bool is_signed(ByteView answer, std::string_view secret) {
  if (answer.size() < signature_size) return false;
  // OpenSSL's other interface than the one that the proxy uses.
  EVP_PKEY* key = EVP_PKEY_new_raw_private_key(
      EVP_PKEY_HMAC, nullptr, reinterpret_cast<const Byte*>(secret.data()), secret.size());
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::array<Byte, signature_size> expected{};
  std::size_t size = expected.size();
  const ByteView rest = answer.subspan(signature_size);
  const bool made = EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestSign(context, expected.data(), &size, rest.data(), rest.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return made && std::ranges::equal(expected, answer.first(signature_size));
}

std::optional<ForwardedPlayer> ask_who(PacketWire& link, const ByteBuffer& payload,
                                       std::string_view secret) {
  if (!send_who(link, payload)) return std::nullopt;
  const auto answer = receive_who(link);
  if (!answer) {
    ADD_FAILURE() << "no answer to the question who the player is";
    return std::nullopt;
  }
  if (!is_signed(*answer, secret)) {
    ADD_FAILURE() << "not signed with the secret";
    return std::nullopt;
  }
  Cursor in(ByteView(*answer).subspan(signature_size));
  ForwardedPlayer out;
  out.version = static_cast<int>(in.varint());
  out.address = in.text();
  out.uuid = in.uuid();
  out.name = in.text();
  for (std::size_t left = in.varint(); left > 0 && in.ok(); --left) {
    mc::Property property{.name = in.text(), .value = in.text(), .signature = {}};
    if (in.byte() != 0) property.signature = in.text();
    out.properties.push_back(std::move(property));
  }
  if (out.version == 2 || out.version == 3)
    out.key = mc::LoginKey{.expires_ms = in.i64(), .key = in.array(), .signature = in.array()};
  if (out.version == 3 && in.byte() != 0) out.signer = in.uuid();
  if (!in.ok() || !in.at_end()) {
    ADD_FAILURE() << "the answer has another form than version " << out.version;
    return std::nullopt;
  }
  return out;
}

}  // namespace drawbridge::kit
