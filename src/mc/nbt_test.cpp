#include "mc/nbt.hpp"

#include <gtest/gtest.h>

#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

using Tag = Nbt::Tag;

// One of each tag, as a nameless root.
const ByteBuffer every_tag =
    hex("0A"
        "01 0001 'a' FF"
        "02 0001 'b' FFFE"
        "03 0001 'c' 00000003"
        "04 0001 'd' 0000000000000004"
        "05 0001 'e' 3F800000"
        "06 0001 'f' 3FF8000000000000"
        "07 0001 'g' 00000002 01FF"
        "08 0001 'h' 0002 'hi'"
        "09 0001 'i' 0A 00000002 0100017805 00 00"
        "0A 0001 'j' 00"
        "0B 0001 'k' 00000001 00000007"
        "0C 0001 'l' 00000001 0000000000000008"
        "00");

ByteBuffer written(const Nbt& nbt, Version version = newest_known) {
  ByteBuffer out;
  Writer writer(out, version);
  write_nbt(writer, nbt);
  EXPECT_TRUE(writer.ok()) << writer.why();
  return out;
}

std::string_view fault_of(ByteView bytes) {
  Reader skipping(bytes);
  skip_nbt(skipping);
  Reader reading(bytes);
  read_nbt(reading);
  EXPECT_EQ(skipping.why(), reading.why());
  return skipping.why();
}

TEST(Nbt, ReadsAndWritesEveryTag) {
  const auto read = parse_nbt(every_tag, newest_known, Fault::client);
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->tag(), Tag::compound);
  const auto& root = std::get<Nbt::Compound>(read->value);
  ASSERT_EQ(root.members.size(), 12U);
  EXPECT_EQ(root.find("a")->value, Nbt{std::int8_t{-1}}.value);
  EXPECT_EQ(*root.find("b"), Nbt{std::int16_t{-2}});
  EXPECT_EQ(*root.find("c"), Nbt{std::int32_t{3}});
  EXPECT_EQ(*root.find("d"), Nbt{std::int64_t{4}});
  EXPECT_EQ(*root.find("e"), Nbt{1.0F});
  EXPECT_EQ(*root.find("f"), Nbt{1.5});
  EXPECT_EQ(*root.find("g"), (Nbt{std::vector<std::int8_t>{1, -1}}));
  EXPECT_EQ(*root.find("h"), Nbt{std::string("hi")});
  const auto& list = std::get<Nbt::List>(root.find("i")->value);
  EXPECT_EQ(list.of, Tag::compound);
  EXPECT_EQ(list.items.size(), 2U);
  EXPECT_EQ(*root.find("k"), (Nbt{std::vector<std::int32_t>{7}}));
  EXPECT_EQ(*root.find("l"), (Nbt{std::vector<std::int64_t>{8}}));
  EXPECT_EQ(root.find("m"), nullptr);
  EXPECT_EQ(written(*read), every_tag);
}

TEST(Nbt, HasANamedRootBefore1_20_2) {
  const ByteBuffer named = hex("0A 0000 01 0001 'a' 01 00");
  const ByteBuffer nameless = hex("0A 01 0001 'a' 01 00");
  const auto old = parse_nbt(named, v1_20, Fault::client);
  const auto now = parse_nbt(nameless, v1_20_2, Fault::client);
  ASSERT_TRUE(old && now);
  EXPECT_EQ(*old, *now);
  EXPECT_EQ(written(*old, v1_20), named);
  EXPECT_EQ(written(*now, v1_20_2), nameless);
  EXPECT_FALSE(parse_nbt(nameless, v1_20, Fault::client));
  EXPECT_FALSE(parse_nbt(named, v1_20_2, Fault::client));
}

TEST(Nbt, MayBeNothingOrNoCompound) {
  EXPECT_EQ(parse_nbt(hex("00"), v1_16, Fault::client)->tag(), Tag::end);
  EXPECT_EQ(parse_nbt(hex("00"), v1_21, Fault::client)->tag(), Tag::end);
  EXPECT_EQ(*parse_nbt(hex("08 0002 'hi'"), v1_21, Fault::client), Nbt{std::string("hi")});
  EXPECT_EQ(written(Nbt{}, v1_16), hex("00"));
}

TEST(Nbt, StopsAtItsEnd) {
  const ByteBuffer bytes = every_tag + hex("2A");
  Reader reader(bytes);
  skip_nbt(reader);
  std::uint8_t next = 0;
  reader.u8(next);
  EXPECT_EQ(next, 0x2A);
  EXPECT_FALSE(parse_nbt(bytes, newest_known, Fault::client));
}

TEST(Nbt, RefusesWhatEndsTooEarly) {
  for (std::size_t size = 0; size < every_tag.size(); ++size) {
    EXPECT_NE(fault_of(ByteView(every_tag).first(size)), "") << size;
  }
}

TEST(Nbt, RefusesUnknownTags) {
  EXPECT_EQ(fault_of(hex("0D")), "an unknown NBT tag");
  EXPECT_EQ(fault_of(hex("0A 0D 0001 'a'")), "an unknown NBT tag");
  EXPECT_EQ(fault_of(hex("09 FF 00000000")), "an unknown NBT tag");
}

