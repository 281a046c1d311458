#include "core/commands/game_commands.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "core/desk.hpp"
#include "net/mailbox.hpp"

namespace drawbridge::core {

namespace {

constexpr std::array<std::string_view, 3> names = {"drawbridge", "ir", "infrarust"};
constexpr std::size_t most_completions = 100;
constexpr std::size_t most_lines = 60;

// § codes that we did not write are somebody else's.
std::string without_codes(std::string_view text) {
  constexpr std::string_view sign = "§";
  std::string out(text);
  for (std::size_t at = out.find(sign); at != std::string::npos; at = out.find(sign, at))
    out.replace(at, sign.size(), "?");
  return out;
}

std::vector<std::string> chat_lines(const api::Answer& answer) {
  std::string_view color;
  switch (answer.kind) {
    case api::Answer::Kind::ok:
      color = "§a";
      break;
    case api::Answer::Kind::warning:
      color = "§e";
      break;
    case api::Answer::Kind::error:
      color = "§c";
      break;
    case api::Answer::Kind::table:
      color = "§6";
      break;
  }
  std::vector<std::string> out{std::string(color) + without_codes(answer.head)};
  for (const std::string& line : answer.lines) {
    if (out.size() == most_lines) {
      out.emplace_back("§7...");
      break;
    }
    out.push_back("§7" + without_codes(line));
  }
  return out;
}

// Who did what, for admins' commands, whether it was done or not.
void audit(const api::Caller& caller, std::string_view line, const api::Answer& answer) {
  log::info("audit", "admin command",
            {{"player", caller.name},
             {"uuid", caller.uuid ? caller.uuid->text() : std::string()},
             {"verified", caller.verified},
             {"session", caller.session},
             {"command", line},
             {"done", answer.kind != api::Answer::Kind::error}});
}

}  // namespace

std::optional<std::string_view> our_command(std::string_view said, const mc::CommandTree* tree) {
  const std::string_view first = said.substr(0, said.find(' '));
  if (tree != nullptr && std::ranges::find(tree->alone, first) != tree->alone.end())
    return trimmed(said);
  const bool ours = std::ranges::any_of(
      names, [&](std::string_view name) { return equal_ignoring_case(name, first); });
  if (!ours) return std::nullopt;
  return trimmed(said.substr(first.size()));
}

void GameCommands::run(Desk& desk, api::Caller caller, std::string_view line) const {
  control_.post([this, to = &desk, mailbox = desk.worker().mailbox(), caller = std::move(caller),
                 line = std::string(line.empty() ? "help" : line)] {
    const api::Answer answer = registry_.run(caller, line);
    const auto words = api::split_command(line);
    const api::Command* command =
        words && !words->empty() ? registry_.find(lowered(words->front())) : nullptr;
    if (command != nullptr && command->in_game == api::Availability::admin)
      audit(caller, line, answer);
    mailbox->post([to, session = caller.session, lines = chat_lines(answer)] {
      to->answer_command(session, lines);
    });
  });
}

void GameCommands::complete(Desk& desk, api::Caller caller, std::int32_t transaction,
                            std::string text) const {
  control_.post([this, to = &desk, mailbox = desk.worker().mailbox(), caller = std::move(caller),
                 transaction, text = std::move(text)] {
    std::string_view line = text;
    if (line.starts_with('/')) line.remove_prefix(1);
    // What is behind its name; a subcommand that is a command by itself begins with its own.
    if (our_command(line)) line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
    std::vector<std::string> words = registry_.complete(caller, line);
    if (words.size() > most_completions) words.resize(most_completions);
    mailbox->post([to, session = caller.session, transaction, text, words = std::move(words)] {
      to->answer_completion(session, transaction, text, words);
    });
  });
}

std::shared_ptr<const mc::CommandTree> GameCommands::tree_for(const api::Caller& caller) const {
  using api::ArgumentKind;
  const auto permissions = permissions_.now();
  auto tree = std::make_shared<mc::CommandTree>();
  for (const auto& command : registry_.commands()) {
    if (!permissions->may_use(caller, *command)) continue;
    mc::CommandTree::Subcommand one{.name = command->name_in_game(), .arguments = {}};
    for (const api::Argument& argument : command->arguments)
      one.arguments.push_back({.name = argument.name,
                               .required = argument.required,
                               .is_text = argument.kind == ArgumentKind::text,
                               .asks = argument.kind != ArgumentKind::text});
    tree->subcommands.push_back(std::move(one));
  }
  if (tree->subcommands.empty()) return nullptr;
  tree->names.assign(names.begin(), names.end());
  const bool has_server =
      std::ranges::find(tree->subcommands, "server", &mc::CommandTree::Subcommand::name) !=
      tree->subcommands.end();
  if (has_server && permissions->has_server_command()) tree->alone.emplace_back("server");
  return tree;
}

}  // namespace drawbridge::core
