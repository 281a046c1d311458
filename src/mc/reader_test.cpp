#include "mc/reader.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "mc/frame.hpp"
#include "mc/hex_for_tests.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {
namespace {

std::int32_t varint_of(const ByteBuffer& bytes) {
  Reader reader(bytes);
  std::int32_t value = 0;
  reader.varint(value);
  EXPECT_TRUE(reader.ok()) << reader.why();
  EXPECT_EQ(reader.left(), 0U);
  return value;
}

// The sample values of the protocol's description on minecraft.wiki.
TEST(Reader, varint_golden_values) {
  const std::pair<std::int32_t, const char*> samples[] = {
      {0, "00"},
      {1, "01"},
      {127, "7f"},
      {128, "80 01"},
      {255, "ff 01"},
      {25565, "dd c7 01"},
      {2097151, "ff ff 7f"},
      {2147483647, "ff ff ff ff 07"},
      {-1, "ff ff ff ff 0f"},
      {std::numeric_limits<std::int32_t>::min(), "80 80 80 80 08"}};
  for (const auto& [value, bytes] : samples) {
    EXPECT_EQ(varint_of(hex(bytes)), value);
    ByteBuffer written;
    Writer(written).varint(value);
    EXPECT_EQ(written, hex(bytes));
  }
}

TEST(Reader, varlong_golden_values) {
  const std::pair<std::int64_t, const char*> samples[] = {
      {0, "00"},
      {2147483648, "80 80 80 80 08"},
      {std::numeric_limits<std::int64_t>::max(), "ff ff ff ff ff ff ff ff 7f"},
      {-1, "ff ff ff ff ff ff ff ff ff 01"}};
  for (const auto& [value, bytes] : samples) {
    const ByteBuffer in = hex(bytes);
    Reader reader(in);
    std::int64_t read = 0;
    reader.varlong(read);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(read, value);
    ByteBuffer written;
    Writer(written).varlong(value);
    EXPECT_EQ(written, in);
  }
}

TEST(Reader, over_long_varints_are_taken_up_to_their_longest_form) {
  EXPECT_EQ(varint_of(hex("80 80 80 80 00")), 0);
  EXPECT_EQ(varint_of(hex("82 00")), 2);
  const ByteBuffer too_long = hex("80 80 80 80 80 00");
  Reader reader(too_long);
  std::int32_t value = 7;
  reader.varint(value);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(value, 7);
}

TEST(Reader, a_failure_sticks_and_leaves_values_alone) {
  const ByteBuffer bytes = hex("05 'ab' 01");
  Reader reader(bytes);
  std::string text = "before";
  std::uint8_t byte = 9;
  reader.string(text, 16);
  reader.u8(byte);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.why(), "ends too early");
  EXPECT_EQ(text, "before");
  EXPECT_EQ(byte, 9);
}

TEST(Reader, a_text_is_limited_in_utf16_units_and_in_bytes) {
  const auto reads = [](const ByteBuffer& bytes, std::size_t max) {
    Reader reader(bytes);
    std::string text;
    reader.string(text, max);
    return reader.ok();
  };
  EXPECT_TRUE(reads(hex("04 'abcd'"), 4));
  EXPECT_FALSE(reads(hex("05 'abcde'"), 4));
  EXPECT_TRUE(reads(hex("06 e282ac e282ac"), 2));  // two euro signs
  EXPECT_TRUE(reads(hex("04 f09f9880"), 2));       // one emoji: a surrogate pair
  EXPECT_FALSE(reads(hex("04 f09f9880"), 1));
  EXPECT_FALSE(
      reads(hex("07 80808080808080"), 2));  // no characters at all, but beyond three bytes each
  EXPECT_FALSE(reads(hex("ff ff ff ff 0f"), 4));  // a negative length
}

