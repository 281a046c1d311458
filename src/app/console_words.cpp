#include "app/console_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/daemon.hpp"
#include "base/strings.hpp"
#include "config/types.hpp"

namespace drawbridge::app {

namespace {

std::string state_of(const core::AddressHealth& health, TimePoint now) {
  if (health.drained()) return "drained";
  switch (health.availability(now)) {
    case core::Availability::healthy:
      return "in use";
    case core::Availability::recovering:
      return "left out; the next connection tries it";
    case core::Availability::ejected:
      break;
  }
  const auto left = std::chrono::duration_cast<milliseconds>(health.out_until() - now).count();
  return fmt::format("left out; tried again in {}", readable_duration(std::max<long>(left, 0)));
}

void add_list(std::string& out, std::string_view what, const std::vector<std::string>& items) {
  if (!items.empty()) out += fmt::format("  {}: {}\n", what, fmt::join(items, " "));
}

}  // namespace

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

std::string reload_text(const ReloadOutcome& outcome) {
  std::string out =
      outcome.errors == 0
          ? std::string("ok: reloaded\n")
          : fmt::format("{} reloaded, but {} cannot be used; what was live before stays\n",
                        error_mark,
                        outcome.errors == 1 ? std::string("1 file")
                                            : fmt::format("{} files", outcome.errors));
  add_list(out, "changed", outcome.changed);
  add_list(out, "wait for a restart", outcome.waiting);
  add_list(out, "servers added", outcome.added);
  add_list(out, "servers updated", outcome.updated);
  add_list(out, "servers removed", outcome.removed);
  for (const std::string& problem : outcome.problems) out += fmt::format("  {}\n", problem);
  return out;
}

std::string server_text(const core::Server& server, TimePoint now) {
  std::string out = fmt::format("{}: {}, players {}\n", server.id(),
                                config::name_of(server.config.balance), server.state->players());
  const auto addresses = server.pool->addresses();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const core::AddressHealth& health = server.pool->health(i);
    out += fmt::format("  {}  {}, connections {}\n", addresses[i].text, state_of(health, now),
                       health.load());
  }
  return out;
}

}  // namespace drawbridge::app
