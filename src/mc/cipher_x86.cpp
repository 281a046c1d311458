#include "mc/cipher_x86.hpp"

#ifdef DRAWBRIDGE_X86_64

#include <immintrin.h>

#include <cassert>
#include <cstring>

// AVX for its instructions of three operands: four streams in lock-step are 1.2 times as fast as
// with those that overwrite one of their two.
#define DRAWBRIDGE_AES_NI __attribute__((target("aes,avx")))
#define DRAWBRIDGE_VAES __attribute__((target("aes,vaes,avx2")))
#define DRAWBRIDGE_INLINE __attribute__((always_inline)) inline

namespace drawbridge::mc::x86 {
namespace {

constexpr int rounds = 10;
constexpr std::size_t block = 16;

// ---- Loads and stores, of any alignment

DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE __m128i load(const Byte* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE void store(Byte* to, __m128i value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
}

// ---- Key schedule

template <int round_constant>
DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE __m128i next_round_key(__m128i key) {
  const __m128i word = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, round_constant), 0xFF);
  // Each word of the new key is the sum of all words of the old one up to its own place.
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, word);
}

// ---- Encryption: `lanes` streams in lock-step

// What `lanes` streams keep between two steps. `input` is the feedback register with the first
// round key on it already, so that the newest byte has nothing to wait for.
template <std::size_t lanes>
struct LockStep {
  __m128i keys[rounds + 1][lanes];  // the last one with byte 15 of the first on its lowest byte
  __m128i moved[lanes];  // changes byte j of `input` to the one of the next step at j - 1
  __m128i input[lanes];
  __m128i plain[lanes];  // the next byte lowest
};

// One byte of each lane. Of the last round only the lowest byte is wanted, so the plain text goes
// in as a part of that round's key, and one instruction moves the sum into the next step's input:
// 10 x 4 + 1 cycles from input to input on a core whose rounds take 4.
template <std::size_t lanes>
DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE void step(LockStep<lanes>& s) {
  __m128i x[lanes];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < lanes; ++i) x[i] = s.input[i];
#pragma GCC unroll 9
  for (int round = 1; round < rounds; ++round) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < lanes; ++i) x[i] = _mm_aesenc_si128(x[i], s.keys[round][i]);
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < lanes; ++i) {
    const __m128i cipher = _mm_aesenclast_si128(x[i], _mm_xor_si128(s.keys[rounds][i], s.plain[i]));
    s.input[i] = _mm_alignr_epi8(cipher, _mm_xor_si128(s.input[i], s.moved[i]), 1);
    s.plain[i] = _mm_srli_si128(s.plain[i], 1);
  }
}

template <std::size_t lanes>
DRAWBRIDGE_AES_NI void encrypt_in_lock_step(const Lane* streams, std::size_t size) {
  LockStep<lanes> s;
  for (std::size_t i = 0; i < lanes; ++i) {
    for (std::size_t round = 0; round <= rounds; ++round)
      s.keys[round][i] = load(streams[i].round_keys + round * block);
    const __m128i first = s.keys[0][i];
    s.keys[rounds][i] = _mm_xor_si128(s.keys[rounds][i], _mm_srli_si128(first, 15));
    s.moved[i] = _mm_xor_si128(first, _mm_slli_si128(first, 1));
    s.input[i] = _mm_xor_si128(load(streams[i].feedback), first);
  }
  // After 16 steps the feedback is the 16 bytes of cipher text.
  std::size_t at = 0;
  for (; at + block <= size; at += block) {
    for (std::size_t i = 0; i < lanes; ++i) s.plain[i] = load(streams[i].bytes + at);
    for (std::size_t n = 0; n < block; ++n) step(s);
    for (std::size_t i = 0; i < lanes; ++i)
      store(streams[i].bytes + at, _mm_xor_si128(s.input[i], s.keys[0][i]));
  }
  const std::size_t rest = size - at;
  Byte part[block] = {};
  if (rest != 0) {
    for (std::size_t i = 0; i < lanes; ++i) {
      std::memcpy(part, streams[i].bytes + at, rest);
      s.plain[i] = load(part);
    }
    for (std::size_t n = 0; n < rest; ++n) step(s);
  }
  for (std::size_t i = 0; i < lanes; ++i) {
    const __m128i feedback = _mm_xor_si128(s.input[i], s.keys[0][i]);
    store(streams[i].feedback, feedback);
    store(part, feedback);
    if (rest != 0) std::memcpy(streams[i].bytes + at, part + block - rest, rest);
  }
}

