// The bytes are laid out by hand from minecraft-data's declare_commands, chat_command and
// tab_complete; tests/peers reads the same packets with real clients.
#include "mc/packets/commands.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mc/writer.hpp"

namespace drawbridge::mc {
namespace {

CommandTree some_tree() {
  return {.names = {"drawbridge", "ir"},
          .subcommands = {{.name = "list", .arguments = {}},
                          {.name = "kick",
                           .arguments = {{.name = "player", .required = true, .asks = true},
                                         {.name = "reason", .required = false, .is_text = true}}}}};
}

void add(ByteBuffer& out, std::initializer_list<int> bytes) {
  for (const int byte : bytes) out.push_back(static_cast<Byte>(byte));
}
void add(ByteBuffer& out, std::string_view text) {
  out.push_back(static_cast<Byte>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

// A backend's tree: the root, /msg, and an argument of a parser that nobody has heard of.
ByteBuffer backend_nodes() {
  ByteBuffer out;
  add(out, {0x01, 1, 2});
  add(out, "msg");
  add(out, {0x06, 0});
  add(out, "what");
  add(out, {0x7E, 0xDE, 0xAD});
  return out;
}

// Our nodes, the first of which has the number `first`.
void add_ours(ByteBuffer& out, int first, bool by_number) {
  const auto parser = [&] {
    if (by_number)
      add(out, {5});
    else
      add(out, "brigadier:string");
  };
  add(out, {0x05, 2, first + 2, first + 3});
  add(out, "drawbridge");
  add(out, {0x0D, 0, first});
  add(out, "ir");
  add(out, {0x05, 0});
  add(out, "list");
  add(out, {0x01, 1, first + 4});
  add(out, "kick");
  add(out, {0x16, 1, first + 5});
  add(out, "player");
  parser();
  add(out, {0});
  add(out, "minecraft:ask_server");
  add(out, {0x06, 0});
  add(out, "reason");
  parser();
  add(out, {2});
}

TEST(Commands, ours_stand_behind_the_backends_whatever_its_parsers_are) {
  for (const Version version : {v1_13, v1_16, v1_19, v1_20_5, newest_known}) {
    ByteBuffer fields;
    add(fields, {3, 0x00, 1, 1});
    const ByteBuffer nodes = backend_nodes();
    fields.insert(fields.end(), nodes.begin(), nodes.end());
    add(fields, {0});
    ByteBuffer wanted;
    add(wanted, {9, 0x00, 3, 1, 3, 4});
    wanted.insert(wanted.end(), nodes.begin(), nodes.end());
    add_ours(wanted, 3, version >= v1_19);
    add(wanted, {0});
    const auto merged = with_commands(fields, some_tree(), version);
    ASSERT_TRUE(merged.has_value());
    EXPECT_EQ(*merged, wanted);
  }
}

TEST(Commands, a_tree_whose_root_is_not_in_front_is_left_alone) {
  const std::initializer_list<std::initializer_list<int>> strange = {
      {2, 0x05, 0, 1, 'a', 0x00, 1, 0, 1},  // the root is the second
      {1, 0x00, 0, 1},                      // the root's number is none of the first's
      {1, 0x08, 0, 0, 0},                   // a root that redirects
      {0, 0},                               // no node
      {2, 0x00, 5, 1},                      // cut short
      {1, 0x00},                            //
      {0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00, 0, 0},
  };
  for (const auto& bytes : strange) {
    ByteBuffer fields;
    add(fields, bytes);
    EXPECT_EQ(with_commands(fields, some_tree(), v1_21_4), std::nullopt);
  }
  EXPECT_EQ(with_commands({}, some_tree(), v1_21_4), std::nullopt);
}

TEST(Commands, a_tree_of_nothing_but_ours_has_a_root) {
  ByteBuffer wanted;
  add(wanted, {0x10, 7, 0x00, 2, 1, 2});
  add_ours(wanted, 1, true);
  add(wanted, {0});
  EXPECT_EQ(only_commands(some_tree(), v1_21_5), wanted);
}

// /server is /drawbridge server: a redirect to that node.
TEST(Commands, a_subcommand_may_be_a_command_by_itself) {
  CommandTree tree = some_tree();
  tree.alone = {"kick"};
  const ByteBuffer packet = only_commands(tree, v1_21_5);
  ByteBuffer head;
  add(head, {0x10, 8, 0x00, 3, 1, 2, 3});
  EXPECT_TRUE(std::ranges::equal(ByteView(packet).first(head.size()), head));
  ByteBuffer redirect;
  add(redirect, {0x0D, 0, 5});
  add(redirect, "kick");
  EXPECT_FALSE(std::ranges::search(packet, redirect).empty());
}

TEST(Commands, are_read_in_each_versions_form) {
  ByteBuffer chat;
  add(chat, "/server lobby");
  const auto old = read_command(Kind::chat, chat, v1_18_2);
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->command, "server lobby");
  ByteBuffer said;
  add(said, "hello");
  EXPECT_EQ(read_command(Kind::chat, said, v1_8), std::nullopt);

  ByteBuffer plain;
  add(plain, "ir list");
  EXPECT_EQ(read_command(Kind::chat_command, plain, v1_20_5)->command, "ir list");
  EXPECT_EQ(read_command(Kind::chat_command, plain, v1_20_3), std::nullopt) << "cut short";
  plain.resize(plain.size() + 16);
  ByteBuffer with_offset = plain;
  add(with_offset, {0, 5, 0, 0, 0});
  const auto newer = read_command(Kind::chat_command, with_offset, v1_19_3);
  ASSERT_TRUE(newer.has_value());
  EXPECT_EQ(newer->acknowledged, 5);
  EXPECT_FALSE(newer->is_signed);
  ByteBuffer with_signature = plain;
  add(with_signature, {1, 4, 't', 'e', 'x', 't'});
  EXPECT_TRUE(read_command(Kind::chat_command, with_signature, v1_19_1)->is_signed);
  EXPECT_TRUE(read_command(Kind::chat_command, with_signature, v1_19_3)->is_signed);
}

TEST(Commands, completions_name_the_part_of_the_line_that_they_replace) {
  ByteBuffer asked;
  add(asked, {7});
  add(asked, "/ir kick St");
  const auto request = read_completion(asked, v1_21_4);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->transaction, 7);
  ByteBuffer wanted;
  add(wanted, {0x0F, 7, 9, 2, 1});
  add(wanted, "Steve");
  add(wanted, {0});
  EXPECT_EQ(completions(7, request->text, {"Steve"}, v1_21_5), wanted);
  ByteBuffer old;
  add(old, {0x3A, 1});
  add(old, "Steve");
  EXPECT_EQ(completions(0, "/ir kick St", {"Steve"}, v1_8), old);
  ByteBuffer asked_of_old;
  add(asked_of_old, "/ir k");
  add(asked_of_old, {0});
  EXPECT_EQ(read_completion(asked_of_old, v1_8)->text, "/ir k");
}

}  // namespace
}  // namespace drawbridge::mc
