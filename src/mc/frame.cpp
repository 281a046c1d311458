#include "mc/frame.hpp"

#include <cassert>

namespace drawbridge::mc {

Result<std::optional<Frame>> next_frame(ByteView buffered, std::size_t cap, Fault fault,
                                        EmptyFrames empty) {
  constexpr std::size_t longest_prefix = 3;
  std::size_t length = 0;
  std::size_t prefix = 0;
  for (bool more = true; more; ++prefix) {
    if (prefix == longest_prefix) return fail(fault, "frame length of more than 3 bytes");
    if (prefix == buffered.size()) return std::nullopt;
    length |= static_cast<std::size_t>(buffered[prefix] & 0x7F) << (7 * prefix);
    // The length only grows from here: no need to see its end to refuse it.
    if (length > cap) return fail(fault, "frame of over {} bytes where that is the limit", cap);
    more = (buffered[prefix] & 0x80) != 0;
  }
  if (length == 0 && empty == EmptyFrames::refuse) return fail(fault, "empty frame");
  if (buffered.size() - prefix < length) return std::nullopt;
  return Frame{.body = buffered.subspan(prefix, length), .size = prefix + length};
}

Result<Packet> split_packet(ByteView body, Fault fault) {
  Reader reader(body);
  Packet packet;
  reader.varint(packet.id);
  if (!reader.ok()) return fail(fault, "packet without an id");
  packet.fields = body.subspan(reader.position());
  return packet;
}

void append_frame(ByteBuffer& out, ByteView body) {
  assert(body.size() <= max_frame);
  Writer writer(out);
  writer.varint(static_cast<std::int32_t>(body.size()));
  writer.raw(body);
}

}  // namespace drawbridge::mc
