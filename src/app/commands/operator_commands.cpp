// Commands about admins: who they are, and more of them until the next start.
#include <fmt/format.h>

#include "app/commands/parts.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/tree.hpp"

namespace drawbridge::app {

using api::Answer;
using api::ArgumentKind;
using api::CommandCall;

namespace {

std::string key_of(const std::string& name) {
  const auto uuid = Uuid::parse(name);
  return uuid ? uuid->text() : lowered(name);
}

Answer op(const CommandParts& parts, const std::string& name) {
  if (name.size() > 36 || escaped_for_log(name) != name)
    return Answer::error("a name or UUID was wanted");
  if (!parts.operators.insert(key_of(name)).second)
    return Answer::warning(name + " is an admin already");
  parts.operators_changed();
  log::info("audit", "admin added until the next start", {{"admin", name}});
  return Answer::ok(fmt::format(
      "{} is an admin until the next start; `permissions.admins` in the file keeps it", name));
}

Answer deop(const CommandParts& parts, const std::string& name) {
  if (parts.operators.erase(key_of(name)) > 0) {
    parts.operators_changed();
    log::info("audit", "admin taken out", {{"admin", name}});
    return Answer::ok(fmt::format("{} is no admin any more", escaped_for_log(name, 64)));
  }
  for (const std::string& admin : parts.world()->global->permissions.admins)
    if (key_of(admin) == key_of(name))
      return Answer::error(fmt::format("{} is in `permissions.admins`: take it out there", admin));
  return Answer::error(fmt::format("{} is no admin", escaped_for_log(name, 64)));
}

Answer list(const CommandParts& parts) {
  const config::Permissions& permissions = parts.world()->global->permissions;
  Answer out =
      Answer::table(fmt::format("admins ({})", permissions.admins.size() + parts.operators.size()));
  config::Node json = config::Node::list();
  for (const std::string& admin : permissions.admins) {
    out.lines.push_back(admin);
    json.children.push_back(config::Node::of(std::string_view(admin)));
  }
  for (const std::string& admin : parts.operators) {
    out.lines.push_back(admin + " (until the next start)");
    json.children.push_back(config::Node::of(std::string_view(admin)));
  }
  if (!permissions.trust_offline_admins)
    out.lines.emplace_back("players whom nobody verifies are no admins (trust_offline_admins)");
  out.json = config::to_json(json) + "\n";
  return out;
}

}  // namespace

void add_operator_commands(api::CommandRegistry& registry, const CommandParts& parts) {
  registry.add({.name = "op",
                .summary = "Makes a player an admin until the next start",
                .arguments = {{.name = "name", .kind = ArgumentKind::player}},
                .run = [&parts](const CommandCall& call) { return op(parts, call["name"]); }});
  registry.add({.name = "deop",
                .summary = "Takes that back",
                .arguments = {{.name = "name", .kind = ArgumentKind::player}},
                .run = [&parts](const CommandCall& call) { return deop(parts, call["name"]); }});
  registry.add({.name = "ops",
                .aliases = {"oplist"},
                .summary = "Who the admins are",
                .run = [&parts](const CommandCall&) { return list(parts); }});
}

}  // namespace drawbridge::app
