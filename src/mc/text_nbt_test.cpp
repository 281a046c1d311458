#include "mc/text_nbt.hpp"

#include <gtest/gtest.h>

#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

Text json(std::string_view text) {
  return json_text(text).value();
}

// As NBT and back.
std::string there_and_back(std::string_view text, Version version = newest_known) {
  const auto back = text_from_nbt(to_nbt(json(text), version), Fault::backend);
  return back ? back->value : back.error().what;
}

ByteBuffer bytes_of(const Text& text, Version version = newest_known) {
  return wire_text(text, version).nbt.bytes;
}

TEST(TextNbt, WritesWhatTheGameWrites) {
  EXPECT_EQ(bytes_of(json(R"("hi")")), hex("08 0002 'hi'"));
  EXPECT_EQ(bytes_of(json(R"({"text":"hi","bold":true,"color":"red"})")),
            hex("0A 08 0004 'text' 0002 'hi' 01 0004 'bold' 01 08 0005 'color' 0003 'red' 00"));
  EXPECT_EQ(bytes_of(json(R"({"text":"","extra":["a",{"text":"b"}]})")),
            hex("0A 08 0004 'text' 0000 09 0005 'extra' 0A 00000002"
                "   08 0000 0001 'a' 00   08 0004 'text' 0001 'b' 00 00"));
  EXPECT_EQ(bytes_of(Text::legacy("§ahi")),
            hex("0A 08 0004 'text' 0002 'hi' 08 0005 'color' 0005 'green' 00"));
}

TEST(TextNbt, LosesNothingOnTheWay) {
  for (
      const std::string_view text : {
          R"("plain")",
          R"({"text":""})",
          R"({"text":"a","bold":true,"italic":false,"underlined":true})",
          R"({"translate":"chat.type.text","with":["a",{"text":"b"},["c",{"text":"d"}]]})",
          R"({"text":"","extra":["a","b"]})",
          R"({"text":"","extra":[{"text":"a"},{"text":"b","extra":[{"text":"c"}]}]})",
          R"(["a",{"text":"b"}])",
          R"({"translate":"%s","with":[1,"two",2.5E0]})",
          R"({"score":{"name":"a","objective":"b"},"shadow_color":-16777216})",
          R"({"text":"","shadow_color":[1E0,5E-1,0E0,1E0]})",
          R"({"text":"x","hover_event":{"action":"show_entity","id":"minecraft:pig","uuid":[1,-2,3,-4]}})",
          R"({"text":"big","n":9007199254740993,"l":[1,9007199254740993]})",
          R"({"text":"\u0000 é € 😀 §"})",
          R"({"":"odd key"})",
          R"([{"":"wrapped"},{"":"twice"}])",
          R"({"text":"none","extra":[],"o":{}})",
      }) {
    EXPECT_EQ(there_and_back(text), text);
  }
}

TEST(TextNbt, ReadsWhatServersWrite) {
  // Paper's and vanilla's: a list of ints for a UUID, a byte for a flag, shorts and floats in data.
  const auto nbt = parse_nbt(hex("0A 08 0004 'text' 0001 'a' 01 0006 'italic' 00"
                                 "09 0001 'u' 03 00000002 00000001 00000002"
                                 "02 0001 's' 0007 01 0001 'b' 01 00"),
                             newest_known, Fault::backend);
  ASSERT_TRUE(nbt);
  EXPECT_EQ(text_from_nbt(*nbt, Fault::backend)->value,
            R"({"text":"a","italic":false,"u":[1,2],"s":7,"b":1})");
}

TEST(TextNbt, ReadsLegacyCodesAndWritesThem) {
  const Text kicked = Text::legacy("§cNo §lway");
  const auto back = text_from_nbt(to_nbt(kicked, newest_known), Fault::backend);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_legacy(*back), "§cNo §c§lway");
  EXPECT_EQ(to_plain(*back), "No way");
}

TEST(TextNbt, RefusesWhatIsNoText) {
  EXPECT_FALSE(text_from_nbt(Nbt{}, Fault::backend));
  EXPECT_FALSE(text_from_nbt(Nbt{std::int32_t{1}}, Fault::backend));
  EXPECT_FALSE(text_from_nbt(Nbt{Nbt::List{}}, Fault::backend));
  Nbt deep{std::string("x")};
  for (int i = 0; i < 63; ++i) deep = Nbt{Nbt::Compound{{{"extra", deep}}}};
  EXPECT_TRUE(text_from_nbt(deep, Fault::backend));
  deep = Nbt{Nbt::Compound{{{"extra", deep}}}};
  EXPECT_FALSE(text_from_nbt(deep, Fault::backend));
}

TEST(TextNbt, LeavesOutWhatNbtCannotSay) {
  // NBT has no Booleans: outside of what a component says with them they are numbers.
  EXPECT_EQ(there_and_back(R"({"translate":"%s","with":[true]})"),
            R"({"translate":"%s","with":[1]})");
  EXPECT_EQ(there_and_back(R"({"text":"a","color":null})"), R"({"text":"a"})");
  EXPECT_EQ(to_nbt(json(R"({"text":"a","n":1e400})"), newest_known),
            (Nbt{Nbt::Compound{{{"text", Nbt{std::string("a")}}, {"n", Nbt{0.0}}}}}));
}

TEST(TextNbt, IsJsonOnTheWireBefore1_20_3) {
  const Text text = json(R"({"text":"a"})");
  for (const Version version : {v1_8, v1_20_2, v1_20_3}) {
    const WireText wire = wire_text(text, version);
    ByteBuffer out;
    Writer writer(out, version);
    text_field(writer, wire);
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ(out, version < v1_20_3 ? hex("0C '{\"text\":\"a\"}'")
                                     : hex("0A 08 0004 'text' 0001 'a' 00"));
    Reader reader(out, version);
    WireText read;
    text_field(reader, read);
    ASSERT_TRUE(reader.ok());
    EXPECT_EQ(read, wire);
    EXPECT_EQ(read_wire_text(read, version, Fault::backend)->value, text.value);
  }
}

TEST(TextNbt, RefusesBrokenTextsOfBackends) {
  EXPECT_FALSE(read_wire_text({.json = "{", .nbt = {}}, v1_8, Fault::backend));
  EXPECT_FALSE(read_wire_text({.json = "", .nbt = {hex("0A 08")}}, v1_21, Fault::backend));
  EXPECT_FALSE(read_wire_text({}, v1_21, Fault::backend));
}

TEST(TextNbt, SaysSomethingWhereATextIsBeyondItsForm) {
  const WireText wire = wire_text(Text::legacy(std::string(70'000, 'a')), newest_known);
  EXPECT_EQ(to_plain(read_wire_text(wire, newest_known, Fault::proxy).value()),
            std::string(256, 'a'));
}

}  // namespace
}  // namespace drawbridge::mc
