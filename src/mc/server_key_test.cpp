#include "mc/server_key.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <string_view>

#include "base/strings.hpp"

namespace drawbridge::mc {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key parse(ByteView der) {
  const Byte* at = der.data();
  return {d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())), &EVP_PKEY_free};
}

// What a client does with the key of the encryption request.
ByteBuffer encrypted(EVP_PKEY* key, ByteView plain) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_encrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING);
  ByteBuffer out(512);
  std::size_t size = out.size();
  EXPECT_EQ(EVP_PKEY_encrypt(context, out.data(), &size, plain.data(), plain.size()), 1);
  EVP_PKEY_CTX_free(context);
  out.resize(size);
  return out;
}

TEST(ServerKey, IsWhatVanillaClientsExpect) {
  const ServerKey key;
  const Key read = parse(key.public_der());
  ASSERT_TRUE(read);
  EXPECT_EQ(EVP_PKEY_get_base_id(read.get()), EVP_PKEY_RSA);
  EXPECT_EQ(EVP_PKEY_get_bits(read.get()), 1024);
  EXPECT_EQ(key.public_der().size(), 162U);  // as of every vanilla server
}

TEST(ServerKey, ReadsWhatWasEncryptedForIt) {
  const ServerKey key;
  const Key read = parse(key.public_der());
  const ByteBuffer secret{1, 2, 3, 0, 5};
  EXPECT_EQ(key.decrypt(encrypted(read.get(), secret)), secret);
}

TEST(ServerKey, RefusesEverythingElse) {
  const ServerKey key;
  const ServerKey other;
  const Key others = parse(other.public_der());
  EXPECT_FALSE(key.decrypt({}));
  EXPECT_FALSE(key.decrypt(ByteBuffer(128, 0x00)));
  EXPECT_FALSE(key.decrypt(ByteBuffer(128, 0xFF)));
  EXPECT_FALSE(key.decrypt(ByteBuffer(127, 0x42)));
  EXPECT_FALSE(key.decrypt(ByteBuffer(512, 0x42)));
  // Almost certainly: random padding that happens to fit has a chance below 1 in 10,000.
  const auto foreign = key.decrypt(encrypted(others.get(), ByteBuffer(16, 7)));
  EXPECT_NE(foreign, ByteBuffer(16, 7));
}

// The three known answers that every implementation of this protocol is checked with.
TEST(SessionHash, WritesNumbersAsJavaDoes) {
  EXPECT_EQ(java_hex_sha1(as_bytes("Notch")), "4ed1f46bbe04bc756bcb17c0c7ce3e4632f06a48");
  EXPECT_EQ(java_hex_sha1(as_bytes("jeb_")), "-7c9d5b0044c130109a5d7b5fb5c317c02b4e28c1");
  EXPECT_EQ(java_hex_sha1(as_bytes("simon")), "88e16a1019277b15d58faf0541e11910eb756f6");
}

TEST(SessionHash, CoversSecretAndKey) {
  std::array<Byte, 16> secret{'a', 'b', 'c'};
  const ByteBuffer key{'k', 'e', 'y'};
  ByteBuffer both(secret.begin(), secret.end());
  both.insert(both.end(), key.begin(), key.end());
  EXPECT_EQ(session_hash(secret, key), java_hex_sha1(both));
}

TEST(SignedToken, IsCheckedAgainstTheClientsKey) {
  const Key key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  Byte* der = nullptr;
  const int der_size = i2d_PUBKEY(key.get(), &der);
  const ByteBuffer public_der(der, der + der_size);
  OPENSSL_free(der);
  const ByteBuffer token{9, 8, 7, 6};
  const std::int64_t salt = -2;
  ByteBuffer message = token;
  for (int i = 0; i < 7; ++i) message.push_back(0xFF);
  message.push_back(0xFE);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key.get());
  ByteBuffer signature(512);
  std::size_t size = signature.size();
  ASSERT_EQ(EVP_DigestSign(context, signature.data(), &size, message.data(), message.size()), 1);
  EVP_MD_CTX_free(context);
  signature.resize(size);

  EXPECT_TRUE(is_signed_token(public_der, token, salt, signature));
  EXPECT_FALSE(is_signed_token(public_der, token, salt + 1, signature));
  EXPECT_FALSE(is_signed_token(public_der, ByteBuffer{9, 8, 7, 5}, salt, signature));
  EXPECT_FALSE(is_signed_token(ServerKey().public_der(), token, salt, signature));
  EXPECT_FALSE(is_signed_token(ByteBuffer{1, 2, 3}, token, salt, signature));
  EXPECT_FALSE(is_signed_token(public_der, token, salt, ByteBuffer{}));
  ByteBuffer longer = public_der;
  longer.push_back(0);
  EXPECT_FALSE(is_signed_token(longer, token, salt, signature));
}

}  // namespace
}  // namespace drawbridge::mc
