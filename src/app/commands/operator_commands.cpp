// Commands about admins: who they are, and more of them, until the next start or in the file.
#include <fmt/format.h>

#include <algorithm>

#include "app/commands/parts.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/list_edit.hpp"
#include "config/plain_file.hpp"
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

bool is_in_file(const CommandParts& parts, const std::string& name) {
  const auto& admins = parts.world()->global->permissions.admins;
  return std::ranges::any_of(
      admins, [&](const std::string& admin) { return key_of(admin) == key_of(name); });
}

constexpr std::size_t largest_file = std::size_t{4} << 20;
constexpr mode_t rights_of_a_file = 0644;

// `permissions.admins` of the global file, changed where it stands; then everything is read again.
Result<> save(const CommandParts& parts, const std::string& name, bool is_admin) {
  const auto file = parts.global_file();
  if (!file) return fail(Fault::proxy, "there is no configuration file to write it to");
  const auto origin = parts.origins().find("permissions.admins");
  using From = config::Origin::Kind;
  const bool is_overlaid =
      origin != parts.origins().end() &&
      (origin->second.kind == From::environment || origin->second.kind == From::command_line);
  if (is_overlaid)
    return fail(Fault::proxy, "permissions.admins comes from the {}, not from the file",
                origin->second.text());
  const auto change = [&](const config::PlainFile& old) -> Result<std::optional<std::string>> {
    std::string text = old.text;
    if (is_admin) {
      auto more = config::with_entry(text, "permissions", "admins", name);
      if (!more) return std::unexpected(more.error());
      return *more;
    }
    // As it is written there.
    for (const std::string& admin : parts.world()->global->permissions.admins) {
      if (key_of(admin) != key_of(name)) continue;
      auto less = config::without_entry(text, "permissions", "admins", admin);
      if (!less) return std::unexpected(less.error());
      text = std::move(*less);
    }
    return text;
  };
  const auto done = config::edit_file(*file, largest_file, rights_of_a_file, change);
  if (!done) return fail(Fault::proxy, "{}: {}", file->native(), done.error().what);
  (void)parts.reload();
  if (is_in_file(parts, name) != is_admin)
    return fail(Fault::proxy, "{} is written, but cannot be used: `drawbridge check` says why",
                file->native());
  return {};
}

Answer save_op(const CommandParts& parts, const std::string& name) {
  if (is_in_file(parts, name)) return Answer::warning(name + " is in `permissions.admins` already");
  const auto saved = save(parts, name, true);
  if (!saved) return Answer::error(saved.error().what);
  parts.operators.erase(key_of(name));
  parts.operators_changed();
  log::info("audit", "admin added", {{"admin", name}});
  return Answer::ok(fmt::format("{} is an admin; `permissions.admins` in {} says so", name,
                                parts.global_file()->native()));
}

Answer op(const CommandParts& parts, const CommandCall& call) {
  const std::string& name = call["name"];
  if (name.size() > 36 || escaped_for_log(name) != name)
    return Answer::error("a name or UUID was wanted");
  if (call.option("save") != nullptr) return save_op(parts, name);
  if (!parts.operators.insert(key_of(name)).second)
    return Answer::warning(name + " is an admin already");
  parts.operators_changed();
  log::info("audit", "admin added until the next start", {{"admin", name}});
  return Answer::ok(
      fmt::format("{} is an admin until the next start; `op {} --save` keeps it", name, name));
}

Answer deop(const CommandParts& parts, const CommandCall& call) {
  const std::string& name = call["name"];
  const std::string shown = escaped_for_log(name, 64);
  const bool was_operator = parts.operators.contains(key_of(name));
  if (is_in_file(parts, name)) {
    if (call.option("save") == nullptr)
      return Answer::error(fmt::format(
          "{} is in `permissions.admins`: `deop {} --save` takes it out there", shown, shown));
    const auto saved = save(parts, name, false);
    if (!saved) return Answer::error(saved.error().what);
  } else if (!was_operator) {
    return Answer::error(fmt::format("{} is no admin", shown));
  }
  parts.operators.erase(key_of(name));
  parts.operators_changed();
  log::info("audit", "admin taken out", {{"admin", name}});
  return Answer::ok(fmt::format("{} is no admin any more", shown));
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
                .summary = "Makes a player an admin until the next start; `--save`: in the file",
                .arguments = {{.name = "name", .kind = ArgumentKind::player}},
                .options = {{.name = "save"}},
                .run = [&parts](const CommandCall& call) { return op(parts, call); }});
  registry.add({.name = "deop",
                .summary = "Takes that back; `--save`: in the file",
                .arguments = {{.name = "name", .kind = ArgumentKind::player}},
                .options = {{.name = "save"}},
                .run = [&parts](const CommandCall& call) { return deop(parts, call); }});
  registry.add({.name = "ops",
                .aliases = {"oplist"},
                .summary = "Who the admins are",
                .run = [&parts](const CommandCall&) { return list(parts); }});
}

}  // namespace drawbridge::app
