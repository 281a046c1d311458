// Commands: what an operator types, wherever he types it. The console, the control socket
// (`drawbridge ctl`) and the game use one registry, so that a command is described once: its name,
// aliases, typed arguments, who may use it, and what it does. Usage, help, completion and the
// game's command tree come from that description.
//
// A registry is filled before anything runs and read afterwards; commands run on the control
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"

namespace drawbridge::api {

// What an argument means: how it is checked, and what completes it.
enum class ArgumentKind : std::uint8_t {
  word,      // anything
  text,      // the rest of the line; the last argument
  player,    // a player's name
  server,    // a server's id
  address,   // of the server that is named before it
  target,    // of a ban: name, UUID, address or network
  duration,  // "30s", "7d", "permanent"; an optional one is passed over by what is none
  level,     // of the log
  command    // a command's name
};
inline constexpr std::size_t argument_kinds = static_cast<std::size_t>(ArgumentKind::command) + 1;

struct Argument {
  std::string name;  // as in the usage, without brackets
  ArgumentKind kind = ArgumentKind::word;
  bool required = true;
  std::vector<std::string> choices = {};  // words that complete it, beside those of its kind
};

// "--from <server>"; without a value's name a switch.
struct Option {
  std::string name;  // without dashes
  std::string value = {};
  ArgumentKind kind = ArgumentKind::word;
};

// Who says it. The console (and whoever reaches the control socket) holds every permission.
struct Caller {
  enum class Kind : std::uint8_t { console, player };
  Kind kind = Kind::console;
  std::string name = "console";
  std::optional<Uuid> uuid = {};
  bool verified = false;
  std::string server = {};    // where a player is
  std::uint64_t session = 0;  // a player's, our own number

  [[nodiscard]] bool is_console() const { return kind == Kind::console; }
};

// What it came to. A table has a headline and lines; the others say one sentence, perhaps with
// lines below it.
struct Answer {
  enum class Kind : std::uint8_t { ok, warning, error, table };
  Kind kind = Kind::ok;
  std::string head;
  std::vector<std::string> lines = {};
  std::string json = {};  // a document; empty: one is made of the above
  int exit_code = 0;      // of `drawbridge ctl`

  static Answer ok(std::string head) { return {.kind = Kind::ok, .head = std::move(head)}; }
  static Answer warning(std::string head) {
    return {.kind = Kind::warning, .head = std::move(head)};
  }
  static Answer error(std::string head) {
    return {.kind = Kind::error, .head = std::move(head), .exit_code = 2};
  }
  static Answer table(std::string head, std::vector<std::string> lines = {}) {
    return {.kind = Kind::table, .head = std::move(head), .lines = std::move(lines)};
  }
};

// How an answer is shown: in letters only, with a terminal's colours, or as one JSON document.
enum class Look : std::uint8_t { plain, colored, json };
// With a final line end.
std::string to_text(const Answer& answer, Look look);

struct Command;

// One command as it was said, its words in their places.
struct CommandCall {
  const Command* command = nullptr;
  Caller caller;
  std::map<std::string, std::string, std::less<>> arguments;
  std::map<std::string, std::string, std::less<>> options;

  // Empty if it was not said.
  [[nodiscard]] const std::string& operator[](std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return arguments.contains(name); }
  [[nodiscard]] const std::string* option(std::string_view name) const;
};

// Who may use it from the game.
enum class Availability : std::uint8_t {
  console,        // nobody: it is the console's alone
  admin,          // who holds its node, which admins do
  may_be_opened,  // the same, and everybody if permissions.player_commands names it
};

struct Command {
  std::string name;
  std::vector<std::string> aliases = {};
  std::string summary;
  std::vector<Argument> arguments = {};
  std::vector<Option> options = {};
  Availability in_game = Availability::console;
  std::string in_game_name = {};  // one of the aliases, where the game's name is another
  std::function<Answer(const CommandCall&)> run = {};

  // "kick <player> [reason]"
  [[nodiscard]] std::string usage(bool in_console = true) const;
  [[nodiscard]] const std::string& name_in_game() const {
    return in_game_name.empty() ? name : in_game_name;
  }
  [[nodiscard]] std::string node() const;  // "drawbridge.command.kick"
};

// Words between blanks; double quotes group, and a backslash in them takes the next character as it
// is. Nothing: a quote is left open.
std::optional<std::vector<std::string>> split_command(std::string_view line);
// One line that split_command() cuts into the same words. Line ends become blanks.
std::string join_command(std::span<const std::string> words);

// Whether a caller may use a command; asked for players only.
using MayUse = std::function<bool(const Caller&, const Command&)>;

class CommandRegistry {
 public:
  // `words`: what is before the argument on the line, the command's name first.
  using Completer = std::function<std::vector<std::string>(std::span<const std::string> words)>;
  // Nothing if the word will do, else why not.
  using Check = std::function<std::optional<std::string>(std::string_view word)>;

  CommandRegistry();  // with `help`
  CommandRegistry(const CommandRegistry&) = delete;
  CommandRegistry& operator=(const CommandRegistry&) = delete;

  // Names and aliases are unique: ends the process with a message otherwise.
  void add(Command command);
  void complete_with(ArgumentKind kind, Completer completer);
  void check_with(ArgumentKind kind, Check check);
  void decide_with(MayUse may_use) { may_use_ = std::move(may_use); }

  // By name or alias; null if there is none.
  [[nodiscard]] const Command* find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Command>>& commands() const { return commands_; }
  // Whether this caller sees it and may use it.
  [[nodiscard]] bool allows(const Caller& caller, const Command& command) const;

  // Runs one line; a "/" in front is ignored. For players only the game's commands exist, and those
  // that they may not use are refused, or unknown if nobody may open them. Control thread.
  [[nodiscard]] Answer run(const Caller& caller, std::string_view line) const;
  [[nodiscard]] Answer run(const Caller& caller, std::vector<std::string> words) const;

  // What can stand in the place of the line's last word ("" behind a blank), sorted.
  [[nodiscard]] std::vector<std::string> complete(const Caller& caller,
                                                  std::string_view line) const;

 private:
  [[nodiscard]] Answer help(const Caller& caller, const std::string& name) const;
  [[nodiscard]] Answer unknown(const Caller& caller, std::string_view name) const;
  [[nodiscard]] Result<CommandCall> parse(const Caller& caller, const Command& command,
                                          std::vector<std::string> words) const;
  [[nodiscard]] std::optional<std::string> problem_of(const Argument& argument,
                                                      std::string_view word) const;
  [[nodiscard]] std::vector<std::string> words_for(const Caller& caller, const Argument& argument,
                                                   std::span<const std::string> before) const;

  std::vector<std::unique_ptr<Command>> commands_;  // by name
  std::map<std::string, const Command*, std::less<>> names_;
  std::map<ArgumentKind, Completer> completers_;
  std::map<ArgumentKind, Check> checks_;
  MayUse may_use_;
};

}  // namespace drawbridge::api
