#include "mc/cipher.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/machine.hpp"
#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

std::mt19937& generator() {
  static std::mt19937 random(20'260'101);
  return random;
}

std::size_t random_below(std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(generator());
}

ByteBuffer random_buffer(std::size_t size) {
  ByteBuffer out(size);
  for (Byte& byte : out) byte = static_cast<Byte>(generator()());
  return out;
}

SharedSecret as_secret(const ByteBuffer& bytes) {
  return SharedSecret(bytes.data(), shared_secret_size);
}

// OpenSSL by itself: what every path is held to.
ByteBuffer openssl(const ByteBuffer& key, const ByteBuffer& iv, const ByteBuffer& in,
                   bool encrypts) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  EXPECT_EQ(EVP_CipherInit_ex(context.get(), EVP_aes_128_cfb8(), nullptr, key.data(), iv.data(),
                              encrypts ? 1 : 0),
            1);
  ByteBuffer out(in.size() + 16);
  int size = 0;
  EXPECT_EQ(
      EVP_CipherUpdate(context.get(), out.data(), &size, in.data(), static_cast<int>(in.size())),
      1);
  EXPECT_EQ(static_cast<std::size_t>(size), in.size());
  out.resize(in.size());
  return out;
}

// The bytes of a buffer cut at random, empty pieces among them.
std::vector<ByteSpan> cut(ByteSpan bytes) {
  std::vector<ByteSpan> pieces;
  while (!bytes.empty()) {
    const std::size_t size =
        std::min(bytes.size(), random_below(2) == 0 ? random_below(5) : random_below(70));
    pieces.push_back(bytes.first(size));
    bytes = bytes.subspan(size);
  }
  return pieces;
}

class CipherPaths : public testing::TestWithParam<CipherPath> {
 protected:
  void SetUp() override {
    if (!can_run(GetParam())) GTEST_SKIP() << "this processor cannot";
  }
};

#ifdef DRAWBRIDGE_X86_64
const auto compiled_paths =
    testing::Values(CipherPath::openssl, CipherPath::aes_ni, CipherPath::vaes);
#else
const auto compiled_paths = testing::Values(CipherPath::openssl);
#endif

INSTANTIATE_TEST_SUITE_P(Cipher, CipherPaths, compiled_paths, [](const auto& path) -> std::string {
  if (path.param == CipherPath::openssl) return "openssl";
  return path.param == CipherPath::aes_ni ? "aes_ni" : "vaes";
});

TEST_P(CipherPaths, every_length_as_openssl) {
  for (std::size_t size = 0; size <= 300; ++size) {
    const ByteBuffer secret = random_buffer(16);
    const ByteBuffer plain = random_buffer(size);
    const ByteBuffer cipher = openssl(secret, secret, plain, true);
    ByteBuffer bytes = plain;
    Encryptor(as_secret(secret), GetParam()).encrypt(bytes);
    ASSERT_EQ(bytes, cipher) << size;
    Decryptor(as_secret(secret), GetParam()).decrypt(bytes);
    ASSERT_EQ(bytes, plain) << size;
  }
}

TEST_P(CipherPaths, cut_anywhere_as_openssl) {
  for (int round = 0; round < 200; ++round) {
    const ByteBuffer secret = random_buffer(16);
    const ByteBuffer plain = random_buffer(random_below(600));
    const ByteBuffer cipher = openssl(secret, secret, plain, true);
    ByteBuffer bytes = plain;
    Encryptor encryptor(as_secret(secret), GetParam());
    for (const ByteSpan piece : cut(bytes)) encryptor.encrypt(piece);
    ASSERT_EQ(bytes, cipher);
    Decryptor decryptor(as_secret(secret), GetParam());
    for (const ByteSpan piece : cut(bytes)) decryptor.decrypt(piece);
    ASSERT_EQ(bytes, plain);
  }
}

