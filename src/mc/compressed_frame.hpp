// Frames of a link with compression: inside the frame a second VarInt says how long the packet is
// once inflated, 0 meaning that it is there as it is. A sender compresses packets of the link's
// threshold and more.
//
// A frame that nobody changes is forwarded as received, over-long lengths and all; nothing is
// inflated to decide that. The decision needs care because receivers differ: some refuse a packet
// that is compressed although it is below their threshold (vanilla servers, clients up to 1.17),
// others one that is not although it reaches it (Velocity), and both are common where the two
// links of a session have different thresholds. So a frame passes only if it is exactly what the
// receiver's own threshold would have made of it; the others are framed anew.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/compression.hpp"

namespace drawbridge::mc {

// What `compress` (login) or `set_compression` (play, 1.8) said; negative and before either: off.
// With 0 every packet is compressed.
struct Threshold {
  std::int32_t bytes = -1;

  [[nodiscard]] constexpr bool is_on() const { return bytes >= 0; }
  [[nodiscard]] constexpr bool compresses(std::size_t packet) const {
    return is_on() && packet >= static_cast<std::size_t>(bytes);
  }
};

// What frames of a link are held to when they arrive.
struct Sender {
  Threshold threshold;
  std::size_t max_inflated = 8'388'608;  // what newer receivers refuse beyond
  // Whose mistakes its errors are. A client must not compress below the threshold: every vanilla
  // server ends the connection for it. From a backend that is taken, as clients from 1.17.1 do.
  Fault fault = Fault::client;
};

// What is in a frame: the id and the fields of one packet, compressed or not. Never empty.
struct Contents {
  ByteView bytes;            // a view into the frame: the packet, or the zlib stream that holds it
  std::size_t inflated = 0;  // the size that the sender declares; 0 if not compressed

  [[nodiscard]] bool is_compressed() const { return inflated != 0; }
  // The packet's size in any case. Compressed, it is the sender's word.
  [[nodiscard]] std::size_t packet_size() const {
    return is_compressed() ? inflated : bytes.size();
  }
};

// Takes the second length off a frame's body (see next_frame()); without compression the body is
// the packet. An error of `sender.fault`: no packet in it, a length that is none or beyond
// max_inflated, a packet compressed against the rule above.
Result<Contents> open_frame(ByteView body, const Sender& sender);

// Whether the frame may go on as it was received: it has the receiver's form.
bool passes_as_received(const Contents& contents, Threshold sender, Threshold receiver);

// The id of the packet, at the cost of inflating five bytes at most. An error (of `fault`): a
// damaged stream, or no VarInt at its beginning.
Result<std::int32_t> peek_packet_id(const Contents& contents, Inflater& inflater, Fault fault);

// The whole packet: a view into the frame, or into the inflater until its next call. An error (of
// `fault`) as of Inflater::inflate().
Result<ByteView> whole_packet(const Contents& contents, Inflater& inflater, Fault fault);

// Appends one frame with `packet` (id and fields, at least one byte) in the receiver's form. An
// error (of `fault`), and nothing appended: larger than a frame can be.
Result<void> append_packet(ByteBuffer& out, ByteView packet, Threshold receiver, Deflater& deflater,
                           Fault fault);

// For a frame that does not pass: appends the same packet in the receiver's form. Errors of both
// functions above; nothing is appended then.
Result<void> append_reframed(ByteBuffer& out, const Contents& contents, Threshold receiver,
                             Codecs& codecs, Fault fault);

}  // namespace drawbridge::mc