// ---- Decryption: the key stream of a byte is computed from the 16 bytes of cipher text before it

struct Keys128 {
  __m128i of[rounds + 1];

  DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE explicit Keys128(const Byte* round_keys) {
    for (std::size_t round = 0; round <= rounds; ++round)
      of[round] = load(round_keys + round * block);
  }
};

// The key stream of eight bytes, in the low half. `window` is where the first one's 16 bytes begin.
DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE __m128i eight_bytes(const Keys128& keys, const Byte* window) {
  __m128i x[8];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) x[i] = _mm_xor_si128(load(window + i), keys.of[0]);
#pragma GCC unroll 9
  for (int round = 1; round < rounds; ++round) {
#pragma GCC unroll 8
    for (auto& one : x) one = _mm_aesenc_si128(one, keys.of[round]);
  }
#pragma GCC unroll 8
  for (auto& one : x) one = _mm_aesenclast_si128(one, keys.of[rounds]);
  // The lowest byte of each, side by side.
  return _mm_unpacklo_epi32(
      _mm_unpacklo_epi16(_mm_unpacklo_epi8(x[0], x[1]), _mm_unpacklo_epi8(x[2], x[3])),
      _mm_unpacklo_epi16(_mm_unpacklo_epi8(x[4], x[5]), _mm_unpacklo_epi8(x[6], x[7])));
}

// Decrypts the block at `bytes` into `out`; the 16 bytes before it must still be cipher text.
DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE void decrypt_block(const Keys128& keys, const Byte* bytes,
                                                       Byte* out) {
  const __m128i key_stream =
      _mm_unpacklo_epi64(eight_bytes(keys, bytes - block), eight_bytes(keys, bytes - block / 2));
  store(out, _mm_xor_si128(load(bytes), key_stream));
}

struct Keys256 {
  __m256i of[rounds + 1];

  DRAWBRIDGE_VAES DRAWBRIDGE_INLINE explicit Keys256(const Byte* round_keys) {
    for (std::size_t round = 0; round <= rounds; ++round)
      of[round] = _mm256_broadcastsi128_si256(load(round_keys + round * block));
  }
};

DRAWBRIDGE_VAES DRAWBRIDGE_INLINE __m256i load_two(const Byte* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// The same for eight bytes and, in the upper half, the eight that are 16 further on: one load of 32
// bytes holds the windows of both.
DRAWBRIDGE_VAES DRAWBRIDGE_INLINE __m256i eight_pairs(const Keys256& keys, const Byte* window) {
  __m256i x[8];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) x[i] = _mm256_xor_si256(load_two(window + i), keys.of[0]);
#pragma GCC unroll 9
  for (int round = 1; round < rounds; ++round) {
#pragma GCC unroll 8
    for (auto& pair : x) pair = _mm256_aesenc_epi128(pair, keys.of[round]);
  }
#pragma GCC unroll 8
  for (auto& pair : x) pair = _mm256_aesenclast_epi128(pair, keys.of[rounds]);
  return _mm256_unpacklo_epi32(
      _mm256_unpacklo_epi16(_mm256_unpacklo_epi8(x[0], x[1]), _mm256_unpacklo_epi8(x[2], x[3])),
      _mm256_unpacklo_epi16(_mm256_unpacklo_epi8(x[4], x[5]), _mm256_unpacklo_epi8(x[6], x[7])));
}

DRAWBRIDGE_VAES DRAWBRIDGE_INLINE void decrypt_two_blocks(const Keys256& keys, Byte* bytes) {
  const __m256i key_stream =
      _mm256_unpacklo_epi64(eight_pairs(keys, bytes - block), eight_pairs(keys, bytes - block / 2));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes),
                      _mm256_xor_si256(load_two(bytes), key_stream));
}

