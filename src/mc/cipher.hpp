// The game's link encryption: AES-128 in CFB8 mode, the shared secret being both key and first IV.
//
// CFB8 runs the whole block cipher for every byte. Decryption knows all of its input at once, so
// eight and more bytes are in the processor's pipeline together; encryption feeds each byte into
// the next and cannot be made parallel inside one stream. Across streams it can: `encrypt()` of a
// batch takes what all connections of a turn have to send and steps through them side by side
// (docs/adr/0007-codecs.md has the figures).
//
// An object belongs to one connection and to the thread that drives it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.hpp"

struct evp_cipher_ctx_st;  // OpenSSL's EVP_CIPHER_CTX

namespace drawbridge::mc {

// How the block cipher is computed. Every path gives the same bytes.
enum class CipherPath : std::uint8_t {
  openssl,  // EVP, on every processor
  aes_ni,   // x86-64 with AES instructions
  vaes,     // x86-64 with AES on 256-bit registers: decryption only, encryption is as in aes_ni
};

// Whether this processor (and operating system) has what the path needs.
bool can_run(CipherPath path);
// The fastest path that can run here. Asked of the processor once.
CipherPath fastest_cipher_path();

inline constexpr std::size_t shared_secret_size = 16;
using SharedSecret = std::span<const Byte, shared_secret_size>;

namespace detail {

// What one direction of one stream has to remember. Wiped when it is destroyed.
class CipherState {
 public:
  enum class Direction : std::uint8_t { encrypt, decrypt };

  // Throws std::bad_alloc when OpenSSL cannot allocate its context.
  CipherState(SharedSecret secret, CipherPath path, Direction direction);
  CipherState(CipherState&&) noexcept = default;
  CipherState& operator=(CipherState&&) noexcept = default;
  ~CipherState();

  [[nodiscard]] CipherPath path() const { return path_; }
  [[nodiscard]] const Byte* round_keys() const { return round_keys_.data(); }
  // The last 16 bytes of cipher text, the IV before there are any.
  [[nodiscard]] Byte* feedback() { return feedback_.data(); }
  // Only on the path `openssl`: either direction, in place.
  void run_openssl(ByteSpan bytes);

 private:
  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };

  alignas(16) std::array<Byte, 176> round_keys_{};
  alignas(16) std::array<Byte, 16> feedback_{};
  std::unique_ptr<evp_cipher_ctx_st, FreeContext> openssl_;
  CipherPath path_;
};

}  // namespace detail

// REQUIRES of all constructors: can_run(path).

struct EncryptJob;

class Encryptor {
 public:
  explicit Encryptor(SharedSecret secret, CipherPath path = fastest_cipher_path());

  // In place; each byte once and in the order of sending. Prefer the batch below when more than
  // one connection has something to send.
  void encrypt(ByteSpan bytes);

 private:
  friend void encrypt(std::span<EncryptJob> jobs);
  detail::CipherState state_;
};

struct EncryptJob {
  Encryptor* stream = nullptr;
  ByteSpan bytes;
};

// Encrypts the bytes of every job in place, interleaved: four and more streams that are ready
// together cost little more than one. REQUIRES: no stream and no byte is named twice. Jobs are put
// into another order, the longest first, so that none is left to run alone at the end.
void encrypt(std::span<EncryptJob> jobs);

class Decryptor {
 public:
  explicit Decryptor(SharedSecret secret, CipherPath path = fastest_cipher_path());

  // In place; in the order of arrival, cut anywhere.
  void decrypt(ByteSpan bytes);

 private:
  detail::CipherState state_;
};

}  // namespace drawbridge::mc
