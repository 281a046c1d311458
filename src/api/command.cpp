#include "api/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/strings.hpp"

namespace drawbridge::api {

namespace {

const std::string nothing;

std::string shown_usage(const Argument& argument) {
  return argument.required ? fmt::format("<{}>", argument.name)
                           : fmt::format("[{}]", argument.name);
}

std::string without_ends(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return out;
}

}  // namespace

// --- Words ---

std::optional<std::vector<std::string>> split_command(std::string_view line) {
  std::vector<std::string> out;
  bool in_word = false;
  bool in_quotes = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (!in_quotes && (c == ' ' || c == '\t' || c == '\r')) {
      in_word = false;
      continue;
    }
    if (!in_word) out.emplace_back();
    in_word = true;
    if (c == '"')
      in_quotes = !in_quotes;
    else if (c == '\\' && in_quotes && i + 1 < line.size())
      out.back() += line[++i];
    else
      out.back() += c;
  }
  if (in_quotes) return std::nullopt;
  return out;
}

std::string join_command(std::span<const std::string> words) {
  std::string out;
  for (const std::string& word : words) {
    out += out.empty() ? "\"" : " \"";
    for (const char c : word) {
      if (c == '"' || c == '\\') out += '\\';
      out += c == '\n' || c == '\r' ? ' ' : c;
    }
    out += '"';
  }
  return out;
}

// --- Commands ---

std::string Command::usage(bool in_console) const {
  std::string out = in_console ? name : name_in_game();
  for (const Argument& argument : arguments) out += " " + shown_usage(argument);
  for (const Option& option : options)
    out += option.value.empty() ? fmt::format(" [--{}]", option.name)
                                : fmt::format(" [--{} <{}>]", option.name, option.value);
  return out;
}

std::string Command::node() const {
  return "drawbridge.command." + name_in_game();
}

const std::string& CommandCall::operator[](std::string_view name) const {
  const auto at = arguments.find(name);
  return at == arguments.end() ? nothing : at->second;
}

const std::string* CommandCall::option(std::string_view name) const {
  const auto at = options.find(name);
  return at == options.end() ? nullptr : &at->second;
}

// --- The registry ---

CommandRegistry::CommandRegistry() {
  add({.name = "help",
       .aliases = {"?"},
       .summary = "The commands, or the usage of one",
       .arguments = {{.name = "command", .kind = ArgumentKind::command, .required = false}},
       .in_game = Availability::may_be_opened,
       .run = [this](const CommandCall& call) { return help(call.caller, call["command"]); }});
}

void CommandRegistry::add(Command command) {
  auto held = std::make_unique<Command>(std::move(command));
  std::vector<std::string> names = held->aliases;
  names.push_back(held->name);
  for (const std::string& name : names) {
    if (names_.emplace(name, held.get()).second) continue;
    fmt::print(stderr, "two commands are called {}\n", name);
    std::abort();
  }
  const auto at = std::ranges::upper_bound(commands_, held->name, {},
                                           [](const auto& one) { return one->name; });
  commands_.insert(at, std::move(held));
}

void CommandRegistry::complete_with(ArgumentKind kind, Completer completer) {
  completers_.insert_or_assign(kind, std::move(completer));
}

void CommandRegistry::check_with(ArgumentKind kind, Check check) {
  checks_.insert_or_assign(kind, std::move(check));
}

const Command* CommandRegistry::find(std::string_view name) const {
  const auto at = names_.find(name);
  return at == names_.end() ? nullptr : at->second;
}

bool CommandRegistry::allows(const Caller& caller, const Command& command) const {
  if (caller.is_console()) return true;
  if (command.in_game == Availability::console) return false;
  return may_use_ && may_use_(caller, command);
}

Answer CommandRegistry::run(const Caller& caller, std::string_view line) const {
  line = trimmed(line);
  if (line.starts_with('/')) line.remove_prefix(1);
  auto words = split_command(line);
  if (!words) return Answer::error("a quote is left open");
  return run(caller, std::move(*words));
}

