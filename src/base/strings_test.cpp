#include "base/strings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace drawbridge {
namespace {

using testing::ElementsAre;

TEST(Strings, CaseIsAsciiOnly) {
  EXPECT_EQ(lowered("MC.Example.NET \xC3\x89"), "mc.example.net \xC3\x89");
  EXPECT_TRUE(equal_ignoring_case("Host", "hOST"));
  EXPECT_FALSE(equal_ignoring_case("Host", "Hosts"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));  // differ by the same bit as letters do
}

TEST(Strings, TrimsBlanksAndLineEndsOnly) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Strings, SplitKeepsEmptyParts) {
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Strings, ParseIntTakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_int<int>("-12"), -12);
  EXPECT_EQ(parse_int<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_int<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_int<int>("ff", 16), 255);
  for (const char* bad : {"", " 1", "1 ", "+1", "0x10", "1.0", "one"})
    EXPECT_EQ(parse_int<int>(bad), std::nullopt) << bad;
}

TEST(Strings, Utf8IsCheckedStrictly) {
  EXPECT_TRUE(is_valid_utf8("abc \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* bad :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xFF"})
    EXPECT_FALSE(is_valid_utf8(bad)) << to_hex(as_bytes(bad));
}

TEST(Strings, EscapedForLogLeavesNothingThatATerminalObeys) {
  EXPECT_EQ(escaped_for_log("plain \xC3\xA9 name"), "plain \xC3\xA9 name");
  EXPECT_EQ(escaped_for_log("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
  EXPECT_EQ(escaped_for_log("say \"hi\" \\n"), "say \\x22hi\\x22 \\x5cn");
  EXPECT_EQ(escaped_for_log("\xC2\x9B"
                            "31m"),
            "\\xc2\\x9b31m");  // CSI in one character
  EXPECT_EQ(escaped_for_log("\xE2\x80\xAE"
                            "gpj"),
            "\\xe2\\x80\\xaegpj");  // right-to-left override
  EXPECT_EQ(escaped_for_log("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(escaped_for_log(std::string_view("\0", 1)), "\\x00");
}

TEST(Strings, EscapedForLogIsCutAtTheLimit) {
  EXPECT_EQ(escaped_for_log("abcdef", 6), "abcdef");
  EXPECT_EQ(escaped_for_log("abcdefg", 6), "abcdef...");
}

TEST(Strings, NearestNameOffersOnlyLikelySlips) {
  constexpr std::array<std::string_view, 3> keys = {"addresses", "domains", "motd"};
  EXPECT_EQ(nearest_name("adresses", keys), "addresses");
  EXPECT_EQ(nearest_name("domain", keys), "domains");
  EXPECT_EQ(nearest_name("MOTD", keys), "motd");
  EXPECT_EQ(nearest_name("forwarding", keys), std::nullopt);
  EXPECT_EQ(nearest_name("x", {}), std::nullopt);
  EXPECT_EQ(nearest_name("dxxains", keys), "domains");
  EXPECT_EQ(nearest_name("dxxxins", keys), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(1'000'000, 'd'), keys), std::nullopt);
}

TEST(Strings, HexBothWays) {
  EXPECT_EQ(to_hex(as_bytes("\x01\xab\xff")), "01abff");
  EXPECT_EQ(from_hex("01ABff"), (ByteBuffer{0x01, 0xAB, 0xFF}));
  EXPECT_EQ(from_hex(""), ByteBuffer{});
  for (const char* bad : {"0", "0g", "-1", "+1", " 1"})
    EXPECT_EQ(from_hex(bad), std::nullopt) << bad;
}

// The vectors of RFC 4648, section 10.
TEST(Strings, Base64BothWays) {
  constexpr std::array<std::array<const char*, 2>, 7> vectors = {{{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    const auto decoded = from_base64(coded);
    ASSERT_TRUE(decoded) << coded;
    EXPECT_EQ(as_text(*decoded), plain);
  }
  EXPECT_EQ(to_base64(as_bytes("\xFB\xEF\xFF")), "++//");
  EXPECT_EQ(from_base64("Zm9v\r\nYg=="), from_base64("Zm9vYg"));
  for (const char* bad :
       {"Z", "Zg=", "Zg===", "Z===", "Zm9v=", "Zg==Zg", "Zm-_", "Zm 9v", "====", "Zm9v===="})
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
}

TEST(Strings, DurationsAreReadable) {
  EXPECT_EQ(readable_duration(999), "999 ms");
  EXPECT_EQ(readable_duration(1500), "1.5s");
  EXPECT_EQ(readable_duration(65'000), "1m05s");
  EXPECT_EQ(readable_duration(3'660'000), "1h01m");
}

}  // namespace
}  // namespace drawbridge
