// Commands about bans. They work on the ban file as the words of the command line do, and have the
// running proxy read it at once.
#include <fmt/format.h>

#include <algorithm>

#include "app/ban_words.hpp"
#include "app/commands/parts.hpp"
#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/tree.hpp"

namespace drawbridge::app {

using api::Answer;
using api::ArgumentKind;
using api::Availability;
using api::CommandCall;
using core::Ban;
using core::BanTarget;

namespace {

constexpr std::size_t page_size = 20;
constexpr std::size_t longest_shown = 256;

core::BanSource source_of(const api::Caller& caller) {
  if (caller.is_console()) return {};
  return {.type = "player", .value = caller.name};
}

Answer answer_of(const BanReport& report) {
  std::string text(trimmed(report.text));
  return report.exit_code == exit_ok ? Answer::ok(std::move(text)) : Answer::error(std::move(text));
}

using Kind = BanTarget::Kind;

Answer settings_error(const config::Ban& settings) {
  return Answer::error(fmt::format("ban.provider is \"{}\": the ban file is not used",
                                   escaped_for_log(settings.provider, 64)));
}

Answer ban(const CommandParts& parts, const CommandCall& call) {
  const std::string& typed = call[call.command->arguments.front().name];
  const config::Ban& settings = parts.world()->global->ban;
  if (settings.provider != "builtin") return settings_error(settings);
  BanWords words{.target = typed,
                 .duration = call["duration"],
                 .reason = std::nullopt,
                 .json = false,
                 .source = source_of(call.caller)};
  if (call.has("reason")) words.reason = call["reason"];
  const BanReport report = add_ban(words, settings);
  if (report.exit_code == exit_ok) parts.bans.reload();
  return answer_of(report);
}

Answer unban(const CommandParts& parts, const CommandCall& call) {
  const config::Ban& settings = parts.world()->global->ban;
  if (settings.provider != "builtin") return settings_error(settings);
  const BanReport report = remove_ban({.target = call[call.command->arguments.front().name],
                                       .duration = {},
                                       .reason = std::nullopt,
                                       .json = false,
                                       .source = source_of(call.caller)},
                                      settings);
  if (report.exit_code == exit_ok) parts.bans.reload();
  return answer_of(report);
}

std::vector<const Ban*> holding(const CommandParts& parts) {
  std::vector<const Ban*> out;
  if (!parts.bans.bans()) return out;
  for (const Ban& one : parts.bans.bans()->bans())
    if (one.holds_at(core::unix_now())) out.push_back(&one);
  return out;
}

config::Node json_of(const Ban& ban) {
  config::Node out;
  out.add("id", ban.id);
  out.add("target_type", ban.target.type());
  out.add("target_value", ban.target.value);
  if (ban.reason) out.add("reason", *ban.reason);
  if (ban.expires_at) out.add("expires_at", config::Node::of(*ban.expires_at));
  out.add("created_at", config::Node::of(ban.created_at));
  out.add("permanent", config::Node::of(!ban.expires_at.has_value()));
  return out;
}

std::string shown(std::string_view text) {
  return escaped_for_log(text, longest_shown);
}

Answer list(const CommandParts& parts, const std::string& page_text) {
  const auto bans = holding(parts);
  const std::size_t pages = std::max<std::size_t>((bans.size() + page_size - 1) / page_size, 1);
  std::size_t page = 1;
  if (!page_text.empty()) {
    const auto number = parse_int<std::size_t>(page_text);
    if (!number || *number < 1 || *number > pages)
      return Answer::error(fmt::format("there are {} pages", pages));
    page = *number;
  }
  Answer out = Answer::table(fmt::format("bans ({}), page {} of {}", bans.size(), page, pages));
  config::Node json = config::Node::list();
  for (const Ban* one : bans) json.children.push_back(json_of(*one));
  for (std::size_t i = (page - 1) * page_size; i < std::min(bans.size(), page * page_size); ++i) {
    const Ban& one = *bans[i];
    out.lines.push_back(fmt::format(
        "{:<6} {:<8} {:<36} {:<12} {}", shown(one.id), one.target.type(), shown(one.target.value),
        remaining_text(one, core::unix_now()), one.reason ? shown(*one.reason) : ""));
  }
  out.json = config::to_json(json) + "\n";
  return out;
}

// What a target is banned by: itself, or for an address the networks that it is in.
Answer info(const CommandParts& parts, const std::string& typed) {
  const auto target = BanTarget::parse(typed);
  if (!target) return Answer::error(target.error().what);
  const bool is_network = target->kind == Kind::ip || target->kind == Kind::ip_range;
  Answer out = Answer::table(fmt::format("{} {}", target->type(), shown(target->value)));
  config::Node json = config::Node::list();
  for (const Ban* one : holding(parts)) {
    const bool covers = is_network &&
                        (one->target.kind == Kind::ip || one->target.kind == Kind::ip_range) &&
                        one->target.network().prefix <= target->network().prefix &&
                        one->target.network().contains(target->network().network);
    if (!covers && !one->target.same_as(*target)) continue;
    out.lines.push_back(fmt::format("ban {} of {} {}: {}, by {}{}{}", shown(one->id),
                                    one->target.type(), shown(one->target.value),
                                    remaining_text(*one, core::unix_now()), shown(one->source.type),
                                    one->source.value.empty() ? "" : " " + shown(one->source.value),
                                    one->reason ? ", reason: " + shown(*one->reason) : ""));
    json.children.push_back(json_of(*one));
  }
  if (out.lines.empty())
    return Answer::ok(fmt::format("{} {} is not banned", target->type(), shown(target->value)));
  out.json = config::to_json(json) + "\n";
  return out;
}

void add_ban_command(api::CommandRegistry& registry, const CommandParts& parts,
                     api::Command command, std::vector<Kind> kinds) {
  command.arguments.push_back(
      {.name = "duration", .kind = ArgumentKind::duration, .required = false});
  command.arguments.push_back({.name = "reason", .kind = ArgumentKind::text, .required = false});
  command.run = [&parts, kinds = std::move(kinds)](const CommandCall& call) {
    const std::string& typed = call[call.command->arguments.front().name];
    if (const auto target = BanTarget::parse(typed);
        target && std::ranges::find(kinds, target->kind) == kinds.end())
      return Answer::error(fmt::format("\"{}\" is read as {}: there are ban, ban-ip and ban-uuid",
                                       escaped_for_log(typed, 64), target->type()));
    return ban(parts, call);
  };
  registry.add(std::move(command));
}

}  // namespace

void add_ban_commands(api::CommandRegistry& registry, const CommandParts& parts) {
  registry.check_with(ArgumentKind::duration, [](std::string_view word) {
    if (word == "permanent" || word == "perm") return std::optional<std::string>();
    const auto parsed = config::parse_duration(word);
    return parsed ? std::nullopt : std::optional(parsed.error().what);
  });
  registry.complete_with(ArgumentKind::duration, [](auto) {
    return std::vector<std::string>{"30m", "2h", "1d", "7d", "30d", "1y", "permanent"};
  });
  registry.complete_with(ArgumentKind::target, [&parts](auto) {
    std::vector<std::string> out;
    for (const Ban* one : holding(parts)) out.push_back(one->target.value);
    return out;
  });
  add_ban_command(registry, parts,
                  {.name = "ban",
                   .summary = "Bans a player's name, at once",
                   .arguments = {{.name = "player", .kind = ArgumentKind::player}},
                   .in_game = Availability::admin},
                  {Kind::username});
  add_ban_command(registry, parts,
                  {.name = "ban-ip",
                   .aliases = {"banip"},
                   .summary = "Bans an address or network",
                   .arguments = {{.name = "ip or range"}}},
                  {Kind::ip, Kind::ip_range});
  add_ban_command(
      registry, parts,
      {.name = "ban-uuid", .summary = "Bans an account", .arguments = {{.name = "uuid"}}},
      {Kind::uuid});
  const auto add_unban = [&](api::Command command) {
    command.run = [&parts](const CommandCall& call) { return unban(parts, call); };
    registry.add(std::move(command));
  };
  add_unban({.name = "unban",
             .aliases = {"pardon"},
             .summary = "Takes a player's ban back",
             .arguments = {{.name = "player", .kind = ArgumentKind::target}},
             .in_game = Availability::admin});
  add_unban({.name = "unban-ip",
             .aliases = {"unbanip", "pardonip"},
             .summary = "The same, as it was banned",
             .arguments = {{.name = "ip or range", .kind = ArgumentKind::target}}});
  add_unban({.name = "unban-uuid",
             .summary = "The same for an account",
             .arguments = {{.name = "uuid", .kind = ArgumentKind::target}}});
  registry.add({.name = "banlist",
                .aliases = {"bans"},
                .summary = "The bans that hold",
                .arguments = {{.name = "page", .required = false}},
                .run = [&parts](const CommandCall& call) { return list(parts, call["page"]); }});
  registry.add({.name = "baninfo",
                .summary = "Whether and why a player, address, network or UUID is banned",
                .arguments = {{.name = "target", .kind = ArgumentKind::target}},
                .run = [&parts](const CommandCall& call) { return info(parts, call["target"]); }});
}

}  // namespace drawbridge::app
