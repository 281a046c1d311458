#include "mc/compressed_frame.hpp"

#include <array>
#include <cassert>

#include "mc/frame.hpp"
#include "mc/reader.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

Result<Contents> open_frame(ByteView body, const Sender& sender) {
  Contents contents{.bytes = body};
  if (sender.threshold.is_on()) {
    Reader reader(body);
    std::int32_t declared = 0;
    reader.varint(declared);
    if (!reader.ok() || declared < 0) return fail(sender.fault, "bad inflated length");
    contents.inflated = static_cast<std::size_t>(declared);
    contents.bytes = body.subspan(reader.position());
  }
  if (contents.bytes.empty()) return fail(sender.fault, "frame without a packet");
  if (!contents.is_compressed()) return contents;
  if (contents.inflated > sender.max_inflated) {
    return fail(sender.fault, "packet of {} bytes inflated where {} is the limit",
                contents.inflated, sender.max_inflated);
  }
  if (sender.fault == Fault::client && !sender.threshold.compresses(contents.inflated)) {
    return fail(sender.fault, "packet of {} bytes compressed below the threshold of {}",
                contents.inflated, sender.threshold.bytes);
  }
  return contents;
}

bool passes_as_received(const Contents& contents, Threshold sender, Threshold receiver) {
  if (sender.is_on() != receiver.is_on()) return false;  // one of them has a length more
  return contents.is_compressed() == receiver.compresses(contents.packet_size());
}

Result<std::int32_t> peek_packet_id(const Contents& contents, Inflater& inflater, Fault fault) {
  std::array<Byte, 5> inflated{};  // as long as a VarInt can be
  ByteView start = contents.bytes;
  if (contents.is_compressed()) {
    const auto size = inflater.peek(contents.bytes, inflated, fault);
    if (!size) return std::unexpected(size.error());
    start = ByteView(inflated).first(*size);
  }
  Reader reader(start);
  std::int32_t id = 0;
  reader.varint(id);
  if (!reader.ok()) return fail(fault, "packet without an id");
  return id;
}

Result<ByteView> whole_packet(const Contents& contents, Inflater& inflater, Fault fault) {
  if (!contents.is_compressed()) return contents.bytes;
  // open_frame() has held the declared size to its limit.
  return inflater.inflate(contents.bytes, contents.inflated, contents.inflated, fault);
}

namespace {

std::size_t varint_size(std::size_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

}  // namespace

Result<void> append_packet(ByteBuffer& out, ByteView packet, Threshold receiver, Deflater& deflater,
                           Fault fault) {
  assert(!packet.empty());
  const bool compress = receiver.compresses(packet.size());
  const std::size_t inflated = compress ? packet.size() : 0;
  const ByteView bytes = compress ? deflater.deflate(packet) : packet;
  const std::size_t size = bytes.size() + (receiver.is_on() ? varint_size(inflated) : 0);
  if (size > max_frame)
    return fail(fault, "packet of {} bytes does not fit into a frame", packet.size());
  Writer writer(out);
  writer.varint(static_cast<std::int32_t>(size));
  if (receiver.is_on()) writer.varint(static_cast<std::int32_t>(inflated));
  writer.raw(bytes);
  return {};
}

Result<void> append_reframed(ByteBuffer& out, const Contents& contents, Threshold receiver,
                             Codecs& codecs, Fault fault) {
  const auto packet = whole_packet(contents, codecs.inflater, fault);
  if (!packet) return std::unexpected(packet.error());
  return append_packet(out, *packet, receiver, codecs.deflater, fault);
}

}  // namespace drawbridge::mc
