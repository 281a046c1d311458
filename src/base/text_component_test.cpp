#include "base/text_component.hpp"

#include <gtest/gtest.h>

#include <string>

namespace drawbridge {
namespace {

TEST(TextComponent, is_an_object_a_string_or_a_list_with_something_in_it) {
  for (const char* good : {R"("words")", R"({"text":"a"})", R"(["a",{"text":"b"}])", "{}"})
    EXPECT_TRUE(check_text_component(good)) << good;
  for (const char* bad : {"", "{", "7", "null", "true", "[]", "{\"a\":}", "{\"text\":\"\xFF\"}"})
    EXPECT_FALSE(check_text_component(bad)) << bad;
}

TEST(TextComponent, has_a_largest_size_and_depth) {
  EXPECT_TRUE(check_text_component('"' + std::string(max_text_component - 2, 'a') + '"'));
  EXPECT_FALSE(check_text_component('"' + std::string(max_text_component - 1, 'a') + '"'));
  EXPECT_TRUE(check_text_component(std::string(32, '[') + "1" + std::string(32, ']')));
  EXPECT_FALSE(check_text_component(std::string(33, '[') + "1" + std::string(33, ']')));
}

TEST(Placeholders, are_words_in_braces) {
  EXPECT_EQ(placeholder_at("{player} joins"), "player");
  EXPECT_EQ(placeholder_at("{bar_Baz}"), "bar_Baz");
  for (const char* none : {"", "player}", "{", "{}", "{1}", "{a b}", "{player", "{{player}}",
                           "{abcdefghijklmnopqrstuvwxyzabcdef}"})
    EXPECT_EQ(placeholder_at(none), "") << none;
}

}  // namespace
}  // namespace drawbridge
