#include "app/ban_words.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <ranges>
#include <utility>

#include "app/daemon.hpp"
#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/tree.hpp"
#include "core/bans/ban_file.hpp"

namespace drawbridge::app {

using core::Ban;
using core::BanAudit;
using core::BanDocument;
using core::BanFile;
using core::BanSource;
using core::BanTarget;
using core::UnixSeconds;

namespace {

constexpr std::size_t longest_reason = 256;

BanReport failed(const std::string& what, int code = exit_config) {
  return {.text = what + "\n", .exit_code = code};
}

// The ban file that the configuration names, or why there is none to work on.
Result<config::Ban> settings_of(const std::optional<std::filesystem::path>& path,
                                const config::Overlays& overlays) {
  const config::GlobalFile found = config::find_global_file(path);
  config::Loaded loaded = config::load_global(found.path, overlays);
  if (!loaded.config) {
    std::string problems;
    for (const config::Problem& problem : loaded.problems)
      if (problem.severity == config::Problem::Severity::error) problems += problem.text() + "\n";
    return fail(Fault::proxy, "{}the global file is bad", problems);
  }
  if (loaded.config->ban.provider != "builtin")
    return fail(Fault::proxy, "ban.provider is \"{}\": the ban file is not used",
                loaded.config->ban.provider);
  return loaded.config->ban;
}

Result<core::BanFileRead> read(const BanFile& file) {
  auto out = file.read();
  if (out && !out->corrupt.empty())
    return fail(Fault::proxy, "{} {}", file.path().native(), out->corrupt);
  return out;
}

// Bans from a file may hold anything; a terminal sees it escaped.
std::string shown(std::string_view text) {
  return escaped_for_log(text, longest_reason);
}

std::string time_text(UnixSeconds when) {
  constexpr UnixSeconds year_9999 = 253'402'300'799;
  const std::time_t time = std::clamp<UnixSeconds>(when, 0, year_9999);
  return fmt::format("{:%Y-%m-%d %H:%M:%SZ}", fmt::gmtime(time));
}

std::string source_text(const BanSource& source) {
  return source.value.empty() ? shown(source.type)
                              : fmt::format("{} {}", shown(source.type), shown(source.value));
}

std::string ban_line(const Ban& ban, UnixSeconds now) {
  return fmt::format("{:<6} {:<8} {:<36} {:<12} {}\n", shown(ban.id), ban.target.type(),
                     shown(ban.target.value), remaining_text(ban, now),
                     ban.reason ? shown(*ban.reason) : "");
}

config::Node null_node() {
  config::Node out;
  out.kind = config::Node::Kind::other;
  return out;
}

config::Node optional_text(const std::optional<std::string>& text) {
  return text ? config::Node::of(std::string_view(*text)) : null_node();
}

config::Node source_json(const BanSource& source) {
  config::Node out;
  out.add("type", std::string_view(source.type));
  if (!source.value.empty()) out.add("value", std::string_view(source.value));
  return out;
}

config::Node ban_json(const Ban& ban) {
  config::Node out;
  out.add("id", std::string_view(ban.id));
  out.add("target_type", ban.target.type());
  out.add("target_value", std::string_view(ban.target.value));
  out.add("reason", optional_text(ban.reason));
  out.add("expires_at", ban.expires_at ? config::Node::of(*ban.expires_at) : null_node());
  out.add("created_at", config::Node::of(ban.created_at));
  out.add("source", source_json(ban.source));
  out.add("permanent", config::Node::of(!ban.expires_at.has_value()));
  return out;
}

config::Node audit_json(const BanAudit& entry) {
  config::Node out;
  out.add("timestamp", config::Node::of(entry.timestamp));
  out.add("action", std::string_view(entry.action));
  out.add("ban_id", std::string_view(entry.ban_id));
  out.add("target_type", entry.target.type());
  out.add("target_value", std::string_view(entry.target.value));
  out.add("reason", optional_text(entry.reason));
  out.add("source", source_json(entry.source));
  return out;
}

Result<std::optional<UnixSeconds>> end_of(const std::string& duration, UnixSeconds now) {
  if (duration.empty() || duration == "permanent" || duration == "perm") return std::nullopt;
  auto length = config::parse_duration(duration);
  if (!length) return std::unexpected(std::move(length.error()));
  const auto whole = std::chrono::ceil<seconds>(*length).count();
  if (whole <= 0) return fail(Fault::client, "\"{}\" is over at once", duration);
  return now + whole;
}

}  // namespace

BanReport add_ban(const BanWords& words, const std::optional<std::filesystem::path>& config,
                  const config::Overlays& overlays) {
  const auto settings = settings_of(config, overlays);
  if (!settings) return failed(settings.error().what);
  return add_ban(words, *settings);
}

BanReport add_ban(const BanWords& words, const config::Ban& settings) {
  auto target = BanTarget::parse(words.target);
  if (!target) return failed(target.error().what);
  const UnixSeconds now = core::unix_now();
  const auto expires = end_of(words.duration, now);
  if (!expires) return failed("--for: " + expires.error().what);
  if (words.reason && words.reason->size() > longest_reason)
    return failed(fmt::format("--reason: at most {} bytes", longest_reason));
  if (words.reason && !is_valid_utf8(*words.reason)) return failed("--reason: is no UTF-8");
  BanFile file(settings.file);
  Ban added;
  const auto done = file.edit([&](BanDocument& document) {
    added = document.add({.id = {},
                          .target = *target,
                          .reason = words.reason,
                          .expires_at = *expires,
                          .created_at = now,
                          .source = words.source},
                         settings.enable_audit_log);
    return true;
  });
  if (!done) return failed(done.error().what, exit_runtime);
  return {.text = fmt::format("banned {} {} ({}), ban {}\n", added.target.type(),
                              shown(added.target.value), remaining_text(added, now), added.id),
          .exit_code = exit_ok};
}

BanReport remove_ban(const BanWords& words, const std::optional<std::filesystem::path>& config,
                     const config::Overlays& overlays) {
  const auto settings = settings_of(config, overlays);
  if (!settings) return failed(settings.error().what);
  return remove_ban(words, *settings);
}

BanReport remove_ban(const BanWords& words, const config::Ban& settings) {
  auto target = BanTarget::parse(words.target);
  if (!target) return failed(target.error().what);
  BanFile file(settings.file);
  std::vector<Ban> removed;
  const auto done = file.edit([&](BanDocument& document) {
    removed = document.remove(*target, words.source, core::unix_now(), settings.enable_audit_log);
    return !removed.empty();
  });
  if (!done) return failed(done.error().what, exit_runtime);
  if (removed.empty())
    return failed(fmt::format("{} {} is not banned", target->type(), shown(target->value)),
                  exit_runtime);
  return {.text = fmt::format("unbanned {} {}\n", target->type(), shown(target->value)),
          .exit_code = exit_ok};
}

BanReport list_bans(const BanWords& words, const std::optional<std::filesystem::path>& config,
                    const config::Overlays& overlays) {
  const auto settings = settings_of(config, overlays);
  if (!settings) return failed(settings.error().what);
  const auto found = read(BanFile(settings->file));
  if (!found) return failed(found.error().what, exit_runtime);
  const UnixSeconds now = core::unix_now();
  BanReport out;
  config::Node json = config::Node::list();
  for (const Ban& ban : found->document.bans()) {
    if (!ban.holds_at(now)) continue;
    if (words.json)
      json.children.push_back(ban_json(ban));
    else
      out.text += ban_line(ban, now);
  }
  if (words.json) out.text = config::to_json(json) + "\n";
  if (out.text.empty()) out.text = "nobody is banned\n";
  for (const std::string& problem : found->document.problems())
    if (!words.json) out.text += fmt::format("warning: {}\n", problem);
  return out;
}

BanReport list_audit(const BanWords& words, const std::optional<std::filesystem::path>& config,
                     const config::Overlays& overlays) {
  const auto settings = settings_of(config, overlays);
  if (!settings) return failed(settings.error().what);
  const auto found = read(BanFile(settings->file));
  if (!found) return failed(found.error().what, exit_runtime);
  BanReport out;
  config::Node json = config::Node::list();
  const std::vector<BanAudit> audit = found->document.audit();
  for (const BanAudit& entry : std::views::reverse(audit)) {
    if (words.json) {
      json.children.push_back(audit_json(entry));
      continue;
    }
    out.text += fmt::format("{} {:<8} {:<6} {:<8} {:<36} {:<12} {}\n", time_text(entry.timestamp),
                            shown(entry.action), shown(entry.ban_id), entry.target.type(),
                            shown(entry.target.value), source_text(entry.source),
                            entry.reason ? shown(*entry.reason) : "");
  }
  if (words.json) out.text = config::to_json(json) + "\n";
  if (out.text.empty()) out.text = "nothing was recorded\n";
  return out;
}

}  // namespace drawbridge::app
