#include "config/toml.hpp"

#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

using testing::HasSubstr;

// The document as JSON without blanks, or its first error as "line:column message".
std::string read(std::string_view text) {
  const ParsedToml parsed = parse_toml(text);
  if (!parsed.errors.empty()) {
    const SyntaxError& first = parsed.errors[0];
    return std::to_string(first.line) + ":" + std::to_string(first.column) + " " + first.message;
  }
  std::string out;
  bool quoted = false;
  for (const char c : to_json(parsed.root)) {
    if (c == '"') quoted = !quoted;
    if (quoted || (c != ' ' && c != '\n')) out += c;
  }
  return out;
}

TEST(Toml, ScalarsOfAllKinds) {
  EXPECT_EQ(read("a = 1_000\nb = -17\nc = 0xDEAD_beef\nd = 0o755\ne = 0b11\nf = +0"),
            R"({"a":1000,"b":-17,"c":3735928559,"d":493,"e":3,"f":0})");
  EXPECT_EQ(read("a = 1.5\nb = -2e3\nc = 6.5E-1\nd = 1_0.0_1"),
            R"({"a":1.5,"b":-2000.0,"c":0.65,"d":10.01})");
  EXPECT_EQ(read("a = true\nb = false"), R"({"a":true,"b":false})");
  EXPECT_EQ(read("a = 1979-05-27\nb = 07:32:00.5\nc = 1979-05-27T07:32:00Z\nd = 1979-05-27 "
                 "07:32:00+01:00"),
            R"({"a":null,"b":null,"c":null,"d":null})");
}

TEST(Toml, StringsOfAllKinds) {
  EXPECT_EQ(read(R"(a = "x\u00e4\U0001F600\\")"), "{\"a\":\"x\xC3\xA4\xF0\x9F\x98\x80\\\\\"}");
  EXPECT_EQ(read(R"(a = 'C:\x')"), R"({"a":"C:\\x"})");
  EXPECT_EQ(read("a = \"\"\"\nx\n  y\\\n   z\"\"\""), R"({"a":"x\n  yz"})");
  EXPECT_EQ(read("a = '''\nit's'''"), R"({"a":"it's"})");
  EXPECT_EQ(parse_toml("a = \"\"\"x\"\"\"\"").root.find("a")->text, "x\"");
  EXPECT_EQ(parse_toml("a = \"\"\"\r\nx\r\ny\"\"\"").root.find("a")->text, "x\ny");
}

TEST(Toml, TablesOfAllKinds) {
  EXPECT_EQ(read("[a.b]\nx = 1\n[a]\ny = 2\n[a.c]"), R"({"a":{"b":{"x":1},"y":2,"c":{}}})");
  EXPECT_EQ(read("[[l]]\na = 1\n[[l]]\n[l.m]\nb = 2"), R"({"l":[{"a":1},{"m":{"b":2}}]})");
  EXPECT_EQ(read("a.b.c = 1\na.\"d e\" = 2"), R"({"a":{"b":{"c":1},"d e":2}})");
  EXPECT_EQ(read("a = { b = 1, c.d = [1, 2,\n # why\n 3,\n] }"),
            R"({"a":{"b":1,"c":{"d":[1,2,3]}}})");
  EXPECT_EQ(read("# only a comment\r\n\r\n"), "{}");
}

TEST(Toml, NothingIsDefinedTwice) {
  for (const std::string_view text :
       {"a = 1\na = 2", "[a]\n[a]", "a = 1\n[a]", "[a]\n[[a]]", "a = []\n[[a]]", "a = {}\n[a.b]",
        "a = {}\na.b = 1", "[a.b.c]\nz = 9\n[a]\nb.c.t = 1", "[a]\nb.c = 1\n[a.b]",
        "a = { b = 1, b = 2 }", "[[a.b]]\n[a]\nb.y = 2", "a.b = 1\na = 2", "'a' = 1\n\"a\" = 2"})
    EXPECT_THAT(read(text), HasSubstr("already set")) << text;
}

TEST(Toml, WhatIsNoTomlIsRefusedInWords) {
  EXPECT_EQ(read("a = ten"), R"(1:5 "ten" is no value; if it is a text, put it in quotes)");
  // A colour code without quotes, as in every second MOTD.
  EXPECT_EQ(read("ok = 1\ntext = \xC2\xA7"
                 "cHello"),
            "2:8 expected a value, found \"\xC2\xA7\"; texts need quotes");
  EXPECT_EQ(read("a ="), "1:4 the value is missing");
  EXPECT_EQ(read(R"(a = ["x" "y"])"),
            R"(1:10 expected "," or "]" in the list of line 1, found a quotation mark)");
  EXPECT_EQ(read("a 1"), R"(1:3 expected "=" after the key "a", found "1")");
  EXPECT_EQ(read("m\xC3\xBC = 1"), "1:2 expected \"=\" after the key \"m\", found \"\xC3\xBC\"");
  EXPECT_EQ(read("a = \"x"), R"(1:5 the string that begins here has no closing ")");
  EXPECT_EQ(read("a = \"\"\"x\n\n"), "1:5 the string that begins here never ends");
  EXPECT_EQ(read("a = [1,\n2"), "1:5 the list that begins here never ends");
  EXPECT_EQ(read("a = [1\nb = 2"), R"(1:5 the list that begins here has no closing "]")");
  EXPECT_EQ(read("a = [1 2]"), R"(1:8 expected "," or "]" in the list of line 1, found "2")");
  EXPECT_EQ(read("a = { b = 1\n}"), "1:12 a table in braces must end on its line");
  EXPECT_EQ(read("a = 1 b = 2"), R"(1:7 expected the end of the line, found "b")");
  EXPECT_EQ(read("[a"), R"(1:3 expected "]", found the end of the file)");
  EXPECT_EQ(read("x = 1\n\xFF"), "2:0 is not UTF-8; save the file in that encoding");
}

