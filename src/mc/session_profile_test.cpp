#include "mc/session_profile.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace drawbridge::mc {
namespace {

TEST(SessionProfile, IsReadWithItsSkin) {
  const auto profile = read_session_profile(
      R"({"id":"4566e69fc90748ee8d71d7ba5aa00d20","name":"Thinkofdeath","properties":[)"
      R"({"name":"textures","value":"eyJ0","signature":"c2ln"},{"name":"other","value":""}],)"
      R"("profileActions":[]})");
  ASSERT_TRUE(profile) << profile.error().what;
  EXPECT_EQ(profile->uuid.text(), "4566e69f-c907-48ee-8d71-d7ba5aa00d20");
  EXPECT_EQ(profile->name, "Thinkofdeath");
  ASSERT_EQ(profile->properties.size(), 2U);
  EXPECT_EQ(profile->properties[0],
            (Property{.name = "textures", .value = "eyJ0", .signature = "c2ln"}));
  EXPECT_EQ(profile->properties[1],
            (Property{.name = "other", .value = "", .signature = std::nullopt}));
}

TEST(SessionProfile, NeedsNoProperties) {
  for (const std::string_view json :
       {R"({"id":"4566e69f-c907-48ee-8d71-d7ba5aa00d20","name":"a"})",
        R"({"id":"4566e69fc90748ee8d71d7ba5aa00d20","name":"a","properties":null})",
        R"({"id":"4566e69fc90748ee8d71d7ba5aa00d20","name":"a","properties":[]})"}) {
    const auto profile = read_session_profile(json);
    ASSERT_TRUE(profile) << json;
    EXPECT_TRUE(profile->properties.empty());
  }
}

TEST(SessionProfile, RefusesWhatIsNone) {
  const std::string id = R"("id":"4566e69fc90748ee8d71d7ba5aa00d20")";
  const std::string named = "{" + id + R"(,"name":"a",)";
  std::string many = named + R"("properties":[)";
  for (std::size_t i = 0; i <= max_profile_properties; ++i)
    many += fmt::format("{}{{\"name\":\"n\",\"value\":\"v\"}}", i == 0 ? "" : ",");
  const std::string long_value = named + R"("properties":[{"name":"n","value":")" +
                                 std::string(max_string + 1, 'x') + R"("}]})";
  for (const std::string& bad :
       {std::string(), std::string("<html>"), std::string("[]"), std::string("null"),
        std::string("{}"), "{" + id + "}", "{" + id + R"(,"name":""})",
        "{" + id + R"(,"name":"seventeen_letters"})", "{" + id + R"(,"name":7})",
        std::string(R"({"id":"4566","name":"a"})"), named + R"("properties":{}})",
        named + R"("properties":[1]})", named + R"("properties":[{"name":"n"}]})", many + "]}",
        long_value, named + R"("x":[[[[[[[[[[1]]]]]]]]]]})"}) {
    EXPECT_FALSE(read_session_profile(bad)) << bad.substr(0, 80);
  }
}

}  // namespace
}  // namespace drawbridge::mc
