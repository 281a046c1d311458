#include "mc/favicon.hpp"

#include <gtest/gtest.h>

#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

// Signature, IHDR of width x height in 8-bit grey, `padding` bytes of a chunk to be ignored, IEND.
ByteBuffer png(Byte width, Byte height, std::size_t padding = 0) {
  ByteBuffer out = hex("89 'PNG' 0d0a1a0a 0000000d 'IHDR' 000000") + ByteBuffer{width} +
                   hex("000000") + ByteBuffer{height} + hex("08 00 00 00 00 00000000");
  if (padding != 0) {
    out = out + hex("0000") +
          ByteBuffer{static_cast<Byte>(padding >> 8), static_cast<Byte>(padding)} + hex("'tEXt'") +
          ByteBuffer(padding + 4, 0);
  }
  return out + hex("00000000 'IEND' ae426082");
}

TEST(Favicon, a_png_of_64x64_becomes_a_data_url) {
  const std::string url = favicon_from_png(png(64, 64)).value();
  EXPECT_TRUE(url.starts_with("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABA")) << url;
  EXPECT_EQ(favicon_from_text(url).value(), url);
}

TEST(Favicon, line_breaks_are_taken_out) {
  const std::string url = favicon_from_png(png(64, 64)).value();
  std::string broken = url;
  broken.insert(50, "\r\n");
  broken.insert(30, "\n");
  EXPECT_EQ(favicon_from_text(broken + "\n").value(), url);
  EXPECT_EQ(favicon_from_text(url.substr(22)).value(), url) << "bare base64";
}

TEST(Favicon, other_pictures_are_refused_with_the_reason) {
  EXPECT_EQ(favicon_from_png(png(32, 64)).error().what,
            "the picture is 32x64 pixels, it must be 64x64");
  EXPECT_EQ(favicon_from_png(hex("ffd8ffe0 'JFIF'")).error().what, "not a PNG picture");
  EXPECT_EQ(favicon_from_png({}).error().what, "not a PNG picture");
  EXPECT_FALSE(favicon_from_text("data:image/jpeg;base64,/9j/").has_value());
  EXPECT_FALSE(favicon_from_text("no base64!").has_value());
}

TEST(Favicon, a_file_that_is_cut_off_or_too_large_is_refused) {
  const ByteBuffer whole = png(64, 64, 100);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_FALSE(favicon_from_png(ByteView(whole).first(n)).has_value()) << n;
  }
  EXPECT_TRUE(favicon_from_png(whole).has_value());
  EXPECT_TRUE(favicon_from_png(png(64, 64, max_favicon_png - 100)).has_value());
  EXPECT_FALSE(favicon_from_png(png(64, 64, max_favicon_png)).has_value());
}

}  // namespace
}  // namespace drawbridge::mc
