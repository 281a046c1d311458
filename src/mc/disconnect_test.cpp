#include "mc/disconnect.hpp"

#include <gtest/gtest.h>

#include "mc/frame.hpp"
#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

// Body as npm minecraft-protocol 1.68.0 writes it, with its length in front.
TEST(Disconnect, golden_frame_in_every_version) {
  const ByteBuffer golden = hex("13 00 11 '{\"text\":\"Closed\"}'");
  for (const Version version : {v1_7_2, v1_8, v1_20_3, v1_21_5, v26_3}) {
    EXPECT_EQ(login_disconnect(Text::legacy("Closed"), version), golden) << "JSON, never NBT";
  }
}

TEST(Disconnect, a_component_is_not_wrapped_in_another) {
  const Text reason = json_text(R"({"text":"No.","color":"red"})").value();
  const ByteBuffer bytes = login_disconnect(reason, v1_20);
  EXPECT_EQ(as_text(ByteView(bytes).subspan(3)), reason.value);
}

TEST(Disconnect, kick_of_old_clients) {
  EXPECT_EQ(legacy_kick(Text::legacy("§cNo")), hex("ff 0004 00a7 0063 004e 006f"));
  EXPECT_EQ(legacy_kick(json_text(R"({"text":"No","color":"red"})").value()),
            hex("ff 0004 00a7 0063 004e 006f"));
  const ByteBuffer cut = legacy_kick(Text::legacy(std::string(300, 'a')));
  EXPECT_EQ(cut.size(), 3U + 2 * 256);
  EXPECT_EQ(cut[1], 1);
  EXPECT_EQ(cut[2], 0);
}

}  // namespace
}  // namespace drawbridge::mc