TEST(Nbt, BelievesNoCountWithoutBytes) {
  constexpr std::string_view why = "an NBT length is beyond what is there";
  EXPECT_EQ(fault_of(hex("07 7FFFFFFF 00")), why);
  EXPECT_EQ(fault_of(hex("0B 7FFFFFFF 00")), why);
  EXPECT_EQ(fault_of(hex("0C FFFFFFFF 00")), why);
  EXPECT_EQ(fault_of(hex("09 0A 00000003 0000")), why);
  EXPECT_EQ(fault_of(hex("09 09 00000002 000000000000000000")), why);
  EXPECT_EQ(fault_of(hex("09 00 00000001 0000")), "an NBT list without a tag");
  EXPECT_EQ(fault_of(hex("09 00 00000000")), "");
}

ByteBuffer nested(int levels, std::string_view open, std::string_view close) {
  ByteBuffer out = hex("0A");
  for (int i = 1; i < levels; ++i) out = out + hex(open);
  for (int i = 0; i < levels; ++i) out = out + hex(close);
  return out;
}

TEST(Nbt, IsAsDeepAsTheGameAllows) {
  EXPECT_EQ(fault_of(nested(max_nbt_depth, "0A 0000", "00")), "");
  EXPECT_EQ(fault_of(nested(max_nbt_depth + 1, "0A 0000", "00")), "NBT is too deep");
  const auto deep = parse_nbt(nested(max_nbt_depth, "0A 0000", "00"), newest_known, Fault::client);
  ASSERT_TRUE(deep);
  ByteBuffer out;
  Writer writer(out);
  write_nbt(writer, Nbt{Nbt::List{Tag::compound, {*deep}}});
  EXPECT_EQ(writer.why(), "NBT is too deep");
}

TEST(Nbt, HasABoundedNumberOfValues) {
  // Empty compounds: one byte each on the wire.
  ByteBuffer bytes = hex("09 0A 0001FFFF");
  bytes.resize(bytes.size() + 0x1FFFF);
  EXPECT_TRUE(parse_nbt(bytes, newest_known, Fault::client));
  bytes = hex("09 0A 00020000");
  bytes.resize(bytes.size() + 0x20000);
  EXPECT_FALSE(parse_nbt(bytes, newest_known, Fault::client));
  Reader reader(bytes);
  skip_nbt(reader);
  EXPECT_TRUE(reader.ok());
}

TEST(Nbt, HasABoundedSize) {
  Reader reader(every_tag);
  skip_nbt(reader, every_tag.size() - 1);
  EXPECT_FALSE(reader.ok());
  Reader again(every_tag);
  skip_nbt(again, every_tag.size());
  EXPECT_TRUE(again.ok());
}

TEST(Nbt, WritesNothingThatTheGameRefuses) {
  const auto why = [](const Nbt& nbt) {
    ByteBuffer out;
    Writer writer(out);
    write_nbt(writer, nbt);
    return std::string(writer.why());
  };
  EXPECT_NE(why(Nbt{Nbt::List{Tag::i8, {Nbt{std::int16_t{1}}}}}), "");
  EXPECT_NE(why(Nbt{Nbt::List{Tag::end, {Nbt{}}}}), "");
  EXPECT_NE(why(Nbt{Nbt::Compound{{{"a", Nbt{}}}}}), "");
  EXPECT_NE(why(Nbt{std::string(65'536, 'a')}), "");
  EXPECT_EQ(why(Nbt{std::string(65'535, 'a')}), "");
}

TEST(Nbt, SetReplacesOrAppends) {
  Nbt::Compound compound{{{"a", Nbt{std::int8_t{1}}}, {"b", Nbt{std::int8_t{2}}}}};
  compound.set("a", Nbt{std::string("x")});
  compound.set("c", Nbt{std::int8_t{3}});
  EXPECT_EQ(compound, (Nbt::Compound{{{"a", Nbt{std::string("x")}},
                                      {"b", Nbt{std::int8_t{2}}},
                                      {"c", Nbt{std::int8_t{3}}}}}));
}

TEST(Nbt, PassesRawValuesOnAsTheyCame) {
  const ByteBuffer bytes = every_tag + hex("01");
  Reader reader(bytes);
  RawNbt raw;
  nbt_field(reader, raw);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(raw.bytes, every_tag);
  EXPECT_EQ(reader.left(), 1U);

  Reader short_reader(ByteView(bytes).first(5));
  nbt_field(short_reader, raw);
  EXPECT_FALSE(short_reader.ok());

  ByteBuffer out;
  Writer writer(out);
  nbt_field(writer, raw);
  EXPECT_EQ(out, every_tag);
  nbt_field(writer, RawNbt{});
  EXPECT_FALSE(writer.ok());
}

TEST(Nbt, TextsAreModifiedUtf8) {
  const std::string utf8 = std::string("a\0", 2) + "\u00e9\u20ac\U0001F600";
  const std::string modified = "a\xC0\x80\xC3\xA9\xE2\x82\xAC\xED\xA0\xBD\xED\xB8\x80";
  EXPECT_EQ(modified_from_utf8(utf8), modified);
  EXPECT_EQ(utf8_from_modified(modified), utf8);
  EXPECT_EQ(utf8_from_modified("\U0001F600"), "\U0001F600");  // from those who write real UTF-8
  EXPECT_EQ(utf8_from_modified("\xED\xA0\xBDx"), "\uFFFDx");  // half a pair
  EXPECT_EQ(utf8_from_modified("\xED\xB8\x80x"), "\uFFFDx");
  EXPECT_EQ(utf8_from_modified("\xFFx"), "\uFFFDx");
  EXPECT_EQ(modified_from_utf8("\xFFx"), "\uFFFDx");
}

}  // namespace
}  // namespace drawbridge::mc
