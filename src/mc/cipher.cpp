#include "mc/cipher.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <new>
#include <utility>

#include "base/machine.hpp"
#include "mc/cipher_x86.hpp"

namespace drawbridge::mc {

bool can_run(CipherPath path) {
#ifdef DRAWBRIDGE_X86_64
  static const bool aes_ni = x86::has_aes_ni();
  static const bool vaes = x86::has_vaes();
  if (path == CipherPath::aes_ni) return aes_ni;
  if (path == CipherPath::vaes) return vaes;
#endif
  return path == CipherPath::openssl;
}

CipherPath fastest_cipher_path() {
  static const CipherPath fastest = can_run(CipherPath::vaes)     ? CipherPath::vaes
                                    : can_run(CipherPath::aes_ni) ? CipherPath::aes_ni
                                                                  : CipherPath::openssl;
  return fastest;
}

namespace detail {

void CipherState::FreeContext::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);  // wipes its key
}

CipherState::CipherState(SharedSecret secret, CipherPath path, Direction direction) : path_(path) {
  assert(can_run(path));
#ifdef DRAWBRIDGE_X86_64
  if (path_ != CipherPath::openssl) {
    std::ranges::copy(secret, feedback_.begin());
    x86::expand_key(secret.data(), round_keys_.data());
    return;
  }
#endif
  openssl_.reset(EVP_CIPHER_CTX_new());
  const int encrypts = direction == Direction::encrypt ? 1 : 0;
  // Nothing but memory can be missing: this cipher is in OpenSSL's default provider.
  if (openssl_ == nullptr || EVP_CipherInit_ex(openssl_.get(), EVP_aes_128_cfb8(), nullptr,
                                               secret.data(), secret.data(), encrypts) != 1) {
    throw std::bad_alloc();
  }
}

CipherState::~CipherState() {
  OPENSSL_cleanse(round_keys_.data(), round_keys_.size());
  OPENSSL_cleanse(feedback_.data(), feedback_.size());
}

void CipherState::run_openssl(ByteSpan bytes) {
  constexpr std::size_t longest = 1 << 30;  // what OpenSSL counts is an int
  while (!bytes.empty()) {
    const ByteSpan part = bytes.first(std::min(bytes.size(), longest));
    int written = 0;
    const int done = EVP_CipherUpdate(openssl_.get(), part.data(), &written, part.data(),
                                      static_cast<int>(part.size()));
    // A stream cipher takes and gives any number of bytes. If that ever fails, the link's state is
    // unknown, and going on could send plain text.
    if (done != 1 || std::cmp_not_equal(written, part.size())) std::abort();
    bytes = bytes.subspan(part.size());
  }
}

}  // namespace detail

Encryptor::Encryptor(SharedSecret secret, CipherPath path)
    : state_(secret, path, detail::CipherState::Direction::encrypt) {}

void Encryptor::encrypt(ByteSpan bytes) {
  EncryptJob job{.stream = this, .bytes = bytes};
  mc::encrypt(std::span(&job, 1));
}

namespace {

[[maybe_unused]] bool names_a_stream_twice(std::span<const EncryptJob> jobs) {
  for (std::size_t i = 0; i < jobs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (jobs[i].stream == jobs[j].stream) return true;
  return false;
}

}  // namespace

void encrypt(std::span<EncryptJob> jobs) {
  assert(!names_a_stream_twice(jobs));
#ifdef DRAWBRIDGE_X86_64
  if (jobs.size() > x86::most_lanes) {
    std::ranges::sort(jobs, std::ranges::greater{},
                      [](const EncryptJob& job) { return job.bytes.size(); });
  }
  x86::Lane lanes[x86::most_lanes];
  std::size_t left[x86::most_lanes];
  std::size_t running = 0;
  std::size_t next = 0;
  while (true) {
    for (; next < jobs.size() && running < x86::most_lanes; ++next) {
      detail::CipherState& state = jobs[next].stream->state_;
      const ByteSpan bytes = jobs[next].bytes;
      if (state.path() == CipherPath::openssl) {
        state.run_openssl(bytes);
      } else if (!bytes.empty()) {
        lanes[running] = {
            .round_keys = state.round_keys(), .feedback = state.feedback(), .bytes = bytes.data()};
        left[running++] = bytes.size();
      }
    }
    if (running == 0) return;
    const std::size_t together = *std::min_element(left, left + running);
    x86::encrypt_lanes(lanes, running, together);
    for (std::size_t i = 0; i < running;) {
      lanes[i].bytes += together;
      left[i] -= together;
      if (left[i] != 0) {
        ++i;
      } else {
        --running;
        lanes[i] = lanes[running];
        left[i] = left[running];
      }
    }
  }
#else
  for (const EncryptJob& job : jobs) job.stream->state_.run_openssl(job.bytes);
#endif
}

Decryptor::Decryptor(SharedSecret secret, CipherPath path)
    : state_(secret, path, detail::CipherState::Direction::decrypt) {}

void Decryptor::decrypt(ByteSpan bytes) {
#ifdef DRAWBRIDGE_X86_64
  if (state_.path() == CipherPath::vaes)
    return x86::decrypt_vaes(state_.round_keys(), state_.feedback(), bytes);
  if (state_.path() == CipherPath::aes_ni)
    return x86::decrypt_aes_ni(state_.round_keys(), state_.feedback(), bytes);
#endif
  state_.run_openssl(bytes);
}

}  // namespace drawbridge::mc
