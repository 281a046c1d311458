// The packets of one end while a coroutine talks to it: frames are read and written with the
// compression and the cipher that the link has by then. For log-ins, where packets are few and
// each has its answer; what follows belongs to the session, which gets the link as it stands.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/link_start.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/packets/fields.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Belongs to one coroutine chain on the stream's worker; one operation at a time.
class PacketStream {
 public:
  // `end` is whose end this is: Fault::client or Fault::backend. `codecs` are the worker's.
  PacketStream(net::Stream stream, Fault end, mc::Version version, mc::Codecs& codecs);
  PacketStream(PacketStream&&) noexcept = default;
  PacketStream& operator=(PacketStream&&) noexcept = delete;

  // The phase that packets are written in; whoever talks moves it on.
  mc::State state = mc::State::login;

  // Bytes that were received before the link came here; they are read first.
  void push(ByteView received);

  // The next packet; it stays valid until the next read. Errors: those of the socket, a packet
  // (inflated) of more than `cap` bytes, a frame that breaks the link's compression, the end of
  // the stream.
  net::Task<Result<mc::Packet>> read(std::size_t cap, TimePoint deadline);
  // The same in two steps, for whoever listens to two ends at once: a packet that has come whole
  // (it stays valid until the next look), or nothing; and bytes, as many as there are, at least
  // one.
  Result<std::optional<mc::Packet>> received(std::size_t cap);
  net::Task<Result<>> receive(TimePoint deadline);
  // Whether a whole frame or a part of one has been received and not been read.
  [[nodiscard]] bool has_unread() const { return in_.size() > used_; }
  // Bytes of memory behind it, about.
  [[nodiscard]] std::size_t held() const { return in_.capacity() + inflated_.capacity(); }

  // Sends P in the present phase. An error of the proxy if the version has no such packet there.
  template <typename P>
  net::Task<Result<>> write(P packet, TimePoint deadline) {
    auto body = mc::encode_body(packet, version_, state,
                                end_ == Fault::client ? mc::Bound::client : mc::Bound::server);
    if (!body) co_return std::unexpected(std::move(body.error()));
    auto sent = co_await write_body(std::move(*body), deadline);
    co_return sent;
  }
  // The same for a packet that is there as id and fields, perhaps one that another end sent.
  net::Task<Result<>> write_body(ByteBuffer body, TimePoint deadline);
  // Bytes that already are frames (a handshake). Before encryption and compression only.
  net::Task<Result<>> write_raw(ByteBuffer frames, TimePoint deadline);

  // The cipher begins with the next byte, both ways.
  void encrypt_from_now(mc::SharedSecret secret);
  // The next frame has the compressed form, both ways.
  void compress_from_now(mc::Threshold threshold) { threshold_ = threshold; }
  [[nodiscard]] bool is_encrypted() const { return cipher_ != nullptr; }
  [[nodiscard]] mc::Threshold threshold() const { return threshold_; }
  [[nodiscard]] mc::Version version() const { return version_; }
  [[nodiscard]] net::Stream& stream() { return stream_; }

  // The link as it stands; the object is empty then.
  [[nodiscard]] LinkStart release();

 private:
  net::Stream stream_;
  Fault end_;
  mc::Version version_;
  mc::Codecs* codecs_;
  mc::Threshold threshold_;
  std::unique_ptr<LinkCipher> cipher_;
  ByteBuffer in_;         // decrypted
  std::size_t used_ = 0;  // of in_, by packets that have been read
  ByteBuffer inflated_;   // a copy: other connections use the same codecs meanwhile
};

}  // namespace drawbridge::core