// The last 16 bytes of cipher text, of `feedback` and `bytes` together: the next feedback.
struct Feedback {
  Byte bytes[block];

  Feedback(const Byte* feedback, ByteSpan text) {
    const std::size_t fresh = text.size() < block ? text.size() : block;
    std::memcpy(bytes, feedback + fresh, block - fresh);
    if (fresh != 0) std::memcpy(bytes + block - fresh, text.data() + text.size() - fresh, fresh);
  }
};

// The first bytes of a buffer, fewer than two blocks, whose windows begin in the feedback.
DRAWBRIDGE_AES_NI DRAWBRIDGE_INLINE void decrypt_start(const Keys128& keys, const Byte* feedback,
                                                       ByteSpan bytes) {
  if (bytes.empty()) return;
  Byte text[3 * block] = {};
  Byte plain[2 * block];
  std::memcpy(text, feedback, block);
  std::memcpy(text + block, bytes.data(), bytes.size());
  decrypt_block(keys, text + block, plain);
  if (bytes.size() > block) decrypt_block(keys, text + 2 * block, plain + block);
  std::memcpy(bytes.data(), plain, bytes.size());
}

}  // namespace

bool has_aes_ni() {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("avx");
}

bool has_vaes() {
  return has_aes_ni() && __builtin_cpu_supports("vaes") && __builtin_cpu_supports("avx2");
}

DRAWBRIDGE_AES_NI void expand_key(const Byte* key, Byte* round_keys) {
  __m128i k = load(key);
  store(round_keys, k);
  const auto put = [&round_keys](__m128i next) __attribute__((target("aes,avx"))) {
    round_keys += block;
    store(round_keys, next);
    return next;
  };
  k = put(next_round_key<0x01>(k));
  k = put(next_round_key<0x02>(k));
  k = put(next_round_key<0x04>(k));
  k = put(next_round_key<0x08>(k));
  k = put(next_round_key<0x10>(k));
  k = put(next_round_key<0x20>(k));
  k = put(next_round_key<0x40>(k));
  k = put(next_round_key<0x80>(k));
  k = put(next_round_key<0x1B>(k));
  put(next_round_key<0x36>(k));
}

void encrypt_lanes(const Lane* lanes, std::size_t count, std::size_t size) {
  using Kernel = void (*)(const Lane*, std::size_t);
  static constexpr Kernel kernels[most_lanes] = {
      encrypt_in_lock_step<1>, encrypt_in_lock_step<2>, encrypt_in_lock_step<3>,
      encrypt_in_lock_step<4>, encrypt_in_lock_step<5>, encrypt_in_lock_step<6>,
      encrypt_in_lock_step<7>, encrypt_in_lock_step<8>,
  };
  assert(count >= 1 && count <= most_lanes);
  kernels[count - 1](lanes, size);
}

// Both go from the end to the start: what a block is computed from is then still cipher text, and
// is loaded from where it lies.

DRAWBRIDGE_AES_NI void decrypt_aes_ni(const Byte* round_keys, Byte* feedback, ByteSpan bytes) {
  const Keys128 keys(round_keys);
  const Feedback next(feedback, bytes);
  std::size_t left = bytes.size();
  for (; left >= 2 * block; left -= block) {
    Byte* const last = bytes.data() + left - block;
    decrypt_block(keys, last, last);
  }
  decrypt_start(keys, feedback, bytes.first(left));
  std::memcpy(feedback, next.bytes, block);
}

DRAWBRIDGE_VAES void decrypt_vaes(const Byte* round_keys, Byte* feedback, ByteSpan bytes) {
  const Keys128 keys(round_keys);
  const Feedback next(feedback, bytes);
  std::size_t left = bytes.size();
  if (left >= 3 * block) {
    const Keys256 wide(round_keys);
    for (; left >= 3 * block; left -= 2 * block)
      decrypt_two_blocks(wide, bytes.data() + left - 2 * block);
  }
  if (left >= 2 * block) {
    left -= block;
    decrypt_block(keys, bytes.data() + left, bytes.data() + left);
  }
  decrypt_start(keys, feedback, bytes.first(left));
  std::memcpy(feedback, next.bytes, block);
}

}  // namespace drawbridge::mc::x86

#endif
