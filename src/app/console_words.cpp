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

void add_list(std::vector<std::string>& out, std::string_view what,
              const std::vector<std::string>& items) {
  if (!items.empty()) out.push_back(fmt::format("{}: {}", what, fmt::join(items, " ")));
}

}  // namespace

api::Answer reload_answer(const ReloadOutcome& outcome) {
  api::Answer out = outcome.errors == 0
                        ? api::Answer::ok("reloaded")
                        : api::Answer::error(fmt::format(
                              "reloaded, but {} cannot be used; what was live before stays",
                              outcome.errors == 1 ? std::string("1 file")
                                                  : fmt::format("{} files", outcome.errors)));
  add_list(out.lines, "changed", outcome.changed);
  add_list(out.lines, "wait for a restart", outcome.waiting);
  add_list(out.lines, "servers added", outcome.added);
  add_list(out.lines, "servers updated", outcome.updated);
  add_list(out.lines, "servers removed", outcome.removed);
  out.lines.insert(out.lines.end(), outcome.problems.begin(), outcome.problems.end());
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
