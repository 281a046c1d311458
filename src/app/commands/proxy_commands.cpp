// Commands about the proxy itself: its state, configuration, log and end.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>

#include "app/commands/parts.hpp"
#include "app/console_words.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "base/log_reader.hpp"
#include "base/strings.hpp"
#include "config/check.hpp"
#include "config/grammar.hpp"

namespace drawbridge::app {

using api::Answer;
using api::ArgumentKind;
using api::Availability;
using api::CommandCall;

namespace {

// A text of several lines; its first one is the headline.
Answer table_of(std::string_view text) {
  const auto lines = split(trimmed(text), '\n');
  Answer out = Answer::table(std::string(lines.front()));
  for (std::size_t i = 1; i < lines.size(); ++i) out.lines.emplace_back(lines[i]);
  return out;
}

Answer version(const CommandParts& parts, const CommandCall& call) {
  if (!call.caller.is_console()) {
    const StatusFacts facts = parts.status();
    const auto up = std::chrono::duration_cast<milliseconds>(facts.uptime).count();
    return Answer::table(
        fmt::format("Drawbridge {}", facts.version),
        {fmt::format("players {}, up {}", parts.proxy.players().size(), readable_duration(up))});
  }
  Answer out = table_of(version_text(false));
  out.json = version_text(true);
  return out;
}

Answer status(const CommandParts& parts) {
  const StatusFacts facts = parts.status();
  Answer out = table_of(status_text(facts));
  out.json = status_json(facts);
  return out;
}

// A key, or all that begin with what is asked for.
std::vector<config::ShownValue> below(std::vector<config::ShownValue> values,
                                      std::string_view key) {
  std::erase_if(values, [&](const config::ShownValue& one) {
    return one.path != key && !one.path.starts_with(fmt::format("{}.", key)) &&
           !one.path.starts_with(fmt::format("{}[", key));
  });
  return values;
}

Answer shown(std::string head, const std::vector<config::ShownValue>& values) {
  Answer out = Answer::table(std::move(head));
  for (const config::ShownValue& one : values)
    out.lines.push_back(fmt::format("{} = {}  # {}", one.path, one.text(), one.origin));
  return out;
}

// "servers.lobby", "servers.lobby.domains", or a global key.
Answer config_of(const CommandParts& parts, const std::string& key) {
  const core::WorldPtr world = parts.world();
  if (key.empty()) {
    Answer out = Answer::table("configuration: `config servers.ID`, `config KEY`");
    for (const core::ServerPtr& server : world->servers)
      out.lines.push_back(fmt::format("servers.{} ({})", server->id(), name_of(server->provider)));
    return out;
  }
  if (key == "problems") return table_of(parts.check());
  constexpr std::string_view servers = "servers.";
  if (key.starts_with(servers)) {
    const std::string rest = key.substr(servers.size());
    const std::string id = rest.substr(0, rest.find('.'));
    const core::Server* server = world->find(id);
    if (server == nullptr)
      return Answer::error(fmt::format("there is no server {}", escaped_for_log(id, 64)));
    auto values = config::shown_values(server->config, {});
    for (config::ShownValue& one : values) one.origin = std::string(name_of(server->provider));
    if (rest.size() > id.size()) values = below(std::move(values), rest.substr(id.size() + 1));
    if (!values.empty()) return shown("servers." + rest, values);
  } else {
    const auto values = below(config::shown_values(*world->global, parts.origins()), key);
    if (!values.empty()) return shown(key, values);
  }
  return Answer::error(fmt::format("there is no key {}", escaped_for_log(key, 64)));
}

// The level of everything, or of one target on top of the filter that holds.
Answer set_log(const CommandCall& call) {
  const std::string& level = call["level"];
  if (!call.has("target")) {
    if (const auto set = log::set_filter(level); !set) return Answer::error(set.error().what);
    return Answer::ok("log level " + level);
  }
  const std::string& target = call["target"];
  const auto targets = log::targets();
  if (std::ranges::find(targets, std::string_view(target)) == targets.end())
    return Answer::error(fmt::format("no line of the log has the target \"{}\"; there are: {}",
                                     escaped_for_log(target, 32), fmt::join(targets, " ")));
  const std::string filter = fmt::format("{},{}={}", log::filter(), target, level);
  if (const auto set = log::set_filter(filter); !set) return Answer::error(set.error().what);
  return Answer::ok(fmt::format("log level {} for {}", level, target));
}

// The last lines that were written, of the level and above.
Answer past_log(const CommandCall& call) {
  const std::string* level = call.option("level");
  const auto least = level != nullptr ? level_called(*level) : std::optional(log::Level::trace);
  if (!least) return Answer::error("--level: wanted is trace, debug, info, warn or error");
  const std::string lines = log::Reader(*least).take();
  Answer out = table_of("log, the last lines\n" + lines);
  return out;
}

// One picture of what `drawbridge ctl top` shows again and again.
Answer top(const CommandParts& parts) {
  constexpr std::size_t most_shown = 40;
  const StatusFacts facts = parts.status();
  std::vector<core::PlayerNote> players = parts.proxy.players();
  const auto up = std::chrono::duration_cast<milliseconds>(facts.uptime).count();
  Answer out =
      Answer::table(fmt::format("Drawbridge {}, up {}, players {}, connections {}", facts.version,
                                readable_duration(up), players.size(), facts.connections));
  out.lines.push_back(fmt::format("{:<24} {:>7}  {}", "SERVER", "PLAYERS", "STATE"));
  for (const core::ServerPtr& server : parts.world()->servers)
    out.lines.push_back(fmt::format("{:<24} {:>7}  {}", server->id(), server->state->players(),
                                    state_text(*server)));
  out.lines.emplace_back();
  out.lines.push_back(
      fmt::format("{:<16} {:<24} {:<8} {:>10}  {}", "PLAYER", "SERVER", "VERSION", "FOR", "FROM"));
  std::ranges::sort(players, std::ranges::greater(), &core::PlayerNote::since);
  const std::int64_t now = core::unix_now();
  for (const core::PlayerNote& one : players) {
    if (&one == &players[0] + most_shown) {
      out.lines.push_back(fmt::format("... and {} more", players.size() - most_shown));
      break;
    }
    out.lines.push_back(
        fmt::format("{:<16} {:<24} {:<8} {:>10}  {}", escaped_for_log(one.name, 32),
                    one.server + (one.is_in_limbo ? " (limbo)" : ""), mc::release_name(one.version),
                    readable_duration(std::max<std::int64_t>(now - one.since, 0) * 1000),
                    core::client_text(one.client)));
  }
  return out;
}

Answer stop(const CommandParts& parts, const CommandCall& call) {
  std::optional<Duration> drain;
  if (call.has("duration")) {
    const auto length = config::parse_duration(call["duration"]);
    if (!length) return Answer::error(length.error().what);
    drain = *length;
  }
  log::info("app", "stopping (command)");
  parts.stop(drain, call["message"]);
  return Answer::ok("stopping");
}

Answer reload(const CommandParts& parts) {
  log::info("app", "reloading (command)");
  return reload_answer(parts.reload());
}

Answer give_memory_back() {
  return malloc_trim(0) == 1 ? Answer::ok("free memory was given back to the system")
                             : Answer::ok("no free memory could be given back");
}

}  // namespace

std::optional<log::Level> level_called(std::string_view name) {
  using enum log::Level;
  constexpr std::pair<std::string_view, log::Level> levels[] = {
      {"trace", trace}, {"debug", debug}, {"info", info}, {"warn", warn}, {"error", error}};
  const auto* at = std::ranges::find(levels, name, &std::pair<std::string_view, log::Level>::first);
  return at == std::end(levels) ? std::nullopt : std::optional(at->second);
}

void add_proxy_commands(api::CommandRegistry& registry, const CommandParts& parts) {
  registry.complete_with(ArgumentKind::level, [](auto) {
    return std::vector<std::string>{"trace", "debug", "info", "warn", "error", "off"};
  });
  registry.check_with(ArgumentKind::level, [](std::string_view word) {
    constexpr std::string_view levels[] = {"trace", "debug", "info", "warn", "error", "off"};
    if (std::ranges::find(levels, word) != std::end(levels)) return std::optional<std::string>();
    return std::optional<std::string>(fmt::format(
        "\"{}\" is none of trace, debug, info, warn, error, off", escaped_for_log(word, 32)));
  });
  registry.add({.name = "status",
                .aliases = {"info"},
                .summary = "An overview, and who was refused in the last hour",
                .run = [&parts](const CommandCall&) { return status(parts); }});
  registry.add({.name = "version",
                .aliases = {"ver"},
                .summary = "Version and build",
                .in_game = Availability::may_be_opened,
                .run = [&parts](const CommandCall& call) { return version(parts, call); }});
  registry.add({.name = "reload",
                .summary = "Reads all configuration again, and says what changed",
                .in_game = Availability::admin,
                .run = [&parts](const CommandCall&) { return reload(parts); }});
  registry.add(
      {.name = "config",
       .summary = "The values that hold, and where they came from; `problems`",
       .arguments = {{.name = "key", .required = false, .choices = {"problems"}}},
       .run = [&parts](const CommandCall& call) { return config_of(parts, call["key"]); }});
  registry.add({.name = "log",
                .summary = "Changes the log's level until the next start",
                .arguments = {{.name = "level", .kind = ArgumentKind::level},
                              {.name = "target", .required = false}},
                .run = set_log});
  registry.add({.name = "logs",
                .summary = "The last lines of the log; `drawbridge ctl logs -f` goes on",
                .options = {{.name = "level", .value = "level", .kind = ArgumentKind::level}},
                .run = past_log});
  registry.add({.name = "top",
                .summary = "Servers and the newest players; `drawbridge ctl top` stays",
                .run = [&parts](const CommandCall&) { return top(parts); }});
  registry.add({.name = "clear",
                .aliases = {"cls"},
                .summary = "Clears the console's screen",
                .run = [](const CommandCall&) {
                  return Answer::error("only a console on a terminal has a screen to clear");
                }});
  registry.add({.name = "gc",
                .summary = "Gives free memory back to the system",
                .run = [](const CommandCall&) { return give_memory_back(); }});
  registry.add(
      {.name = "stop",
       .aliases = {"shutdown", "exit", "quit"},
       .summary = "Stops the proxy, when players have left or the time is over",
       .arguments = {{.name = "duration", .kind = ArgumentKind::duration, .required = false},
                     {.name = "message", .kind = ArgumentKind::text, .required = false}},
       .run = [&parts](const CommandCall& call) { return stop(parts, call); }});
}

}  // namespace drawbridge::app
