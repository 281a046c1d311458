#include "mc/compressed_frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "mc/frame.hpp"
#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

constexpr Threshold off{};

Sender backend(Threshold threshold) {
  return {.threshold = threshold, .fault = Fault::backend};
}
Sender client(Threshold threshold) {
  return {.threshold = threshold, .fault = Fault::client};
}

class CompressedFrame : public testing::Test {
 protected:
  // The frame that a link with `threshold` has for `packet`.
  ByteBuffer framed(ByteView packet, Threshold threshold) {
    ByteBuffer out;
    const auto done = append_packet(out, packet, threshold, codecs.deflater, Fault::proxy);
    EXPECT_TRUE(done) << done.error().what;
    return out;
  }

  ByteView body_of(const ByteBuffer& frame) {
    const auto next = next_frame(frame, max_frame);
    EXPECT_TRUE(next && *next && (*next)->size == frame.size());
    return (*next)->body;
  }

  // A frame with a compressed packet, whatever the threshold.
  ByteBuffer compressed_body(ByteView packet, std::string_view length_written = "") {
    ByteBuffer out = hex(length_written);
    if (out.empty()) Writer(out).varint(static_cast<std::int32_t>(packet.size()));
    const ByteView stream = codecs.deflater.deflate(packet);
    out.insert(out.end(), stream.begin(), stream.end());
    return out;
  }

  std::string why_not(ByteView body, const Sender& sender) {
    const auto contents = open_frame(body, sender);
    if (contents) return "taken";
    EXPECT_EQ(contents.error().fault, sender.fault);
    return contents.error().what;
  }

  Codecs codecs;
};

ByteBuffer packet_of(std::size_t size) {
  ByteBuffer out(size, 'x');
  out[0] = 0x26;
  return out;
}

ByteBuffer copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST_F(CompressedFrame, forms_by_threshold) {
  EXPECT_EQ(framed(hex("26 'abc'"), off), hex("04 26 'abc'"));
  EXPECT_EQ(framed(hex("26 'abc'"), Threshold{5}), hex("05 00 26 'abc'"));
  for (const std::int32_t reached : {0, 1, 4}) {
    const ByteBuffer frame = framed(hex("26 'abc'"), Threshold{reached});
    EXPECT_EQ(frame[0], frame.size() - 1);
    EXPECT_EQ(frame[1], 4) << "the packet's size";
    EXPECT_EQ(frame[2], 0x78) << "zlib, not raw deflate";
  }
}

TEST_F(CompressedFrame, every_packet_survives_every_pair_of_thresholds) {
  const Threshold thresholds[] = {off, {0}, {1}, {64}, {256}, {1'000'000}};
  for (const std::size_t size : {1U, 2U, 63U, 64U, 65U, 255U, 256U, 257U, 10'000U}) {
    const ByteBuffer packet = packet_of(size);
    for (const Threshold from : thresholds) {
      const ByteBuffer received = framed(packet, from);
      const auto contents = open_frame(body_of(received), client(from));
      ASSERT_TRUE(contents) << contents.error().what;
      EXPECT_EQ(contents->packet_size(), size);
      EXPECT_EQ(peek_packet_id(*contents, codecs.inflater, Fault::client), 0x26);
      for (const Threshold to : thresholds) {
        const ByteBuffer wanted = framed(packet, to);
        ASSERT_EQ(passes_as_received(*contents, from, to), received == wanted)
            << size << " bytes from " << from.bytes << " to " << to.bytes;
        ByteBuffer sent = hex("aa");
        ASSERT_TRUE(append_reframed(sent, *contents, to, codecs, Fault::client));
        ASSERT_EQ(sent, hex("aa") + wanted);
      }
    }
  }
}

// The table in which receivers differ: only what none of them refuses goes on unseen.
TEST_F(CompressedFrame, only_what_every_receiver_takes_passes) {
  const Threshold same{256};
  const ByteBuffer small = compressed_body(packet_of(255));
  const ByteBuffer large = compressed_body(packet_of(256));
  const ByteBuffer raw_small = hex("00") + packet_of(255);
  const ByteBuffer raw_large = hex("00") + packet_of(256);
  const auto passes = [&](const ByteBuffer& body) {
    const auto contents = open_frame(body, backend(same));
    EXPECT_TRUE(contents);
    return passes_as_received(*contents, same, same);
  };
  EXPECT_FALSE(passes(small));  // vanilla servers, clients up to 1.17
  EXPECT_TRUE(passes(large));
  EXPECT_TRUE(passes(raw_small));
  EXPECT_FALSE(passes(raw_large));  // Velocity
}

TEST_F(CompressedFrame, over_long_lengths_pass) {
  const Threshold same{64};
  for (const char* zero : {"00", "80 00", "80 80 00", "80 80 80 80 00"}) {
    const ByteBuffer body = hex(zero) + hex("26 'abc'");
    const auto contents = open_frame(body, backend(same));
    ASSERT_TRUE(contents);
    EXPECT_FALSE(contents->is_compressed());
    EXPECT_EQ(copy(contents->bytes), hex("26 'abc'"));
    EXPECT_TRUE(passes_as_received(*contents, same, same));
  }
  const ByteBuffer padded = compressed_body(packet_of(100), "e4 80 00");
  const auto contents = open_frame(padded, client(same));
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->inflated, 100U);
  EXPECT_TRUE(passes_as_received(*contents, same, same));
}