TEST(Reader, numbers_are_big_endian) {
  const ByteBuffer bytes =
      hex("fe dc  ff ff ff fe  01 23 45 67 89 ab cd ef  3f c0 00 00  c0 04 00 00 00 00 00 00");
  Reader reader(bytes);
  std::uint16_t port = 0;
  std::int32_t small = 0;
  std::int64_t wide = 0;
  float single = 0;
  double twice = 0;
  reader.u16(port);
  reader.i32(small);
  reader.i64(wide);
  reader.f32(single);
  reader.f64(twice);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader.left(), 0U);
  EXPECT_EQ(port, 0xFEDC);
  EXPECT_EQ(small, -2);
  EXPECT_EQ(wide, 0x0123456789ABCDEF);
  EXPECT_EQ(single, 1.5F);
  EXPECT_EQ(twice, -2.5);
  ByteBuffer written;
  Writer writer(written);
  writer.u16(port);
  writer.i32(small);
  writer.i64(wide);
  writer.f32(single);
  writer.f64(twice);
  EXPECT_EQ(written, bytes);
}

TEST(Reader, byte_arrays_have_an_i16_count_before_1_8) {
  const ByteBuffer old_form = hex("00 03 010203");
  const ByteBuffer new_form = hex("03 010203");
  for (const auto& [version, bytes] : {std::pair{v1_7_6, old_form}, std::pair{v1_8, new_form}}) {
    Reader reader(bytes, version);
    ByteBuffer read;
    reader.bytes(read, 3);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(read, hex("010203"));
    ByteBuffer written;
    Writer(written, version).bytes(read, 3);
    EXPECT_EQ(written, bytes);
    Reader capped(bytes, version);
    capped.bytes(read, 2);
    EXPECT_FALSE(capped.ok());
  }
}

TEST(Writer, a_field_beyond_its_cap_spoils_the_packet) {
  ByteBuffer out;
  Writer writer(out);
  writer.string("abcde", 4);
  writer.u8(1);
  EXPECT_FALSE(writer.ok());
}

struct OneByte {
  static constexpr std::string_view name = "one byte";
  std::uint8_t value = 0;
  static void fields(auto& io, auto& p) { io.u8(p.value); }
};

TEST(Decode, bytes_left_over_are_an_error) {
  EXPECT_EQ(decode<OneByte>(hex("07"), v1_8, Fault::client)->value, 7);
  const auto longer = decode<OneByte>(hex("07 08"), v1_8, Fault::backend);
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error().what, "one byte: bytes left over");
  EXPECT_EQ(longer.error().fault, Fault::backend);
  EXPECT_FALSE(decode<OneByte>(hex(""), v1_8, Fault::client).has_value());
}

TEST(Frame, is_complete_only_with_its_last_byte) {
  const ByteBuffer bytes = hex("03 010203 ff");
  for (std::size_t n = 0; n < 4; ++n) {
    const auto part = next_frame(ByteView(bytes).first(n), 100);
    ASSERT_TRUE(part.has_value());
    EXPECT_FALSE(part->has_value()) << n;
  }
  const auto frame = next_frame(bytes, 100);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->size, 4U);
  EXPECT_EQ(as_text((*frame)->body), "\1\2\3");
}

TEST(Frame, is_refused_by_its_length_before_its_bytes_come) {
  EXPECT_TRUE(next_frame(hex("80 08"), 1024).has_value());   // 1024
  EXPECT_FALSE(next_frame(hex("81 08"), 1024).has_value());  // 1025
  EXPECT_FALSE(
      next_frame(hex("ff ff"), 1024).has_value());  // its third byte can only make it longer
}

TEST(Frame, takes_over_long_lengths_of_three_bytes_and_no_more) {
  // Minestom pads so.
  const auto frame = next_frame(hex("81 80 00 aa"), 100);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->size, 4U);
  EXPECT_EQ((*frame)->body.size(), 1U);
  EXPECT_FALSE(next_frame(hex("81 80 80 00 aa"), max_frame).has_value());
}

TEST(Frame, an_empty_one_is_an_error_unless_allowed) {
  EXPECT_FALSE(next_frame(hex("00"), 100).has_value());
  EXPECT_FALSE(next_frame(hex("80 00"), 100).has_value());
  const auto allowed = next_frame(hex("00"), 100, Fault::backend, EmptyFrames::allow);
  ASSERT_TRUE(allowed.has_value() && allowed->has_value());
  EXPECT_EQ((*allowed)->size, 1U);
}

}  // namespace
}  // namespace drawbridge::mc