TEST(Toml, MalformedScalarsAreRefused) {
  for (const std::string_view text : {"01",
                                      "1_",
                                      "_1",
                                      "1__0",
                                      "0x",
                                      "0xg",
                                      "0b2",
                                      "0o8",
                                      "+0x1",
                                      "1.",
                                      ".5",
                                      "1.e1",
                                      "1e",
                                      "- 1",
                                      "--1",
                                      "+",
                                      "tru",
                                      "True",
                                      "9223372036854775808",
                                      "1979-5-27",
                                      "07:32",
                                      "1979-05-27T",
                                      "07:32:00.",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\ud800\"",
                                      "\"\\U00110000\"",
                                      "\"\x01\"",
                                      "'\x7F'",
                                      "{a=1,}",
                                      "{,}",
                                      "[,]",
                                      "[1,,2]",
                                      "11_e5",
                                      "0b_11"})
    EXPECT_FALSE(parse_toml("a = " + std::string(text)).errors.empty()) << text;
  for (const std::string_view text :
       {"= 1", "a.", ".a = 1", "a..b = 1", "[]", "[[]]", "[a]]", "[[a]", "[ [a]]", "[a] b = 1",
        "\"\"\"a\"\"\" = 1", "a = 1 # \x01", "a\n= 1", "a = \n1", "[[ [["})
    EXPECT_FALSE(parse_toml(text).errors.empty()) << text;
}

TEST(Toml, GoesOnAfterAnError) {
  const ParsedToml parsed = parse_toml("a = ten\nb = 1\nc = [1\nd = 2\ne = \"x\nf = 3");
  ASSERT_EQ(parsed.errors.size(), 3u);
  EXPECT_EQ(parsed.errors[1].line, 3);
  EXPECT_EQ(parsed.errors[2].line, 5);
  for (const std::string_view key : {"b", "d", "f"})
    EXPECT_NE(parsed.root.find(key), nullptr) << key;
  EXPECT_TRUE(parsed.usable);
}

TEST(Toml, ALostHeaderMakesTheRestUseless) {
  const ParsedToml parsed = parse_toml("a = 1\n[b\nc = 1\nc = ten");
  EXPECT_FALSE(parsed.usable);
  EXPECT_EQ(parsed.errors.size(), 2u);
  EXPECT_EQ(parsed.root.find("c"), nullptr);
}

TEST(Toml, PlacesCountCharacters) {
  const ParsedToml parsed = parse_toml("x = 1\n[t]\n  \"\xC3\xA4\" = 'v' # c\n");
  const Node& node = parsed.root.find("t")->children.at(0);
  EXPECT_EQ(node.key_line, 3);
  EXPECT_EQ(node.key_column, 3);
  EXPECT_EQ(node.line, 3);
  EXPECT_EQ(node.column, 9);
}

// Each place is counted on from the one before: a column that was counted from the line's start at
// every value would make this test run for minutes.
TEST(Toml, OneLongLineIsReadAsFastAsManyShortOnes) {
  std::string line = "a = [";
  for (int i = 0; i < 200'000; ++i) line += "'\xC3\xA9',";
  const ParsedToml parsed = parse_toml(line + "]\nb = 1");
  ASSERT_TRUE(parsed.errors.empty());
  const Node& list = *parsed.root.find("a");
  ASSERT_EQ(list.children.size(), 200'000U);
  EXPECT_EQ(list.children[0].column, 6);
  EXPECT_EQ(list.children[1].column, 10);
  EXPECT_EQ(list.children[199'999].column, 6 + 4 * 199'999);
  EXPECT_EQ(parsed.root.find("b")->column, 5);
  EXPECT_EQ(parsed.root.find("b")->line, 2);
}

TEST(Toml, SizesHaveAnEnd) {
  const std::string deep(100'000, '[');
  EXPECT_FALSE(parse_toml("a = " + deep).errors.empty());
  std::string dots = "a";
  for (int i = 0; i < 1000; ++i) dots += ".a";
  EXPECT_FALSE(parse_toml(dots + " = 1").errors.empty());
  std::string many;
  for (int i = 0; i < 4'001; ++i) many += "k" + std::to_string(i) + " = 1\n";
  EXPECT_THAT(read(many), HasSubstr("too many keys"));
  std::string bad;
  for (int i = 0; i < 1000; ++i) bad += "=\n";
  EXPECT_LE(parse_toml(bad).errors.size(), 50u);
}

TEST(TomlValue, IsExactlyOne) {
  Node node;
  EXPECT_TRUE(parse_toml_value(" [1, 'a'] ", node));
  EXPECT_EQ(to_toml(node), "[1, \"a\"]");
  for (const std::string_view text : {"", "1 2", "1\nb = 2", "x", "30s", "[1", "1 # c"})
    EXPECT_FALSE(parse_toml_value(text, node)) << text;
}

TEST(Tree, WritesWhatItReads) {
  const std::string_view text =
      R"({ a = "x\"\\\n", "b c" = [1, 2.0, true, {}], d = { e = -1.5 } })";
  Node node;
  ASSERT_TRUE(parse_toml_value(text, node));
  EXPECT_EQ(to_toml(node), text);
  const auto json = parse_json(to_json(node));
  ASSERT_TRUE(json);
  EXPECT_EQ(to_toml(*json), text);
  EXPECT_FALSE(parse_json("{"));
}

}  // namespace
}  // namespace drawbridge::config
