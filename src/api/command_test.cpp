#include "api/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drawbridge::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Commands : public ::testing::Test {
 protected:
  Commands() {
    registry.check_with(ArgumentKind::duration, [](std::string_view word) {
      return word == "10m" || word == "perm" ? std::nullopt
                                             : std::optional<std::string>("no duration");
    });
    registry.check_with(ArgumentKind::level, [](std::string_view word) {
      return word == "info" ? std::nullopt : std::optional<std::string>("no level");
    });
    registry.complete_with(ArgumentKind::player, [](auto) {
      return std::vector<std::string>{"Steve", "Stella", "Alex"};
    });
    registry.complete_with(ArgumentKind::address, [](auto before) {
      return std::vector<std::string>{"address-of-" + before.back()};
    });
    registry.decide_with([](const Caller& caller, const Command& command) {
      return caller.name == "Admin" || command.name == "help";
    });
    registry.add(
        {.name = "ban",
         .aliases = {"forbid"},
         .summary = "Bans",
         .arguments = {{.name = "player", .kind = ArgumentKind::player},
                       {.name = "duration", .kind = ArgumentKind::duration, .required = false},
                       {.name = "reason", .kind = ArgumentKind::text, .required = false}},
         .in_game = Availability::admin,
         .run = [this](const CommandCall& call) { return note(call); }});
    registry.add({.name = "send-all",
                  .summary = "Sends",
                  .arguments = {{.name = "server", .choices = {"lobby", "limbo"}}},
                  .options = {{.name = "from", .value = "server"}, {.name = "now"}},
                  .run = [this](const CommandCall& call) { return note(call); }});
    registry.add({.name = "drain",
                  .summary = "Drains",
                  .arguments = {{.name = "id"}, {.name = "address", .kind = ArgumentKind::address}},
                  .run = [this](const CommandCall& call) { return note(call); }});
    registry.add({.name = "log",
                  .summary = "Levels",
                  .arguments = {{.name = "level", .kind = ArgumentKind::level}},
                  .run = [this](const CommandCall& call) { return note(call); }});
    registry.add({.name = "find",
                  .summary = "Finds",
                  .arguments = {{.name = "player", .kind = ArgumentKind::player}},
                  .in_game = Availability::may_be_opened,
                  .run = [this](const CommandCall& call) { return note(call); }});
  }
  Answer note(const CommandCall& call) {
    last = call;
    return Answer::ok("done");
  }
  std::string run(std::string_view line, const Caller& caller = {}) const {
    return to_text(registry.run(caller, line), Look::plain);
  }
  static Caller player(std::string name) {
    return {.kind = Caller::Kind::player, .name = std::move(name)};
  }

  CommandRegistry registry;
  CommandCall last;
};

TEST_F(Commands, words_are_cut_at_blanks_and_quotes_group) {
  EXPECT_THAT(*split_command(R"(a  "b c" d"e"f "\"\\")"), ElementsAre("a", "b c", "def", R"("\)"));
  EXPECT_EQ(split_command("a \"b"), std::nullopt);
  const std::vector<std::string> words{"a", "b c", "", R"("\)"};
  EXPECT_EQ(*split_command(join_command(words)), words);
}

TEST_F(Commands, arguments_come_in_their_places) {
  EXPECT_EQ(run("/ban Steve 10m he  grieved \"a lot\""), "ok: done\n");
  EXPECT_EQ(last["player"], "Steve");
  EXPECT_EQ(last["duration"], "10m");
  EXPECT_EQ(last["reason"], "he grieved a lot");
  EXPECT_EQ(run("FORBID Steve griefing 10m"), "ok: done\n");
  EXPECT_FALSE(last.has("duration"));
  EXPECT_EQ(last["reason"], "griefing 10m");
}

