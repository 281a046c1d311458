#include "core/auth/name_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace drawbridge::core {
namespace {

using config::NameRule;

TEST(NameRules, strict_takes_names_that_accounts_have) {
  for (const std::string_view good : {"abc", "Steve", "_x_", "0123456789abcdef", "ZZZ"})
    EXPECT_TRUE(is_allowed_name(good, NameRule::strict)) << good;
  for (const std::string_view bad : {"", "ab", "0123456789abcdefg", "a b", "a-b", "a.b", ".Steve",
                                     "Stev\xc3\xa9", "a\x01z", "a@z", "a[z", "a`z", "a{z", "a/z"})
    EXPECT_FALSE(is_allowed_name(bad, NameRule::strict)) << bad;
}

TEST(NameRules, lax_takes_what_servers_take) {
  for (const std::string_view good : {"a", "ab", ".Steve", "a-b", "!~", "0123456789abcdef"})
    EXPECT_TRUE(is_allowed_name(good, NameRule::lax)) << good;
  for (const std::string_view bad :
       {"", "0123456789abcdefg", "a b", "a\tb", "a\x7f", "Stev\xc3\xa9"})
    EXPECT_FALSE(is_allowed_name(bad, NameRule::lax)) << bad;
}

}  // namespace
}  // namespace drawbridge::core
