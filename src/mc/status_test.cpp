#include "mc/status.hpp"

#include <gtest/gtest.h>

#include "mc/frame.hpp"
#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

using namespace std::string_literals;

// What a Forge server of 1.20.1 answers, shortened: fields that only mods know, in an order of
// their own.
const std::string forge_status =
    R"({"zeta":[1,{"b":2,"a":1}],"description":{"text":"A Minecraft Server"},"players":{"max":20,"online":2,)"
    R"("sample":[{"name":"jeb_","id":"853c80ef-3c37-49fd-aa49-938b674adae6"}],"extra":true},)"
    R"("version":{"name":"1.20.1","protocol":763,"vendor":"x"},"favicon":"data:image/png;base64,AAAA",)"
    R"("forgeData":{"channels":[],"mods":[],"truncated":false,"fmlNetworkVersion":3},"enforcesSecureChat":true,)"
    R"("isModded":true})";

Status sample_status() {
  Status status;
  status.version_name = "drawbridge";
  status.protocol = 763;
  status.online = 3;
  status.max = 20;
  status.description = Text::legacy("§aHello");
  return status;
}

std::string first_frame_text(const ByteBuffer& bytes) {
  const auto frame = next_frame(bytes, max_status_response_body).value();
  return std::string(read_status_response(frame.value().body).value());
}

TEST(Status, our_own_answer) {
  EXPECT_EQ(status_json(sample_status(), v1_20),
            R"({"version":{"name":"drawbridge","protocol":763},"players":{"max":20,"online":3},)"
            R"("description":{"text":"Hello","color":"green"}})");
  Status with_picture = sample_status();
  with_picture.favicon = "data:image/png;base64,AAAA";
  EXPECT_TRUE(
      status_json(with_picture, v1_20).ends_with(R"("favicon":"data:image/png;base64,AAAA"})"));
}

