#include "kit/packet_wire.hpp"

#include "mc/frame.hpp"

namespace drawbridge::kit {

void PacketWire::encrypt(mc::SharedSecret secret) {
  cipher_ = std::make_unique<Cipher>(secret);
}

std::optional<ByteBuffer> PacketWire::receive(std::size_t count) {
  ByteBuffer bytes = wire.receive(count);
  if (bytes.size() != count) return std::nullopt;
  if (cipher_) cipher_->in.decrypt(bytes);
  return bytes;
}

std::optional<ByteBuffer> PacketWire::receive_frame() {
  std::size_t length = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = receive(1);
    if (!byte || shift > 14) return std::nullopt;
    length |= static_cast<std::size_t>((*byte)[0] & 0x7F) << shift;
    if ((*byte)[0] < 0x80) break;
  }
  return receive(length);
}

std::optional<PacketWire::Received> PacketWire::read() {
  const auto frame = receive_frame();
  if (!frame) return std::nullopt;
  const auto contents = mc::open_frame(*frame, {.threshold = threshold, .fault = Fault::backend});
  if (!contents) return std::nullopt;
  const auto whole = mc::whole_packet(*contents, codecs_->inflater, Fault::backend);
  if (!whole) return std::nullopt;
  Received out;
  out.was_compressed = contents->is_compressed();
  out.body.assign(whole->begin(), whole->end());
  const auto packet = mc::split_packet(out.body, Fault::backend);
  if (!packet) return std::nullopt;
  out.id = packet->id;
  out.fields.assign(packet->fields.begin(), packet->fields.end());
  out.kind = mc::id_map(version, state, reads_).kind(out.id);
  return out;
}

bool PacketWire::write_body(ByteView body) {
  ByteBuffer frame;
  const auto framed = mc::append_packet(frame, body, threshold, codecs_->deflater, Fault::proxy);
  EXPECT_TRUE(framed.has_value());
  return write_raw(std::move(frame));
}

bool PacketWire::write_raw(ByteBuffer bytes) {
  if (cipher_) cipher_->out.encrypt(bytes);
  return wire.send(bytes);
}

}  // namespace drawbridge::kit
