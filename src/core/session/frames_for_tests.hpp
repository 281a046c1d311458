// Packets and frames for the tests of this folder: what a client or a server would put on the wire.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/frame.hpp"
#include "mc/packet_ids.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/play.hpp"
#include "mc/text.hpp"

namespace drawbridge::core::testing {

inline constexpr mc::Threshold off = {};

inline mc::Codecs& codecs() {
  static mc::Codecs all;
  return all;
}

// A packet of no known kind: id 0x7F and fields that tell their position. At least one byte.
inline ByteBuffer unknown_packet(std::size_t size, unsigned seed = 1) {
  ByteBuffer packet(size);
  for (std::size_t i = 0; i < size; ++i)
    packet[i] = static_cast<Byte>(((i / 5 + seed) * 0x9E3779B97F4A7C15U) >> 56);
  packet[0] = 0x7F;
  return packet;
}

template <typename P>
ByteBuffer packet_of(const P& fields, mc::Version version, mc::State state, mc::Bound bound) {
  auto body = mc::encode_body(fields, version, state, bound);
  EXPECT_TRUE(body.has_value()) << body.error().what;
  return body.value_or(ByteBuffer{});
}
// One of those without fields, or with fields that nobody reads.
inline ByteBuffer packet_of(mc::Kind kind, mc::Version version, mc::State state, mc::Bound bound,
                            ByteView fields = {}) {
  const auto id = mc::id_map(version, state, bound).id(kind);
  EXPECT_TRUE(id.has_value()) << mc::name(kind);
  ByteBuffer packet;
  mc::Writer writer(packet);
  writer.varint(id.value_or(0));
  writer.raw(fields);
  return packet;
}

inline ByteBuffer frame_of(ByteView packet, mc::Threshold threshold) {
  ByteBuffer frame;
  EXPECT_TRUE(
      mc::append_packet(frame, packet, threshold, codecs().deflater, Fault::proxy).has_value());
  return frame;
}
// Compressed whatever its size, as some servers do.
inline ByteBuffer compressed_frame_of(ByteView packet) {
  return frame_of(packet, {.bytes = 0});
}
// Not compressed whatever its size.
inline ByteBuffer raw_frame_of(ByteView packet) {
  return frame_of(packet, {.bytes = 1 << 30});
}

inline void append(ByteBuffer& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// The packets of a stream of frames, each of which must be just as a sender with this threshold
// makes it; empty frames and half ones are failures.
inline std::vector<ByteBuffer> packets_in(ByteView stream, mc::Threshold threshold) {
  std::vector<ByteBuffer> packets;
  while (!stream.empty()) {
    const auto frame = mc::next_frame(stream, mc::max_frame);
    if (!frame || !*frame) {
      ADD_FAILURE() << "no whole frame in the last " << stream.size() << " bytes";
      break;
    }
    const auto contents = mc::open_frame(
        (*frame)->body, {.threshold = threshold, .max_inflated = 1 << 24, .fault = Fault::client});
    if (!contents) {
      ADD_FAILURE() << contents.error().what;
      break;
    }
    EXPECT_TRUE(mc::passes_as_received(*contents, threshold, threshold));
    const auto packet = mc::whole_packet(*contents, codecs().inflater, Fault::client);
    if (!packet) {
      ADD_FAILURE() << packet.error().what;
      break;
    }
    packets.emplace_back(packet->begin(), packet->end());
    stream = stream.subspan((*frame)->size);
  }
  return packets;
}

}  // namespace drawbridge::core::testing