TEST_F(Commands, options_may_stand_anywhere_and_are_known) {
  EXPECT_EQ(run("send-all --from lobby limbo --now"), "ok: done\n");
  EXPECT_EQ(*last.option("from"), "lobby");
  EXPECT_NE(last.option("now"), nullptr);
  EXPECT_EQ(last["server"], "limbo");
  const std::string usage = "error: usage: send-all <server> [--from <server>] [--now]\n";
  EXPECT_EQ(run("send-all limbo --form x"), usage);
  EXPECT_EQ(run("send-all limbo --from"), usage);
  EXPECT_EQ(run("send-all limbo extra"), usage);
  EXPECT_EQ(run("send-all"), usage);
}

TEST_F(Commands, what_is_wrong_is_said) {
  EXPECT_EQ(run("ban"), "error: usage: ban <player> [duration] [reason]\n");
  EXPECT_EQ(run("log loud"), "error: no level\n");
  EXPECT_THAT(run("bna Steve"), HasSubstr("did you mean `ban`?"));
  EXPECT_THAT(run("xxxxxxx\x1b[2J"), HasSubstr("no command \"xxxxxxx\\x1b[2J\""));
  EXPECT_THAT(run("ban \"Steve"), HasSubstr("a quote is left open"));
  EXPECT_EQ(registry.run({}, "nothing-like-it").exit_code, 2);
}

TEST_F(Commands, players_have_the_games_commands_that_they_may_use) {
  EXPECT_EQ(run("ban Steve", player("Admin")), "ok: done\n");
  EXPECT_THAT(run("ban Steve", player("Steve")), HasSubstr("no command \"ban\""));
  EXPECT_THAT(run("find Steve", player("Steve")), HasSubstr("permission"));
  EXPECT_THAT(run("drain a b", player("Admin")), HasSubstr("no command \"drain\""));
  EXPECT_EQ(run("help", player("Steve")).find("ban"), std::string::npos);
  EXPECT_THAT(run("help", player("Admin")), HasSubstr("ban <player> [duration] [reason]"));
  EXPECT_THAT(run("help ban", player("Steve")), HasSubstr("no command"));
}

TEST_F(Commands, completion_knows_names_arguments_and_options) {
  EXPECT_THAT(registry.complete({}, "/b"), ElementsAre("ban"));
  EXPECT_THAT(registry.complete({}, ""),
              ElementsAre("ban", "drain", "find", "help", "log", "send-all"));
  EXPECT_THAT(registry.complete({}, "ban st"), ElementsAre("Stella", "Steve"));
  EXPECT_THAT(registry.complete({}, "ban Steve "), ElementsAre());
  EXPECT_THAT(registry.complete({}, "drain lobby "), ElementsAre("address-of-lobby"));
  EXPECT_THAT(registry.complete({}, "send-all l"), ElementsAre("limbo", "lobby"));
  EXPECT_THAT(registry.complete({}, "send-all --n"), ElementsAre("--now"));
  EXPECT_THAT(registry.complete({}, "send-all --from x "),
              ElementsAre("--from", "--now", "limbo", "lobby"));
  EXPECT_THAT(registry.complete({}, "help fi"), ElementsAre("find"));
  EXPECT_THAT(registry.complete(player("Steve"), ""), ElementsAre("help"));
  EXPECT_THAT(registry.complete({}, "ban \"St"), ElementsAre());
}

TEST_F(Commands, answers_have_a_rail_and_colours_or_are_json) {
  const Answer table = Answer::table("head", {"one", "two\nlines"});
  EXPECT_EQ(to_text(table, Look::plain), "# head\n| one\n| two lines\n");
  EXPECT_THAT(to_text(table, Look::colored), HasSubstr("\x1b["));
  EXPECT_EQ(to_text(Answer::error("no \"x\"\xff"), Look::json),
            "{\"ok\": false, \"text\": \"no \\\"x\\\"\\ufffd\", \"lines\": []}\n");
  Answer own = table;
  own.json = "[]\n";
  EXPECT_EQ(to_text(own, Look::json), "[]\n");
}

}  // namespace
}  // namespace drawbridge::api
