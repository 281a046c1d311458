#include "base/log_filter.hpp"

#include <array>
#include <optional>

#include "base/strings.hpp"

namespace drawbridge::log {

namespace {

constexpr std::array<std::string_view, 6> level_names = {"trace", "debug", "info",
                                                         "warn",  "error", "off"};

std::optional<Level> parse_level(std::string_view word) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (equal_ignoring_case(word, level_names[i])) return static_cast<Level>(i);
  return std::nullopt;
}

// Targets of Infrarust's own filters name modules that do not exist here; each of them means
// everything.
bool means_everything(std::string_view target) {
  return target.starts_with("infrarust");
}

// What lines of this program say they are about; operators find the list in docs/operations.md.
constexpr std::array<std::string_view, 17> known_targets = {
    "app", "audit",  "balance", "bans", "channel", "config",  "connection", "control", "discovery",
    "dns", "docker", "files",   "http", "net",     "session", "status",     "wake"};

}  // namespace

std::string_view name_of(Level level) {
  return level_names[static_cast<std::size_t>(level)];
}

std::span<const std::string_view> targets() {
  return known_targets;
}

std::vector<std::string> unknown_targets(std::string_view filter) {
  std::vector<std::string> unknown;
  const auto parsed = parse_filter(filter);
  if (!parsed) return unknown;
  for (const auto& [name, level] : parsed->targets)
    if (std::ranges::find(known_targets, name) == known_targets.end()) unknown.push_back(name);
  return unknown;
}

Result<Filter> parse_filter(std::string_view text) {
  Filter filter;
  std::optional<Level> bare;
  std::optional<Level> foreign;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view entry = trimmed(part);
    if (entry.empty()) continue;
    const auto equals = entry.find('=');
    const std::string_view target = trimmed(entry.substr(0, equals));
    if (equals == std::string_view::npos) {
      if (const auto level = parse_level(entry)) {
        bare = level;
      } else if (means_everything(entry)) {
        foreign = Level::trace;  // a target alone enables all of its levels
      } else {
        return fail(Fault::proxy,
                    "log filter: \"{}\" is none of trace, debug, info, warn, error, off",
                    escaped_for_log(entry));
      }
      continue;
    }
    const auto level = parse_level(trimmed(entry.substr(equals + 1)));
    if (!level || target.empty())
      return fail(Fault::proxy,
                  "log filter: \"{}\" is not TARGET=LEVEL with one of the levels "
                  "trace, debug, info, warn, error, off",
                  escaped_for_log(entry));
    if (means_everything(target)) {
      foreign = std::min(foreign.value_or(Level::off), *level);
    } else {
      std::erase_if(filter.targets, [&](const auto& known) { return known.first == target; });
      filter.targets.emplace_back(target, *level);
    }
  }
  filter.everything = foreign.value_or(bare.value_or(Level::info));
  return filter;
}

}  // namespace drawbridge::log