TEST(Status, an_answer_that_a_client_would_not_read_loses_its_picture) {
  Status status = sample_status();
  status.favicon = std::string(33'000, 'A');
  EXPECT_EQ(status_json(status, v1_20), status_json(sample_status(), v1_20));
}

TEST(Status, facts_of_a_backends_answer) {
  const StatusFacts facts = read_status(forge_status).value();
  EXPECT_EQ(facts.version_name, "1.20.1");
  EXPECT_EQ(facts.protocol, 763);
  EXPECT_EQ(facts.online, 2);
  EXPECT_EQ(facts.max, 20);
  EXPECT_EQ(to_plain(facts.description), "A Minecraft Server");
  EXPECT_EQ(facts.favicon, "data:image/png;base64,AAAA");
  EXPECT_FALSE(facts.is_legacy);
}

TEST(Status, fields_of_a_wrong_type_are_as_good_as_missing) {
  const StatusFacts facts =
      read_status(
          R"({"version":7,"players":{"max":"many","online":20.0},"description":"words","favicon":1})")
          .value();
  EXPECT_EQ(facts.version_name, "");
  EXPECT_EQ(facts.protocol, -1);
  EXPECT_EQ(facts.max, 0);
  EXPECT_EQ(facts.online, 20);
  EXPECT_EQ(to_plain(facts.description), "words");
  EXPECT_EQ(
      read_status(R"({"players":{"max":18446744073709551615,"online":-9223372036854775808}})")->max,
      2147483647);
}

TEST(Status, what_is_no_status_is_refused) {
  for (const std::string& bad : {""s, "[]"s, "{"s, "7"s, "{} x"s, std::string(100, '[')}) {
    EXPECT_FALSE(read_status(bad).has_value()) << bad;
    EXPECT_FALSE(overlay_status(bad, {}, v1_20).has_value()) << bad;
  }
  EXPECT_EQ(read_status("{").error().fault, Fault::backend);
  const std::string deep = R"({"a":)" + std::string(70, '[') + std::string(70, ']') + "}";
  EXPECT_FALSE(read_status(deep).has_value());
  EXPECT_FALSE(read_status(R"({"a":")" + std::string(max_status_json, 'a') + R"("})").has_value());
}

TEST(StatusOverlay, nothing_set_changes_nothing) {
  EXPECT_EQ(overlay_status(forge_status, {}, v1_20).value(), forge_status);
}

TEST(StatusOverlay, numbers_that_no_parser_can_hold_go_through) {
  const std::string odd =
      R"({"x":[1.50,1e400,123456789012345678901234567890],"players":{"max":1e2,"online":-0.0}})";
  EXPECT_EQ(overlay_status(odd, {}, v1_20).value(), odd);
}

TEST(StatusOverlay, unknown_fields_and_the_order_survive) {
  StatusOverlay overlay;
  overlay.description = Text::legacy("ours");
  overlay.favicon = "data:image/png;base64,BBBB";
  overlay.version_name = "drawbridge";
  overlay.protocol = 47;
  overlay.max = 500;
  std::string expected = forge_status;
  for (const auto& [from, to] :
       {std::pair{R"({"text":"A Minecraft Server"})"s, R"({"text":"ours"})"s},
        std::pair{"AAAA"s, "BBBB"s},
        std::pair{R"("1.20.1","protocol":763)"s, R"("drawbridge","protocol":47)"s},
        std::pair{R"("max":20)"s, R"("max":500)"s}}) {
    ASSERT_NE(expected.find(from), std::string::npos);
    expected.replace(expected.find(from), from.size(), to);
  }
  EXPECT_EQ(overlay_status(forge_status, overlay, v1_20).value(), expected);
}

TEST(StatusOverlay, an_absent_backend_has_no_players) {
  StatusOverlay overlay;
  overlay.no_players = true;
  overlay.favicon = "";
  std::string expected = forge_status;
  for (const std::string& gone :
       {R"(,"sample":[{"name":"jeb_","id":"853c80ef-3c37-49fd-aa49-938b674adae6"}])"s,
        R"("favicon":"data:image/png;base64,AAAA",)"s}) {
    expected.erase(expected.find(gone), gone.size());
  }
  expected.replace(expected.find(R"("online":2)"), 10, R"("online":0)");
  EXPECT_EQ(overlay_status(forge_status, overlay, v1_20).value(), expected);
}

TEST(StatusOverlay, missing_objects_are_made) {
  StatusOverlay overlay;
  overlay.max = 20;
  overlay.version_name = "x";
  EXPECT_EQ(overlay_status(R"({"players":null})", overlay, v1_20).value(),
            R"({"players":{"max":20,"online":0},"version":{"name":"x"}})");
}

// Frames of the protocol's description on minecraft.wiki.
TEST(StatusFrames, golden_bytes) {
  EXPECT_EQ(status_request_frame(), hex("01 00"));
  EXPECT_EQ(status_response_frame("{}"), hex("04 00 02 '{}'"));
  EXPECT_EQ(ping_frame(0x1'0000'0002), hex("09 01 0000000100000002"));
  EXPECT_EQ(pong_frame(-1), hex("09 01 ffffffffffffffff"));
  EXPECT_EQ(first_frame_text(status_response_frame(forge_status)), forge_status);
}

TEST(StatusFrames, a_backends_answers_are_checked) {
  EXPECT_FALSE(read_status_response(hex("01 02 '{}'")).has_value());
  EXPECT_FALSE(read_status_response(hex("00 03 '{}'")).has_value());
  EXPECT_EQ(read_pong(hex("01 0000000100000002")).value(), 0x1'0000'0002);
  EXPECT_FALSE(read_pong(hex("01 00000001")).has_value());
  EXPECT_FALSE(read_pong(hex("00 0000000100000002")).has_value());
}

TEST(StatusPackets, infrarust_12_request_and_ping_in_one_segment) {
  const ByteBuffer all = hex("01 00 09 01 0000000100000002");
  const auto request = next_status_packet(all).value();
  ASSERT_TRUE(request.has_value());
  EXPECT_FALSE(request->is_ping);
  const auto ping = next_status_packet(ByteView(all).subspan(request->size)).value();
  ASSERT_TRUE(ping.has_value());
  EXPECT_TRUE(ping->is_ping);
  EXPECT_EQ(ping->payload, 0x1'0000'0002);
  EXPECT_EQ(request->size + ping->size, all.size());
  EXPECT_FALSE(next_status_packet(hex("09 01 00000001")).value().has_value());
  EXPECT_FALSE(next_status_packet(hex("05 01 00000001")).has_value());
  EXPECT_FALSE(next_status_packet(hex("01 02")).has_value());
}

StatusFacts sample_facts() {
  StatusFacts facts;
  facts.version_name = "drawbridge";
  facts.protocol = 763;
  facts.online = 3;
  facts.max = 20;
  facts.description = Text::legacy("§aHello");
  return facts;
}

StatusFacts answered(LegacyPing form, const StatusFacts& status) {
  return read_legacy_status(legacy_status(form, status)).value().value();
}

TEST(LegacyStatus, golden_answers) {
  StatusFacts status = sample_facts();
  status.version_name = "1.20";
  EXPECT_EQ(legacy_status(LegacyPing::beta, status),
            hex("ff 000a 0048 0065 006c 006c 006f 00a7 0033 00a7 0032 0030"));
  // §1, 127, 1.20, motd with its code, 3, 20.
  const ByteBuffer later =
      hex("ff 0018 00a7 0031 0000 0031 0032 0037 0000 0031 002e 0032 0030 0000 00a7 0061 0048 0065 "
          "006c 006c 006f 0000 "
          "0033 0000 0032 0030");
  EXPECT_EQ(legacy_status(LegacyPing::v1_4, status), later);
  EXPECT_EQ(legacy_status(LegacyPing::v1_6, status), later);
}

TEST(LegacyStatus, is_read_back_in_every_form) {
  for (const LegacyPing form : {LegacyPing::beta, LegacyPing::v1_4, LegacyPing::v1_6}) {
    const StatusFacts facts = answered(form, sample_facts());
    EXPECT_TRUE(facts.is_legacy);
    EXPECT_EQ(to_plain(facts.description), "Hello");
    EXPECT_EQ(facts.online, 3);
    EXPECT_EQ(facts.max, 20);
    EXPECT_EQ(facts.version_name, form == LegacyPing::beta ? "" : "drawbridge");
  }
}

TEST(LegacyStatus, a_long_or_crooked_motd_spoils_no_field) {
  StatusFacts status = sample_facts();
  status.description = Text::legacy(std::string(90, 'a') + "§1\n\n§c" + std::string(300, 'b'));
  status.version_name = "v\0w"s + std::string(100, 'x');
  for (const LegacyPing form : {LegacyPing::beta, LegacyPing::v1_4}) {
    const ByteBuffer bytes = legacy_status(form, status);
    EXPECT_EQ(bytes.size(), 3U + 2 * (form == LegacyPing::beta ? 100 : 256));
    const StatusFacts facts = answered(form, status);
    EXPECT_EQ(facts.online, 3);
    EXPECT_EQ(facts.max, 20);
    EXPECT_EQ(to_plain(facts.description).find('\n'), std::string::npos);
  }
}

TEST(LegacyStatus, a_motd_is_not_cut_between_a_section_sign_and_its_code) {
  bool is_cut_there = false;
  for (std::size_t length = 200; length < 256; ++length) {
    StatusFacts status = sample_facts();
    status.description = Text::legacy(std::string(length, 'a') + "§cb");
    const std::string motd = answered(LegacyPing::v1_4, status).description.value;
    EXPECT_FALSE(motd.ends_with("§")) << length;
    is_cut_there |=
        motd.size() == length && legacy_status(LegacyPing::v1_4, status).size() == 3 + 2 * 255;
  }
  EXPECT_TRUE(is_cut_there);
}

TEST(LegacyStatus, infrarust_5_the_ping_of_a_1_6_client) {
  // The sample of minecraft.wiki with the protocol of 1.6.4.
  EXPECT_EQ(legacy_ping_request("localhost", 25565),
            hex("fe 01 fa 000b 004d0043007c00500069006e00670048006f00730074 0019 4e 0009 "
                "006c006f00630061006c0068006f00730074 000063dd"));
  HelloParser parser;
  const auto hello = parser.feed(legacy_ping_request("play.example.com", 1)).value();
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->host, "play.example.com");
}

TEST(LegacyStatus, an_answer_may_come_in_pieces_or_be_none) {
  const ByteBuffer bytes = legacy_status(LegacyPing::v1_4, sample_facts());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(read_legacy_status(ByteView(bytes).first(n)).value().has_value()) << n;
  }
  EXPECT_FALSE(read_legacy_status(hex("15 00")).has_value());
  EXPECT_FALSE(read_legacy_status(hex("ff 0002 004e 006f")).has_value());  // a kick: "No"
  EXPECT_FALSE(read_legacy_status(hex("ff 7fff")).has_value());
}

}  // namespace
}  // namespace drawbridge::mc
