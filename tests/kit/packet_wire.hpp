// A Wire that speaks packets, for either end of a login and of the game: frames with compression
// and cipher as they have been turned on, fields by kind.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "kit/wire.hpp"
#include "mc/cipher.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/login.hpp"
#include "mc/packets/play.hpp"

namespace drawbridge::kit {

class PacketWire {
 public:
  struct Received {
    mc::Kind kind = mc::Kind::none;
    std::int32_t id = 0;
    ByteBuffer body;    // id and fields
    ByteBuffer fields;  // without the id
    bool was_compressed = false;
  };

  PacketWire() = default;
  // `reads`: what comes here; a client reads Bound::client.
  PacketWire(Wire connection, mc::Bound reads, mc::Version v)
      : wire(std::move(connection)), version(v), reads_(reads) {}

  Wire wire;
  mc::Version version = mc::newest_known;
  mc::State state = mc::State::login;  // of both directions
  mc::Threshold threshold;

  void encrypt(mc::SharedSecret secret);
  [[nodiscard]] bool is_encrypted() const { return cipher_ != nullptr; }

  // The next packet; nothing at the end of the stream, or if it did not come.
  std::optional<Received> read();
  // The next packet must be a P; fails the test and is nothing otherwise.
  template <typename P>
  std::optional<P> expect() {
    const auto packet = read();
    if (!packet || packet->kind != P::kind) {
      ADD_FAILURE() << "expected " << P::name << ", got "
                    << (packet ? std::string(mc::name(packet->kind)) : "nothing");
      return std::nullopt;
    }
    auto decoded = mc::decode<P>(packet->fields, version, Fault::proxy);
    if (decoded) return std::move(*decoded);
    ADD_FAILURE() << decoded.error().what;
    return std::nullopt;
  }

  // False if the other end is gone, or this version has no such packet here.
  template <typename P>
  bool write(const P& packet) {
    const auto body = mc::encode_body(packet, version, state, writes());
    EXPECT_TRUE(body.has_value()) << (body ? "" : body.error().what);
    return body && write_body(*body);
  }
  bool write_body(ByteView body);
  // Bytes as they are, but for the cipher.
  bool write_raw(ByteBuffer bytes);

 private:
  [[nodiscard]] mc::Bound writes() const {
    return reads_ == mc::Bound::client ? mc::Bound::server : mc::Bound::client;
  }
  std::optional<ByteBuffer> receive(std::size_t count);
  std::optional<ByteBuffer> receive_frame();

  struct Cipher {
    explicit Cipher(mc::SharedSecret secret) : out(secret), in(secret) {}
    mc::Encryptor out;
    mc::Decryptor in;
  };
  mc::Bound reads_ = mc::Bound::client;
  std::unique_ptr<Cipher> cipher_;
  std::unique_ptr<mc::Codecs> codecs_ = std::make_unique<mc::Codecs>();
};

}  // namespace drawbridge::kit
