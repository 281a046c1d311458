#include "mc/json_object.hpp"

#include <gtest/gtest.h>

namespace drawbridge::mc {
namespace {

TEST(JsonObject, values_stay_as_they_were_written) {
  const std::string text =
      R"({"a":1.50,"b":1e400,"c":{"}":"]\"","x":[{},[1,2]]},"d":"\u00e9,:","e":null,"f":[]})";
  EXPECT_EQ(JsonObject(text).text(), text);
  EXPECT_EQ(JsonObject(" { \"a\" : [ 1 , 2 ] ,\n\"b\":true } ").text(),
            R"({"a":[ 1 , 2 ],"b":true})");
  EXPECT_EQ(JsonObject("{}").text(), "{}");
  EXPECT_EQ(JsonObject("[1]").text(), "{}");
}

TEST(JsonObject, a_member_is_replaced_in_its_place) {
  JsonObject object(R"({"a":1,"b":2,"c":3})");
  object.set("b", "[0]");
  object.set_text("d", "q\"");
  EXPECT_EQ(object.text(), R"({"a":1,"b":[0],"c":3,"d":"q\""})");
  object.erase("a");
  EXPECT_EQ(object.find("a"), nullptr);
  EXPECT_EQ(*object.find("c"), "3");
}

TEST(JsonObject, names_may_be_escaped_and_repeated) {
  JsonObject object(R"({"a":1,"\u0061":2,"b":3,"a":4})");
  EXPECT_EQ(object.text(), R"({"b":3,"a":4})");
  JsonObject escaped(R"({"\u0061":2})");
  escaped.set("a", "7");
  EXPECT_EQ(escaped.text(), R"({"\u0061":7})");
}

}  // namespace
}  // namespace drawbridge::mc
