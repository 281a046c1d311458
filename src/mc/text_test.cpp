#include "mc/text.hpp"

#include <gtest/gtest.h>

namespace drawbridge::mc {
namespace {

std::string json_of(std::string legacy, Version version = newest_known) {
  return to_json(Text::legacy(std::move(legacy)), version);
}

TEST(Text, section_codes_become_components) {
  EXPECT_EQ(json_of(""), R"({"text":""})");
  EXPECT_EQ(json_of("plain"), R"({"text":"plain"})");
  EXPECT_EQ(json_of("§cred"), R"({"text":"red","color":"red"})");
  EXPECT_EQ(json_of("a§lb§4c§rd"), R"({"text":"","extra":[{"text":"a"},{"text":"b","bold":true},)"
                                   R"({"text":"c","color":"dark_red"},{"text":"d"}]})");
  EXPECT_EQ(json_of("§K§L§M§N§Oall"),
            R"({"text":"all","obfuscated":true,"bold":true,"strikethrough":true,)"
            R"("underlined":true,"italic":true})");
}

TEST(Text, quotes_and_line_breaks_are_escaped) {
  EXPECT_EQ(json_of("a\"b\\c\nd"), R"({"text":"a\"b\\c\nd"})");
  EXPECT_EQ(json_of("a\xFFz"), "{\"text\":\"a\xEF\xBF\xBDz\"}");
}

TEST(Text, other_colors_are_for_1_16_and_later) {
  EXPECT_EQ(json_of("§x§f§f§8§8§0§0warm", v1_16), R"({"text":"warm","color":"#ff8800"})");
  EXPECT_EQ(json_of("§x§f§f§8§8§0§0warm", v1_15_2), R"({"text":"warm","color":"gold"})");
  const Text json =
      json_text(R"(["",{"text":"a","color":"#5555f0"},{"text":"b","color":"red"}])").value();
  EXPECT_EQ(to_json(json, v1_16), json.value);
  EXPECT_EQ(to_json(json, v1_8), R"(["",{"text":"a","color":"blue"},{"text":"b","color":"red"}])");
}

TEST(Text, a_number_beyond_all_numbers_keeps_the_text_valid) {
  const Text json = json_text(R"({"text":"a","insertion":1e400})").value();
  for (const Version version : {v1_8, v1_20})
    EXPECT_TRUE(json_text(to_json(json, version)).has_value());
}

TEST(Text, broken_codes_are_dropped) {
  EXPECT_EQ(json_of("a§"), R"({"text":"a"})");
  EXPECT_EQ(json_of("§za"), R"({"text":"a"})");
  EXPECT_EQ(json_of("§x§f§f§8§8§0warm"),
            R"({"text":"warm","color":"black"})");  // five digits: the last colour wins
  EXPECT_EQ(json_of("§éa"), R"({"text":"éa"})");
}

TEST(Text, only_components_are_taken) {
  EXPECT_TRUE(json_text(R"("just words")").has_value());
  EXPECT_TRUE(
      json_text(R"({"text":"a","hoverEvent":{"action":"show_text","value":"b"}})").has_value());
  for (const char* bad : {"", "{", "7", "null", "[]", "{\"a\":}", "{\"text\":\"\xFF\"}"}) {
    EXPECT_FALSE(json_text(bad).has_value()) << bad;
  }
  EXPECT_TRUE(json_text("{").error().what.starts_with("not a JSON text component: "));
  EXPECT_FALSE(json_text("\"" + std::string(70'000, 'a') + "\"").has_value());
  EXPECT_FALSE(json_text(std::string(40, '[') + "1" + std::string(40, ']')).has_value());
}

TEST(Text, a_component_is_shown_to_old_clients_with_codes) {
  const auto shown = [](const char* json) { return to_legacy(json_text(json).value()); };
  EXPECT_EQ(
      shown(
          R"({"text":"a","color":"red","extra":["b",{"text":"c","bold":true},{"text":"d","color":"#00ab00"}]})"),
      "§cab§c§lc§2d");
  EXPECT_EQ(shown(R"([{"text":"a","italic":true},"b",{"text":"c","italic":false}])"), "§r§oab§rc");
  EXPECT_EQ(shown(R"({"translate":"multiplayer.disconnect.kicked","fallback":"Kicked"})"),
            "Kicked");
  EXPECT_EQ(shown(R"({"translate":"some.key"})"), "some.key");
  EXPECT_EQ(shown(R"({"text":"§aold","extra":["§lways"]})"), "§aold§r§lways");
  EXPECT_EQ(to_legacy(Text::legacy("plain §x§f§f§8§8§0§0warm")), "plain §6warm");
}

TEST(Text, plain_has_no_codes) {
  EXPECT_EQ(to_plain(Text::legacy("§a§lHello §x§1§2§3§4§5§6World§")), "Hello World");
  EXPECT_EQ(to_plain(json_text(R"({"text":"§aa","extra":[{"text":"b"}]})").value()), "ab");
}

TEST(Text, taking_a_code_out_makes_no_new_one) {
  const std::string plain =
      to_plain(Text::legacy("\xC2\xC2\xA7\xA7"
                            "cred"));
  EXPECT_EQ(plain.find("\u00A7"), std::string::npos);
}

TEST(Text, an_unreadable_component_is_shown_as_it_is) {
  const Text broken{Text::Form::json, "{not json"};
  EXPECT_EQ(to_json(broken, v1_8), R"({"text":"{not json"})");
  EXPECT_EQ(to_plain(broken), "{not json");
}

TEST(Expand, placeholders_get_their_values) {
  const Value values[] = {{"player", "Notch"}, {"max", "20"}};
  EXPECT_EQ(expand(Text::legacy("Hi {player}, {max} is the most."), values).value,
            "Hi Notch, 20 is the most.");
  EXPECT_EQ(expand(Text::legacy("in {eta}."), values).value, "in .")
      << "known, but without a value";
  EXPECT_EQ(expand(Text::legacy("{} { {x1} {nobody} {player"), values).value,
            "{} { {x1} {nobody} {player");
  EXPECT_EQ(expand(Text::legacy("{{player}}"), values).value, "{Notch}");
  const Text json{Text::Form::json, R"({"text":"{player}","extra":["{max}"]})"};
  EXPECT_EQ(expand(json, values).value, R"({"text":"Notch","extra":["20"]})");
}

TEST(Expand, values_bring_neither_codes_nor_json_nor_placeholders) {
  const Value values[] = {{"player", "§cEvil\"},{\\\n\xC2\xA7{max}\x7F"}, {"max", "20"}};
  EXPECT_EQ(expand(Text::legacy("<{player}>"), values).value, "<cEvil\"},{\\{max}>");
  const Text json = expand({Text::Form::json, R"({"text":"<{player}>"})"}, values);
  EXPECT_EQ(json.value, R"({"text":"<cEvil\"},{\\{max}>"})");
  EXPECT_TRUE(json_text(json.value).has_value());
}

TEST(Expand, an_open_section_sign_in_front_of_a_value_makes_no_code) {
  const Value values[] = {{"player", "kevin"}};
  EXPECT_EQ(expand(Text::legacy("§{player}"), values).value, "kevin");
  EXPECT_EQ(expand({Text::Form::json, R"("\u00a7{player}")"}, values).value, R"("kevin")");
}

TEST(Expand, bytes_that_are_not_utf8_do_not_spoil_the_text) {
  const Value values[] = {{"host", "a\xFF\xC2"}};
  const Text json = expand({Text::Form::json, R"("{host}")"}, values);
  EXPECT_TRUE(json_text(json.value).has_value()) << json.value;
}

}  // namespace
}  // namespace drawbridge::mc