Answer CommandRegistry::run(const Caller& caller, std::vector<std::string> words) const {
  if (words.empty()) return Answer::error("no command; `help` lists them");
  const Command* command = find(lowered(words.front()));
  const bool exists =
      command != nullptr && (caller.is_console() || command->in_game != Availability::console);
  if (!exists) return unknown(caller, words.front());
  if (!allows(caller, *command)) {
    if (command->in_game == Availability::may_be_opened)
      return Answer::error("You do not have the permission to do that.");
    return unknown(caller, words.front());
  }
  auto call = parse(caller, *command, std::move(words));
  if (!call) return Answer::error(std::move(call.error().what));
  return command->run(*call);
}

Answer CommandRegistry::unknown(const Caller& caller, std::string_view name) const {
  std::vector<std::string_view> known;
  for (const auto& [word, command] : names_)
    if (allows(caller, *command)) known.push_back(word);
  const std::string wanted = lowered(name.substr(0, 64));
  const auto nearest = nearest_name(wanted, known);
  return Answer::error(fmt::format("there is no command \"{}\"{}", escaped_for_log(name, 60),
                                   nearest
                                       ? fmt::format(", did you mean `{}`?", *nearest)
                                       : std::string(known.empty() ? "" : "; `help` lists them")));
}

std::optional<std::string> CommandRegistry::problem_of(const Argument& argument,
                                                       std::string_view word) const {
  if (std::ranges::find(argument.choices, word) != argument.choices.end()) return std::nullopt;
  const auto check = checks_.find(argument.kind);
  return check == checks_.end() ? std::nullopt : check->second(word);
}

Result<CommandCall> CommandRegistry::parse(const Caller& caller, const Command& command,
                                           std::vector<std::string> words) const {
  CommandCall call{.command = &command, .caller = caller, .arguments = {}, .options = {}};
  const auto usage = [&] {
    return fail(Fault::client, "usage: {}", command.usage(caller.is_console()));
  };
  std::size_t at = 0;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].starts_with("--") && words[i].size() > 2 && !command.options.empty()) {
      const auto option = std::ranges::find(command.options, words[i].substr(2), &Option::name);
      if (option == command.options.end()) return usage();
      if (option->value.empty()) {
        call.options[option->name] = "yes";
        continue;
      }
      if (++i == words.size()) return usage();
      if (const auto problem = problem_of({.name = option->value, .kind = option->kind}, words[i]))
        return fail(Fault::client, "--{}: {}", option->name, *problem);
      call.options[option->name] = std::move(words[i]);
      continue;
    }
    // What is no duration belongs to the argument behind it.
    while (at < command.arguments.size() && !command.arguments[at].required &&
           command.arguments[at].kind == ArgumentKind::duration &&
           at + 1 < command.arguments.size() && problem_of(command.arguments[at], words[i]))
      ++at;
    if (at == command.arguments.size()) return usage();
    const Argument& argument = command.arguments[at];
    if (argument.kind == ArgumentKind::text) {
      std::string& text = call.arguments[argument.name];
      if (!text.empty()) text += ' ';
      text += words[i];
      continue;
    }
    if (const auto problem = problem_of(argument, words[i]))
      return fail(Fault::client, "{}", *problem);
    call.arguments[argument.name] = std::move(words[i]);
    ++at;
  }
  for (const Argument& argument : command.arguments)
    if (argument.required && !call.has(argument.name)) return usage();
  return call;
}

// --- Help and completion ---

Answer CommandRegistry::help(const Caller& caller, const std::string& name) const {
  if (name.empty()) {
    Answer out = Answer::table("commands");
    for (const auto& command : commands_)
      if (allows(caller, *command))
        out.lines.push_back(
            fmt::format("{:<40} {}", command->usage(caller.is_console()), command->summary));
    return out;
  }
  const Command* command = find(lowered(name));
  if (command == nullptr || !allows(caller, *command)) return unknown(caller, name);
  Answer out = Answer::table(command->usage(caller.is_console()), {command->summary});
  if (!command->aliases.empty() && caller.is_console())
    out.lines.push_back(fmt::format("also: {}", fmt::join(command->aliases, " ")));
  if (command->in_game != Availability::console && caller.is_console())
    out.lines.push_back(fmt::format("in the game: /drawbridge {}, node {}", command->name_in_game(),
                                    command->node()));
  return out;
}

