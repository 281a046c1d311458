#include "config/list_edit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drawbridge::config {
namespace {

using ::testing::HasSubstr;

std::string with(std::string_view text, std::string_view entry) {
  const auto out = with_entry(text, "permissions", "admins", entry);
  return out ? *out : "error: " + out.error().what;
}
std::string without(std::string_view text, std::string_view entry) {
  const auto out = without_entry(text, "permissions", "admins", entry);
  return out ? *out : "error: " + out.error().what;
}

TEST(ListEdit, ALineGrows) {
  EXPECT_EQ(with("[permissions]\nadmins = [\"A\"] # us\n", "B"),
            "[permissions]\nadmins = [\"A\", \"B\"] # us\n");
  EXPECT_EQ(with("permissions.admins = [ 'A', ]\nbind = \"[::]:25565\"\n", "B"),
            "permissions.admins = [ 'A', \"B\", ]\nbind = \"[::]:25565\"\n");
  EXPECT_EQ(with("permissions.admins = [\"ü\", \"A\"]", "B"),
            "permissions.admins = [\"ü\", \"A\", \"B\"]");
  EXPECT_EQ(with("permissions = { admins = [] }\n", "B"), "permissions = { admins = [\"B\"] }\n");
}

TEST(ListEdit, AListOfLinesGetsALine) {
  EXPECT_EQ(
      with("[permissions]\nadmins = [\n  \"A\", # \"the\" boss ]\n  \"ü\" # no comma\n]\n", "B"),
      "[permissions]\nadmins = [\n  \"A\", # \"the\" boss ]\n  \"ü\", # no comma\n  \"B\"\n]\n");
  EXPECT_EQ(with("permissions.admins = [\n\t\"A\",\n]\n", "B"),
            "permissions.admins = [\n\t\"A\",\n\t\"B\",\n]\n");
}

TEST(ListEdit, WhatIsMissingIsMade) {
  EXPECT_EQ(with("", "B"), "[permissions]\nadmins = [\"B\"]\n");
  EXPECT_EQ(with("a = 1", "B"), "a = 1\n\n[permissions]\nadmins = [\"B\"]\n");
  EXPECT_EQ(with("[permissions] # who\nprovider = \"builtin\"\n[ban]\nfile = \"b\"\n", "B"),
            "[permissions] # who\nadmins = [\"B\"]\nprovider = \"builtin\"\n[ban]\nfile = \"b\"\n");
  EXPECT_EQ(with("[permissions]", "B"), "[permissions]\nadmins = [\"B\"]\n");
  EXPECT_EQ(with("permissions.provider = \"builtin\"\n[ban]\nfile = \"b\"\n", "B"),
            "permissions.admins = [\"B\"]\npermissions.provider = \"builtin\"\n[ban]\nfile = "
            "\"b\"\n");
}

TEST(ListEdit, AnEntryGoes) {
  EXPECT_EQ(without("permissions.admins = [\"A\", \"B\", \"C\"]\n", "B"),
            "permissions.admins = [\"A\", \"C\"]\n");
  EXPECT_EQ(without("permissions.admins = [\"A\"]\n", "A"), "permissions.admins = []\n");
  EXPECT_EQ(without("permissions.admins = [\n  \"A\", # boss\n  \"B\"\n]\n", "B"),
            "permissions.admins = [\n  \"A\", # boss\n]\n");
  EXPECT_EQ(without("permissions.admins = [\n  \"B\",\n  \"A\", # boss\n]\n", "B"),
            "permissions.admins = [\n  \"A\", # boss\n]\n");
  EXPECT_EQ(without("permissions.admins = [\"A\"]\n", "nobody"), "permissions.admins = [\"A\"]\n");
}

TEST(ListEdit, WhatCannotBeHadLeavesTheFile) {
  EXPECT_THAT(with("permissions = { provider = \"builtin\" }\n", "B"), HasSubstr("by hand"));
  EXPECT_THAT(with("[permissions]\nadmins = [\"\"\"A\"\"\"]\n", "B"), HasSubstr("by hand"));
  EXPECT_THAT(with("[permissions]\nadmins = \"A\"\n", "B"), HasSubstr("by hand"));
  EXPECT_THAT(with("text = \"\"\"\n[permissions]\n\"\"\"\n", "B"), HasSubstr("by hand"));
  EXPECT_THAT(with("[permissions\n", "B"), HasSubstr("line 1"));
}

}  // namespace
}  // namespace drawbridge::config
