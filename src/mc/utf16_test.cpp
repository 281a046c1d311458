#include "mc/utf16.hpp"

#include <gtest/gtest.h>

#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

ByteBuffer wide(std::string_view text, std::size_t max = 100) {
  ByteBuffer out;
  append_utf16be(out, text, max);
  return out;
}

TEST(Utf16, characters_of_every_length) {
  EXPECT_EQ(wide("a\u00E9\u20AC\U0001F600"), hex("0061 00e9 20ac d83d de00"));
  EXPECT_EQ(utf8_from_utf16be(hex("0061 00e9 20ac d83d de00")), "a\u00E9\u20AC\U0001F600");
}

TEST(Utf16, a_surrogate_pair_is_never_cut_in_two) {
  EXPECT_EQ(wide("a\U0001F600", 2), hex("0061"));
  EXPECT_EQ(wide("a\U0001F600", 3), hex("0061 d83d de00"));
}

TEST(Utf16, bad_bytes_become_the_replacement_character) {
  EXPECT_EQ(wide("\xFF"), hex("fffd"));
  EXPECT_EQ(wide("\xC0\x80"), hex("fffd fffd"));           // over-long
  EXPECT_EQ(wide("\xED\xA0\x80"), hex("fffd fffd fffd"));  // a surrogate
  EXPECT_EQ(wide("\xE2\x82"), hex("fffd fffd"));           // cut off
  EXPECT_EQ(utf8_from_utf16be(hex("d83d 0061 de00")), "\uFFFDa\uFFFD");
  EXPECT_EQ(utf8_from_utf16be(hex("0061 00")), "a");
}

}  // namespace
}  // namespace drawbridge::mc
