#include "base/host_name.hpp"

#include <gtest/gtest.h>

namespace drawbridge {
namespace {

TEST(HostName, is_lower_case_without_its_final_dot) {
  EXPECT_EQ(folded_host_name("Play.Example.COM."), "play.example.com");
  EXPECT_EQ(folded_host_name("with_underscore"), "with_underscore");
  EXPECT_EQ(folded_host_name("*.Example.com"), "*.example.com");
  EXPECT_EQ(folded_host_name("."), "");
  EXPECT_EQ(folded_host_name(""), "");
}

TEST(HostName, letters_outside_ascii_become_xn) {
  EXPECT_EQ(folded_host_name("B\xC3\x9C"
                             "cher.Example."),
            "xn--bcher-kva.example");
  EXPECT_EQ(folded_host_name("XN--BCHER-KVA.example"), "xn--bcher-kva.example");
  // A part beside them may be a pattern.
  EXPECT_EQ(folded_host_name("*.b\xC3\xBC"
                             "cher.example"),
            "*.xn--bcher-kva.example");
  EXPECT_EQ(folded_host_name("mc-?.b\xC3\xBC"
                             "cher.example"),
            "mc-?.xn--bcher-kva.example");
}

TEST(HostName, dots_of_other_scripts_are_dots) {
  EXPECT_EQ(folded_host_name("b\xC3\xBC"
                             "cher\xE3\x80\x82"
                             "example\xE3\x80\x82"),
            "xn--bcher-kva.example");
}

TEST(HostName, what_is_no_name_is_nothing) {
  EXPECT_EQ(folded_host_name("\xFF\xFE.example"), std::nullopt);
  EXPECT_EQ(folded_host_name(std::string_view("b\xC3\xBC\0x", 5)), std::nullopt);
}

}  // namespace
}  // namespace drawbridge