TEST_P(CipherPaths, bytes_beside_the_span_stay) {
  for (std::size_t size = 0; size < 70; ++size) {
    const ByteBuffer secret = random_buffer(16);
    const ByteBuffer before = random_buffer(size + 64);
    ByteBuffer bytes = before;
    Encryptor(as_secret(secret), GetParam()).encrypt(ByteSpan(bytes).subspan(32, size));
    Decryptor(as_secret(secret), GetParam()).decrypt(ByteSpan(bytes).subspan(32, size));
    ASSERT_EQ(bytes, before) << size;
  }
}

TEST_P(CipherPaths, state_survives_a_move) {
  const ByteBuffer secret = random_buffer(16);
  const ByteBuffer plain = random_buffer(100);
  ByteBuffer bytes = plain;
  Encryptor first(as_secret(secret), GetParam());
  first.encrypt(ByteSpan(bytes).first(33));
  Encryptor second = std::move(first);
  second.encrypt(ByteSpan(bytes).subspan(33));
  EXPECT_EQ(bytes, openssl(secret, secret, plain, true));
}

struct Stream {
  ByteBuffer secret = random_buffer(16);
  Encryptor encryptor;
  ByteBuffer plain;
  ByteBuffer bytes;
  std::size_t at = 0;

  Stream(CipherPath path, std::size_t size)
      : encryptor(as_secret(secret), path), plain(random_buffer(size)), bytes(plain) {}
};

// Several turns, each with a random part of what every stream has left; `paths` are dealt out.
void check_batches(std::span<const CipherPath> paths, std::size_t streams, std::size_t longest) {
  std::vector<Stream> all;
  for (std::size_t i = 0; i < streams; ++i)
    all.emplace_back(paths[i % paths.size()], random_below(longest + 1));
  for (int turn = 0; turn < 4; ++turn) {
    std::vector<EncryptJob> jobs;
    for (Stream& stream : all) {
      const std::size_t left = stream.bytes.size() - stream.at;
      const std::size_t size = turn == 3 ? left : random_below(left + 1);
      jobs.push_back({&stream.encryptor, ByteSpan(stream.bytes).subspan(stream.at, size)});
      stream.at += size;
    }
    encrypt(jobs);
  }
  for (const Stream& stream : all)
    ASSERT_EQ(stream.bytes, openssl(stream.secret, stream.secret, stream.plain, true));
}

TEST_P(CipherPaths, many_streams_of_unequal_lengths) {
  const CipherPath paths[] = {GetParam()};
  for (std::size_t streams = 0; streams <= 20; ++streams)
    for (const std::size_t longest : {1U, 15U, 17U, 300U, 3000U})
      check_batches(paths, streams, longest);
}

TEST(Cipher, paths_mix_in_a_batch) {
  std::vector<CipherPath> paths = {CipherPath::openssl};
  for (const CipherPath path : {CipherPath::aes_ni, CipherPath::vaes})
    if (can_run(path)) paths.push_back(path);
  for (const std::size_t streams : {2U, 3U, 11U, 40U}) check_batches(paths, streams, 300);
}

// NIST SP 800-38A, F.3.7. The game has no IV apart from the key, so the vector's IV is reached
// through the cipher text: its 16 bytes before the text, whatever they decrypt to.
TEST_P(CipherPaths, nist_vector_by_its_cipher_text) {
  const ByteBuffer key = hex("2b7e151628aed2a6abf7158809cf4f3c");
  ByteBuffer bytes = hex("000102030405060708090a0b0c0d0e0f 3b79424c9c0dd436bace9e0ed4586a4f32b9");
  Decryptor(as_secret(key), GetParam()).decrypt(bytes);
  bytes.erase(bytes.begin(), bytes.begin() + 16);
  EXPECT_EQ(bytes, hex("6bc1bee22e409f96e93d7e117393172aae2d"));
}

TEST(Cipher, fastest_path_runs_here) {
  EXPECT_TRUE(can_run(CipherPath::openssl));
  EXPECT_TRUE(can_run(fastest_cipher_path()));
}

}  // namespace
}  // namespace drawbridge::mc
