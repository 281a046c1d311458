// AES-128-CFB8 with the AES instructions of x86-64; see cipher.hpp for who calls this. Every
// function has its own target attribute, so the program as a whole needs no newer processor.
#pragma once

#include "base/machine.hpp"

#ifdef DRAWBRIDGE_X86_64

#include <cstddef>

#include "base/bytes.hpp"

namespace drawbridge::mc::x86 {

// Both ask for AVX as well (AVX2 with VAES), enabled by the operating system.
bool has_aes_ni();
bool has_vaes();

// Round keys are 11 times 16 bytes, feedback is 16 bytes.
void expand_key(const Byte* key, Byte* round_keys);

// One stream among those that are encrypted in lock-step.
struct Lane {
  const Byte* round_keys;
  Byte* feedback;
  Byte* bytes;
};

// A step of one lane waits 41 cycles for its ten rounds (10 x 4, and 1 for the feedback), in which
// a core that starts two rounds a cycle can do the rounds of eight lanes.
inline constexpr std::size_t most_lanes = 8;

// Encrypts `size` bytes of each of `count` lanes, 1 to most_lanes, and updates their feedback.
void encrypt_lanes(const Lane* lanes, std::size_t count, std::size_t size);

void decrypt_aes_ni(const Byte* round_keys, Byte* feedback, ByteSpan bytes);
void decrypt_vaes(const Byte* round_keys, Byte* feedback, ByteSpan bytes);

}  // namespace drawbridge::mc::x86

#endif