std::vector<std::string> CommandRegistry::words_for(const Caller& caller, const Argument& argument,
                                                    std::span<const std::string> before) const {
  std::vector<std::string> out = argument.choices;
  if (argument.kind == ArgumentKind::command) {
    for (const auto& command : commands_)
      if (allows(caller, *command))
        out.push_back(caller.is_console() ? command->name : command->name_in_game());
  } else if (const auto completer = completers_.find(argument.kind);
             completer != completers_.end()) {
    const auto more = completer->second(before);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

std::vector<std::string> CommandRegistry::complete(const Caller& caller,
                                                   std::string_view line) const {
  if (line.starts_with('/')) line.remove_prefix(1);
  auto words = split_command(line);
  if (!words) return {};
  if (words->empty() || line.ends_with(' ')) words->emplace_back();
  const std::string begun = lowered(words->back());
  words->pop_back();
  std::vector<std::string> found;
  if (words->empty()) {
    for (const auto& command : commands_)
      if (allows(caller, *command))
        found.push_back(caller.is_console() ? command->name : command->name_in_game());
  } else if (const Command* command = find(lowered(words->front()));
             command != nullptr && allows(caller, *command)) {
    std::size_t at = 0;
    const Option* open = nullptr;  // an option that wants its value
    for (std::size_t i = 1; i < words->size(); ++i) {
      if (std::exchange(open, nullptr) != nullptr) continue;
      const auto option = std::ranges::find_if(
          command->options, [&](const Option& one) { return (*words)[i] == "--" + one.name; });
      if (option == command->options.end())
        ++at;
      else if (!option->value.empty())
        open = &*option;
    }
    if (open != nullptr) {
      found = words_for(caller, {.name = open->value, .kind = open->kind}, *words);
    } else {
      if (at < command->arguments.size()) found = words_for(caller, command->arguments[at], *words);
      for (const Option& option : command->options) found.push_back("--" + option.name);
    }
  }
  std::erase_if(found, [&](const std::string& word) { return !lowered(word).starts_with(begun); });
  std::ranges::sort(found);
  const auto doubled = std::ranges::unique(found);
  found.erase(doubled.begin(), doubled.end());
  return found;
}

// --- Looks ---

namespace {

void add_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      out += "\\ufffd";
      ++i;
      continue;
    }
    if (byte == '"' || byte == '\\')
      out += fmt::format("\\{}", text[i]);
    else if (byte < 0x20)
      out += fmt::format("\\u{:04x}", byte);
    else
      out += text.substr(i, length);
    i += length;
  }
  out += '"';
}

std::string as_json(const Answer& answer) {
  std::string out = answer.kind == Answer::Kind::error ? "{\"ok\": false, \"text\": "
                                                       : "{\"ok\": true, \"text\": ";
  add_json_text(out, answer.head);
  out += ", \"lines\": [";
  for (std::size_t i = 0; i < answer.lines.size(); ++i) {
    if (i > 0) out += ", ";
    add_json_text(out, answer.lines[i]);
  }
  return out + "]}\n";
}

struct Marks {
  std::string_view ok, warning, error, table, rail, after;
};
constexpr Marks plain_marks{"ok: ", "warn: ", "error: ", "# ", "| ", ""};
constexpr Marks colored_marks{"\x1b[32m✓\x1b[0m ", "\x1b[33m! ",       "\x1b[31m✗ ",
                              "\x1b[1;36m",        "\x1b[2m│\x1b[0m ", "\x1b[0m"};

}  // namespace

std::string to_text(const Answer& answer, Look look) {
  if (look == Look::json) return answer.json.empty() ? as_json(answer) : answer.json;
  const Marks& marks = look == Look::colored ? colored_marks : plain_marks;
  std::string_view mark;
  switch (answer.kind) {
    case Answer::Kind::ok:
      mark = marks.ok;
      break;
    case Answer::Kind::warning:
      mark = marks.warning;
      break;
    case Answer::Kind::error:
      mark = marks.error;
      break;
    case Answer::Kind::table:
      mark = marks.table;
      break;
  }
  std::string out = fmt::format("{}{}{}\n", mark, without_ends(answer.head),
                                answer.kind == Answer::Kind::ok ? std::string_view() : marks.after);
  for (const std::string& line : answer.lines)
    out += fmt::format("{}{}\n", marks.rail, without_ends(line));
  return out;
}

}  // namespace drawbridge::api
