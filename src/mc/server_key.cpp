#include "mc/server_key.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <stdexcept>

#include "base/strings.hpp"

namespace drawbridge::mc {

namespace {

constexpr unsigned key_bits = 1024;
// Keys of clients are 2048 bits; whatever is far larger would only make us work.
constexpr int most_client_key_bits = 4096;

template <auto free_one>
struct Free {
  void operator()(auto* object) const { free_one(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

ByteBuffer der_of(EVP_PKEY* key) {
  Byte* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return {};
  ByteBuffer out(der, der + size);
  OPENSSL_free(der);
  return out;
}

Key read_public_key(ByteView der) {
  const Byte* at = der.data();
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  const bool whole = key && at == der.data() + der.size();
  if (!whole || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA ||
      EVP_PKEY_get_bits(key.get()) > most_client_key_bits)
    key.reset();
  ERR_clear_error();
  return key;
}

}  // namespace

void ServerKey::FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

ServerKey::ServerKey()
    : key_(EVP_RSA_gen(key_bits)), public_der_(key_ ? der_of(key_.get()) : ByteBuffer()) {
  if (public_der_.empty()) throw std::runtime_error("no RSA key can be made");
}

ServerKey::~ServerKey() = default;

std::optional<ByteBuffer> ServerKey::decrypt(ByteView cipher_text) const {
  const KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  ByteBuffer plain(key_bits / 8);
  std::size_t size = plain.size();
  const bool good = context && EVP_PKEY_decrypt_init(context.get()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                    EVP_PKEY_decrypt(context.get(), plain.data(), &size, cipher_text.data(),
                                     cipher_text.size()) == 1;
  ERR_clear_error();  // a bad one leaves its reasons in the thread's queue
  if (!good) return std::nullopt;
  plain.resize(size);
  return plain;
}

std::string java_hex_sha1(ByteView bytes) {
  std::array<Byte, 20> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr);
  const bool negative = digest.front() >= 0x80;
  if (negative) {  // two's complement
    bool carry = true;
    for (auto byte = digest.rbegin(); byte != digest.rend(); ++byte) {
      *byte = static_cast<Byte>(~*byte + (carry ? 1 : 0));
      carry = carry && *byte == 0;
    }
  }
  const std::string digits = to_hex(digest);
  const auto first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  return (negative ? "-" : "") + digits.substr(first);
}

std::string session_hash(SharedSecret secret, ByteView public_der) {
  ByteBuffer input(secret.begin(), secret.end());
  input.insert(input.end(), public_der.begin(), public_der.end());
  return java_hex_sha1(input);
}

bool is_signed_token(ByteView public_der, ByteView token, std::int64_t salt, ByteView signature) {
  const Key key = read_public_key(public_der);
  const DigestContext context(EVP_MD_CTX_new());
  if (!key || !context) return false;
  ByteBuffer message(token.begin(), token.end());
  const auto bits = static_cast<std::uint64_t>(salt);
  for (int shift = 56; shift >= 0; shift -= 8)
    message.push_back(static_cast<Byte>(bits >> static_cast<unsigned>(shift)));
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace drawbridge::mc
