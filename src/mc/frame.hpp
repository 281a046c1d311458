// Frames: a VarInt length of at most three bytes, then that many bytes. Nothing here copies; a
// frame that is too long is refused by its length, before its bytes have arrived.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/reader.hpp"
#include "mc/version.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

// What three bytes of VarInt can say.
inline constexpr std::size_t max_frame = 2'097'151;

struct Frame {
  ByteView body;         // what the length counts: before compression begins, packet id and fields
  std::size_t size = 0;  // length prefix included: how far to advance
};

enum class EmptyFrames : std::uint8_t { refuse, allow };

// The first frame in `buffered`; nothing while it is incomplete. An error (of `fault`): a length
// beyond `cap`, one that does not end within three bytes, or zero, unless allowed. Over-long forms
// of a length (80 80 00) are taken.
Result<std::optional<Frame>> next_frame(ByteView buffered, std::size_t cap,
                                        Fault fault = Fault::client,
                                        EmptyFrames empty = EmptyFrames::refuse);

// A frame's body taken apart. An error if it does not begin with a VarInt.
struct Packet {
  std::int32_t id = 0;
  ByteView fields;
};
Result<Packet> split_packet(ByteView body, Fault fault);

// Appends the length and the body.
void append_frame(ByteBuffer& out, ByteView body);

// One uncompressed frame: length, id, fields of `packet`. An error (of the proxy) if a field is
// beyond its cap.
template <typename P>
Result<ByteBuffer> encode_frame(std::int32_t id, const P& packet, Version version) {
  ByteBuffer body;
  Writer writer(body, version);
  writer.varint(id);
  P::fields(writer, packet);
  if (!writer.ok()) return fail(Fault::proxy, "{}: {}", P::name, writer.why());
  if (body.size() > max_frame) return fail(Fault::proxy, "{}: beyond a frame", P::name);
  ByteBuffer out;
  append_frame(out, body);
  return out;
}

}  // namespace drawbridge::mc
