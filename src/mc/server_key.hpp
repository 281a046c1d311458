// The key pair with which a client hands over the secret of its link, and the hash that proves to
// the session server that both sides mean the same link. As vanilla servers do it: RSA of 1024
// bits, made at start and never stored, PKCS #1 v1.5 padding, the public half as SPKI DER. The
// strength that matters is not in this key: whoever could break it within a login still could not
// answer for the player at the session server.
//
// Pure apart from the system's randomness.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/cipher.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace drawbridge::mc {

// Immutable; any thread.
class ServerKey {
 public:
  // Takes some milliseconds. Throws std::runtime_error when OpenSSL cannot make a key.
  ServerKey();
  ~ServerKey();
  ServerKey(const ServerKey&) = delete;
  ServerKey& operator=(const ServerKey&) = delete;

  // For the encryption request.
  [[nodiscard]] ByteView public_der() const { return public_der_; }
  // What was encrypted with the public half; nothing for anything else. At most 117 bytes.
  [[nodiscard]] std::optional<ByteBuffer> decrypt(ByteView cipher_text) const;

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const;
  };
  std::unique_ptr<evp_pkey_st, FreeKey> key_;
  ByteBuffer public_der_;
};

// What a client asks to be vouched for: SHA-1 over server id (always empty since 1.7), secret and
// public key, as a signed big integer in hexadecimal, "-" and all.
std::string session_hash(SharedSecret secret, ByteView public_der);
// The same of any bytes, for the rule's sake: SHA-1, then the number.
std::string java_hex_sha1(ByteView bytes);

// 1.19 to 1.19.2, a client with a key of its own: whether `signature` is SHA256withRSA by
// `public_der` (SPKI) over token and salt (big-endian). False for keys and signatures that are
// none.
bool is_signed_token(ByteView public_der, ByteView token, std::int64_t salt, ByteView signature);

}  // namespace drawbridge::mc
