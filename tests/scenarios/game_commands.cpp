// /drawbridge in the game, on a whole proxy: who may, what the backend sees of it, and the client's
// tree of commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "kit/played.hpp"
#include "mc/packets/commands.hpp"

namespace drawbridge::kit {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view opened = "permissions.player_commands = [\"list\", \"help\"]\n";

// A command as this version's client says it; `acknowledged`: messages along with it (1.19.3 to
// 1.20.4).
bool say(PacketWire& client, const std::string& command, std::int32_t acknowledged = 0) {
  const mc::Version version = client.version;
  ByteBuffer body;
  mc::Writer out(body, version);
  const auto& ids = mc::id_map(version, mc::State::play, mc::Bound::server);
  if (version < mc::v1_19) {
    out.varint(*ids.id(mc::Kind::chat));
    out.string("/" + command);
    return client.write_body(body);
  }
  out.varint(*ids.id(mc::Kind::chat_command));
  out.string(command);
  if (version < mc::v1_20_5) {
    out.i64(0);
    out.i64(0);
    out.varint(0);
    if (version >= mc::v1_19_3) {
      out.varint(acknowledged);
      out.raw(ByteBuffer(3, 0));
    } else if (version >= mc::v1_19_1) {
      out.boolean(false);
      out.varint(0);
      out.boolean(false);
    } else {
      out.boolean(false);
    }
  }
  return client.write_body(body);
}

class GameCommands : public ::testing::TestWithParam<mc::Version> {};
INSTANTIATE_TEST_SUITE_P(Versions, GameCommands,
                         ::testing::Values(mc::v1_7_2, mc::v1_8, mc::v1_12_2, mc::v1_13,
                                           mc::v1_18_2, mc::v1_19, mc::v1_19_1, mc::v1_19_3,
                                           mc::v1_20_2, mc::v1_20_3, mc::v1_20_5, mc::v1_21_4,
                                           mc::newest_known),
                         [](const auto& p) {
                           return "p" + std::to_string(static_cast<int>(p.param));
                         });

TEST_P(GameCommands, are_answered_by_us_and_others_are_the_backends) {
  Played played({.global = std::string(opened)});
  Seated steve = played.seat_in_play("Steve", GetParam());
  ASSERT_TRUE(say(steve.client, "infrarust list"));
  EXPECT_EQ(chat_words(steve.client), "players (1)");
  EXPECT_THAT(chat_words(steve.client), HasSubstr("(1): Steve"));
  ASSERT_TRUE(say(steve.client, "list"));
  const auto passed = steve.backend.read();
  ASSERT_TRUE(passed.has_value());
  EXPECT_TRUE(passed->kind == mc::Kind::chat || passed->kind == mc::Kind::chat_command);
}

// Plugins of backends have a /server of their own: it stays theirs for whoever may not use ours,
// and where ours is switched off.
TEST(GameCommand, server_is_a_command_by_itself_for_whom_it_is_open) {
  const std::string open = "permissions.player_commands = [\"server\"]\n";
  const std::string off = open + "permissions.server_command = false\n";
  for (const mc::Version version : {mc::v1_8, mc::v1_16_4, mc::v1_19_3, mc::v1_21_4}) {
    Played ours({.global = open});
    Seated steve = ours.seat_in_play("Steve", version);
    ASSERT_TRUE(say(steve.client, "server"));
    EXPECT_THAT(chat_words(steve.client), HasSubstr("you are on "));
    for (const std::string& global : {off, std::string()}) {
      Played theirs({.global = global});
      Seated alex = theirs.seat_in_play("Alex", version);
      ASSERT_TRUE(say(alex.client, "server"));
      const auto passed = alex.backend.read();
      ASSERT_TRUE(passed.has_value());
      EXPECT_THAT(std::string(passed->fields.begin(), passed->fields.end()), HasSubstr("server"));
    }
  }
}

TEST(GameCommand, who_may_not_is_told_so_and_what_nobody_may_open_is_unknown) {
  Played played({.global = std::string(opened)});
  Seated steve = played.seat_in_play("Steve");
  ASSERT_TRUE(say(steve.client, "drawbridge find Alex"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("do not have the permission"));
  ASSERT_TRUE(say(steve.client, "drawbridge kick Alex"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("there is no command \"kick\""));
  ASSERT_TRUE(say(steve.client, "drawbridge stop"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("there is no command \"stop\""));
}

TEST(GameCommand, an_admin_is_verified_and_what_he_does_is_recorded) {
  Played played({.mode = "client_only", .global = "permissions.admins = [\"Steve\"]\n"});
  Seated steve = played.seat_in_play("Steve");
  Seated alex = played.seat_in_play("Alex");
  ASSERT_TRUE(say(steve.client, "ir kick alex that was too much"));
  EXPECT_EQ(kick_words(alex.client), "that was too much");
  EXPECT_EQ(chat_words(steve.client), "kicked Alex");
  EXPECT_TRUE(played.door.rig.logged({"admin command", "player=Steve", "kick alex", "done=true"}));
}

TEST(GameCommand, an_unverified_players_name_makes_no_admin) {
  Played played({.mode = "offline", .global = "permissions.admins = [\"Steve\"]\n"});
  Seated steve = played.seat_in_play("Steve");
  ASSERT_TRUE(say(steve.client, "ir kick Steve"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("there is no command"));
}

TEST(GameCommand, permissions_hold_anew_after_a_reload_and_op) {
  Played played({.mode = "client_only"});
  Seated steve = played.seat_in_play("Steve");
  ASSERT_TRUE(say(steve.client, "ir version"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("permission"));
  const auto op = played.door.rig.daemon().command("op Steve");
  EXPECT_EQ(op.exit_code, 0) << op.head;
  ASSERT_TRUE(say(steve.client, "ir version"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("Drawbridge "));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("players 1, up"));
  EXPECT_EQ(played.door.rig.daemon().command("deop Steve").exit_code, 0);
  ASSERT_TRUE(say(steve.client, "ir version"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("permission"));
}

TEST(GameCommand, op_can_be_kept_in_the_file) {
  Played played({.mode = "client_only",
                 .global = "[permissions] # who\nadmins = [\n  \"Notch\", # the first\n]\n"});
  Seated steve = played.seat_in_play("Steve");
  kit::ProxyRig& rig = played.door.rig;
  const auto text = [&] {
    std::ifstream in(rig.folder().path() / "drawbridge.toml");
    return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  };
  const std::string before = text();
  const auto op = rig.daemon().command("op Steve --save");
  EXPECT_EQ(op.exit_code, 0) << op.head;
  EXPECT_THAT(text(), HasSubstr("  \"Notch\", # the first\n"));
  EXPECT_THAT(text(), HasSubstr("  \"Steve\""));
  ASSERT_TRUE(say(steve.client, "ir version"));
  EXPECT_THAT(chat_words(steve.client), HasSubstr("Drawbridge "));
  EXPECT_THAT(rig.daemon().command("op steve --save").head, HasSubstr("already"));
  EXPECT_THAT(rig.daemon().command("deop Steve").head, HasSubstr("--save"));
  const auto deop = rig.daemon().command("deop steve --save");
  EXPECT_EQ(deop.exit_code, 0) << deop.head;
  EXPECT_EQ(text(), before);
  EXPECT_EQ(rig.daemon().command("deop Steve --save").exit_code, 2);
}

// The server counts what the client has seen; a command that it never sees would leave a gap, and
// the next signed message would be a kick.
TEST(GameCommand, acknowledgements_that_came_with_it_still_reach_the_backend) {
  for (const mc::Version version : {mc::v1_19_3, mc::v1_20_2, mc::v1_20_3}) {
    Played played({.global = std::string(opened)});
    Seated steve = played.seat_in_play("Steve", version);
    ASSERT_TRUE(say(steve.client, "ir list", 7));
    const auto passed = steve.backend.read();
    ASSERT_TRUE(passed.has_value());
    EXPECT_EQ(passed->kind, mc::Kind::message_acknowledgement);
    EXPECT_EQ(passed->fields, ByteBuffer{7});
    EXPECT_EQ(chat_words(steve.client), "players (1)");
  }
}

TEST(GameCommand, what_is_signed_passes_untouched) {
  Played played({.global = std::string(opened)});
  Seated steve = played.seat_in_play("Steve", mc::v1_19_3);
  ByteBuffer body;
  mc::Writer out(body, mc::v1_19_3);
  out.varint(
      *mc::id_map(mc::v1_19_3, mc::State::play, mc::Bound::server).id(mc::Kind::chat_command));
  out.string("ir list");
  out.i64(1);
  out.i64(2);
  out.varint(1);
  out.string("message");
  out.raw(ByteBuffer(256, 9));
  out.varint(0);
  out.raw(ByteBuffer(3, 0));
  ASSERT_TRUE(steve.client.write_body(body));
  const auto passed = steve.backend.read();
  ASSERT_TRUE(passed.has_value());
  EXPECT_EQ(passed->body, body);
}

// A vanilla tree begins with its root.
ByteBuffer tree_of(mc::Version version, std::size_t padding) {
  ByteBuffer body;
  mc::Writer out(body, version);
  out.varint(
      *mc::id_map(version, mc::State::play, mc::Bound::client).id(mc::Kind::declare_commands));
  out.varint(2);
  out.u8(0);
  out.varint(1);
  out.varint(1);
  out.u8(5);
  out.varint(0);
  out.string(std::string(padding, 'x'));
  out.varint(0);
  return body;
}

TEST(GameCommand, the_clients_tree_has_ours_beside_the_backends) {
  for (const mc::Version version : {mc::v1_13, mc::v1_18_2, mc::v1_19, mc::v1_21_4}) {
    for (const std::size_t padding : {10U, 20'000U}) {  // uncompressed, compressed
      Played played({.global = std::string(opened)});
      Seated steve = played.seat_in_play("Steve", version);
      const ByteBuffer tree = tree_of(version, padding);
      ASSERT_TRUE(steve.backend.write_body(tree));
      const auto got = steve.client.read();
      ASSERT_TRUE(got.has_value());
      EXPECT_EQ(got->kind, mc::Kind::declare_commands);
      const std::string text(got->body.begin(), got->body.end());
      for (const std::string_view name : {"drawbridge", "infrarust", "list", "help"})
        EXPECT_THAT(text, HasSubstr(std::string(name)));
      EXPECT_EQ(text.find("kick"), std::string::npos) << "only what the caller may use";
      EXPECT_GT(got->body.size(), tree.size());
    }
  }
}

TEST(GameCommand, who_may_use_nothing_has_the_backends_tree_as_it_came) {
  Played played({});
  Seated steve = played.seat_in_play("Steve");
  const ByteBuffer tree = tree_of(mc::v1_21_4, 3'000);
  ASSERT_TRUE(steve.backend.write_body(tree));
  EXPECT_EQ(steve.client.read()->body, tree);
}

TEST(GameCommand, completion_of_ours_never_reaches_the_backend) {
  for (const mc::Version version : {mc::v1_8, mc::v1_12_2, mc::v1_13, mc::v1_21_4}) {
    Played played({.global = std::string(opened)});
    Seated steve = played.seat_in_play("Steve", version);
    const auto ask = [&](const std::string& text) {
      ByteBuffer body;
      mc::Writer out(body, version);
      out.varint(
          *mc::id_map(version, mc::State::play, mc::Bound::server).id(mc::Kind::tab_complete));
      if (version >= mc::v1_13) out.varint(3);
      out.string(text);
      if (version < mc::v1_13) {
        if (version >= mc::v1_9) out.boolean(false);
        out.boolean(false);
      }
      return steve.client.write_body(body);
    };
    ASSERT_TRUE(ask("/ir l"));
    const auto got = steve.client.read();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->kind, mc::Kind::tab_complete);
    EXPECT_THAT(std::string(got->fields.begin(), got->fields.end()), HasSubstr("list"));
    ASSERT_TRUE(ask("/gamemode c"));
    const auto passed = steve.backend.read();
    ASSERT_TRUE(passed.has_value());
    EXPECT_EQ(passed->kind, mc::Kind::tab_complete);
  }
}

TEST(GameCommand, who_says_too_much_is_told_so_once_in_a_while) {
  Played played({.global = std::string(opened)});
  Seated steve = played.seat_in_play("Steve");
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(say(steve.client, "ir nonsense"));
  bool told = false;
  for (int i = 0; i < 50 && !told; ++i) told = chat_words(steve.client) == "Not so fast.";
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace drawbridge::kit
