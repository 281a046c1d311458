// What of one end of an intercepted connection goes from the login's coroutine to the session.
#pragma once

#include <memory>

#include "base/bytes.hpp"
#include "mc/cipher.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/packet_ids.hpp"
#include "net/fd.hpp"

namespace drawbridge::core {

// Both directions of one link.
struct LinkCipher {
  explicit LinkCipher(mc::SharedSecret secret) : encrypt(secret), decrypt(secret) {}
  mc::Encryptor encrypt;
  mc::Decryptor decrypt;
};

struct LinkStart {
  net::Fd fd = {};         // non-blocking, no longer watched
  ByteBuffer unread = {};  // received and decrypted, whole frames or the beginning of one
  ByteBuffer sealed = {};  // bytes as they go over the wire (cipher text), before all else
  ByteBuffer unsent = {};  // frames for this end, plain, that go before everything else
  mc::Threshold threshold = {};
  mc::State state = mc::State::play;        // the phase that the next frame of this end belongs to
  std::unique_ptr<LinkCipher> cipher = {};  // null: not encrypted
};

}  // namespace drawbridge::core