TEST_F(CompressedFrame, lengths_that_are_none) {
  const Threshold on{256};
  EXPECT_EQ(why_not(hex("ff ff ff ff 0f 26"), client(on)), "bad inflated length");
  EXPECT_EQ(why_not(hex("80 80 80 80 80 00 26"), client(on)), "bad inflated length");
  EXPECT_EQ(why_not(hex("80 80"), client(on)), "bad inflated length");
}

TEST_F(CompressedFrame, empty_packets_are_refused) {
  EXPECT_EQ(why_not({}, client(off)), "frame without a packet");
  EXPECT_EQ(why_not(hex("00"), client(Threshold{256})), "frame without a packet");
  EXPECT_EQ(why_not(hex("80 80 00"), backend(Threshold{256})), "frame without a packet");
  EXPECT_EQ(why_not(hex("80 02"), backend(Threshold{256})), "frame without a packet");
}

TEST_F(CompressedFrame, declared_size_is_capped) {
  Sender sender = backend(Threshold{256});
  sender.max_inflated = 1000;
  EXPECT_EQ(why_not(compressed_body(packet_of(1000)), sender), "taken");
  EXPECT_EQ(why_not(compressed_body(packet_of(1001)), sender),
            "packet of 1001 bytes inflated where 1000 is the limit");
  EXPECT_EQ(why_not(hex("ff ff ff ff 07 78"), sender),
            "packet of 2147483647 bytes inflated where 1000 is the limit");
}

TEST_F(CompressedFrame, a_client_may_not_compress_below_its_threshold) {
  const ByteBuffer body = compressed_body(packet_of(255));
  EXPECT_EQ(why_not(body, client(Threshold{256})),
            "packet of 255 bytes compressed below the threshold of 256");
  EXPECT_EQ(why_not(body, client(Threshold{255})), "taken");
  EXPECT_EQ(why_not(body, backend(Threshold{256})), "taken");
}

TEST_F(CompressedFrame, peek_reads_ids_of_any_form) {
  const Threshold on{0};
  for (const auto& [packet, id] : {std::pair{hex("00"), 0},
                                   {hex("7f 00"), 127},
                                   {hex("80 01"), 128},
                                   {hex("85 80 80 80 00 'and more'"), 5}}) {
    for (const ByteBuffer& body : {compressed_body(packet), hex("00") + packet}) {
      const auto contents = open_frame(body, backend(on));
      ASSERT_TRUE(contents);
      EXPECT_EQ(peek_packet_id(*contents, codecs.inflater, Fault::backend), id);
    }
  }
}

TEST_F(CompressedFrame, peek_refuses_what_has_no_id) {
  const Threshold on{0};
  for (const ByteBuffer& body :
       {compressed_body(hex("80")), hex("00 80"), hex("00 ff ff ff ff ff ff"),
        compressed_body(hex("ff ff ff ff ff ff")), hex("0a 'no zlib stream'")}) {
    const auto contents = open_frame(body, backend(on));
    ASSERT_TRUE(contents);
    const auto id = peek_packet_id(*contents, codecs.inflater, Fault::backend);
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().fault, Fault::backend);
  }
}

TEST_F(CompressedFrame, a_lie_about_the_size_is_found_when_it_is_inflated) {
  const ByteBuffer packet = packet_of(300);
  for (const char* length : {"ab 02", "ad 02"}) {  // 299, 301
    const ByteBuffer body = compressed_body(packet, length);
    const auto contents = open_frame(body, backend(Threshold{256}));
    ASSERT_TRUE(contents);
    ByteBuffer out = hex("aa");
    EXPECT_FALSE(append_reframed(out, *contents, off, codecs, Fault::backend));
    EXPECT_EQ(out, hex("aa"));
  }
}

TEST_F(CompressedFrame, what_no_frame_can_hold_is_refused) {
  // 4 MiB that compress well: a frame for a link with compression, none for one without.
  const ByteBuffer packet(4'000'000, 'x');
  const ByteBuffer frame = framed(packet, Threshold{256});
  const auto contents = open_frame(body_of(frame), backend(Threshold{256}));
  ASSERT_TRUE(contents);
  ByteBuffer out;
  const auto done = append_reframed(out, *contents, off, codecs, Fault::backend);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what, "packet of 4000000 bytes does not fit into a frame");
  EXPECT_TRUE(out.empty());

  const ByteBuffer largest(max_frame, 'x');
  EXPECT_TRUE(append_packet(out, largest, off, codecs.deflater, Fault::proxy));
  EXPECT_FALSE(append_packet(out, largest, Threshold{3'000'000}, codecs.deflater, Fault::proxy));
}

}  // namespace
}  // namespace drawbridge::mc
