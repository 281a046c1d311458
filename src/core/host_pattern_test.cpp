#include "core/host_pattern.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace drawbridge::core {
namespace {

// By definition, without a thought for time: the oracle for short texts.
bool matches_by_definition(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return host.empty();
  if (pattern[0] == '*') {
    for (std::size_t i = 0; i <= host.size(); ++i) {
      if (matches_by_definition(pattern.substr(1), host.substr(i))) return true;
    }
    return false;
  }
  if (host.empty()) return false;
  if (pattern[0] != '?' && pattern[0] != host[0]) return false;
  return matches_by_definition(pattern.substr(1), host.substr(1));
}

HostPattern parsed(std::string_view domain) {
  const Result<HostPattern> pattern = HostPattern::parse(domain);
  EXPECT_TRUE(pattern) << domain;
  return pattern.value_or(HostPattern{});
}

TEST(HostPattern, KnowsTheFourKinds) {
  EXPECT_EQ(parsed("a.example.com").kind, PatternKind::exact);
  EXPECT_EQ(parsed("*.example.com").kind, PatternKind::suffix);
  EXPECT_EQ(parsed("*.com").kind, PatternKind::suffix);
  EXPECT_EQ(parsed("mc-*.example.com").kind, PatternKind::glob);
  EXPECT_EQ(parsed("*.*.example.com").kind, PatternKind::glob);
  EXPECT_EQ(parsed("*example.com").kind, PatternKind::glob);
  EXPECT_EQ(parsed("?.example.com").kind, PatternKind::glob);
  EXPECT_EQ(parsed("*.exa?ple.com").kind, PatternKind::glob);
  EXPECT_EQ(parsed("*").kind, PatternKind::any);
  EXPECT_EQ(parsed("**").kind, PatternKind::any);
}

TEST(HostPattern, HasOneFormForEachMeaning) {
  EXPECT_EQ(parsed(" Play.Example.COM. ").text, "play.example.com");
  EXPECT_EQ(parsed("a***b").text, "a*b");
  EXPECT_EQ(parsed("**.example.com").kind, PatternKind::suffix);
  EXPECT_EQ(parsed("a?*b.c").literals, 4);
  EXPECT_EQ(parsed("x.y.").literals, 3);
}

TEST(HostPattern, RefusesWhatCanMatchNothing) {
  for (const char* domain : {"", " ", ".", "*.", "*..", "a..b", ".a", "a b", "a\tb", "a\x7f"}) {
    EXPECT_FALSE(HostPattern::parse(domain)) << domain;
  }
  EXPECT_TRUE(HostPattern::parse(std::string(255, 'a')));
  EXPECT_FALSE(HostPattern::parse(std::string(256, 'a')));
  EXPECT_TRUE(HostPattern::parse(std::string(255, 'a') + "."));
  EXPECT_FALSE(HostPattern::parse(std::string(100'000, '?')));
}

TEST(HostPattern, FindsTheTailThatEveryMatchMustHave) {
  EXPECT_EQ(parsed("mc-*.example.com").literal_tail(), "example.com");
  EXPECT_EQ(parsed("*.a?.example.com").literal_tail(), "example.com");
  EXPECT_EQ(parsed("*example.com").literal_tail(), "com");
  EXPECT_EQ(parsed("example.*").literal_tail(), "");
  EXPECT_EQ(parsed("*box").literal_tail(), "");
}

TEST(HostPattern, AgreesWithTheDefinition) {
  std::mt19937 random(7);
  const auto text = [&](std::string_view alphabet, std::size_t longest) {
    std::string made;
    const std::size_t length = random() % (longest + 1);
    for (std::size_t i = 0; i < length; ++i) made += alphabet[random() % alphabet.size()];
    return made;
  };
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = text("ab.*?", 8);
    const std::string host = text("ab.", 10);
    const bool expected = matches_by_definition(pattern, host);
    matched += expected ? 1 : 0;
    ASSERT_EQ(glob_matches(pattern, host), expected) << pattern << " " << host;
  }
  EXPECT_GT(matched, 500);
}

// Positions beyond 64, 128 and 192 live in further words.
TEST(HostPattern, MatchesAcrossWords) {
  for (std::size_t length : {1UZ, 63UZ, 64UZ, 65UZ, 127UZ, 128UZ, 191UZ, 192UZ, 254UZ, 255UZ}) {
    const std::string host = std::string(length - 1, 'a') + "z";
    EXPECT_TRUE(glob_matches(host, host)) << length;
    EXPECT_TRUE(glob_matches("*z", host)) << length;
    EXPECT_TRUE(glob_matches(std::string(length, '?'), host)) << length;
    EXPECT_FALSE(glob_matches(std::string(length + 1, '?'), host)) << length;
    EXPECT_FALSE(glob_matches(std::string(length - 1, '?'), host)) << length;
    EXPECT_FALSE(glob_matches("*y", host)) << length;
    EXPECT_TRUE(glob_matches("*?", host)) << length;
  }
}

TEST(HostPattern, TakesAnyBytesOfAHost) {
  std::string host;
  for (int c = 1; c < 256; ++c) host += static_cast<char>(c);
  ASSERT_EQ(host.size(), max_host_length);
  EXPECT_TRUE(glob_matches(std::string("*\x80\x81*"), host));
  EXPECT_FALSE(glob_matches(std::string("*\x81\x80*"), host));
  EXPECT_FALSE(glob_matches("*", host + "x")) << "longer than a host can be";
}

// A matcher that goes back would need more steps than there are atoms; this one needs 255 x 4 word
// operations.
TEST(HostPattern, HasNoExpensivePattern) {
  std::string pattern;
  while (pattern.size() + 3 < max_pattern_length) pattern += "*a";
  pattern += "*b";
  const std::string host(max_host_length, 'a');
  EXPECT_FALSE(glob_matches(pattern, host));
}

}  // namespace
}  // namespace drawbridge::core
