#include "base/favicon.hpp"

#include <gtest/gtest.h>

#include "base/strings.hpp"

namespace drawbridge {
namespace {

void append(ByteBuffer& out, std::string_view hex) {
  const ByteBuffer bytes = from_hex(hex).value();
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Signature, IHDR of width x height in 8-bit grey, `padding` bytes of a chunk to be ignored (none:
// no chunk), IEND.
ByteBuffer png(Byte width, Byte height, std::size_t padding = 0) {
  ByteBuffer out;
  append(out, "89504e470d0a1a0a0000000d49484452");
  out.insert(out.end(), {0, 0, 0, width, 0, 0, 0, height});
  append(out, "080000000000000000");
  if (padding != 0) {
    out.insert(out.end(), {0, 0, static_cast<Byte>(padding >> 8), static_cast<Byte>(padding)});
    append(out, "74455874");  // tEXt
    out.insert(out.end(), padding + 4, 0);
  }
  append(out, "0000000049454e44ae426082");
  return out;
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
  EXPECT_EQ(favicon_from_png(from_hex("ffd8ffe04a464946").value()).error().what,
            "not a PNG picture");
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
  const std::size_t around = png(64, 64, 1).size() - 1;
  EXPECT_TRUE(favicon_from_png(png(64, 64, max_favicon_png - around)).has_value());
  const auto refused = favicon_from_png(png(64, 64, max_favicon_png - around + 1));
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().what.starts_with("the picture has 22001 bytes"))
      << refused.error().what;
}

}  // namespace
}  // namespace drawbridge
