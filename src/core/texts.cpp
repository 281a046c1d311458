#include "core/texts.hpp"

#include <fmt/format.h>

#include <array>

namespace drawbridge::core {

mc::Text to_mc(const config::Text& text) {
  return {
      .form = text.kind == config::Text::Kind::json ? mc::Text::Form::json : mc::Text::Form::legacy,
      .value = text.value};
}

namespace {

// "45s", "1m05s", "2h00m": for players, who need no more.
std::string spoken(Duration duration) {
  const auto total = std::chrono::ceil<seconds>(duration).count();
  if (total < 60) return fmt::format("{}s", total);
  if (total < 3600) return fmt::format("{}m{:02}s", total / 60, total % 60);
  return fmt::format("{}h{:02}m", total / 3600, total % 3600 / 60);
}

}  // namespace

mc::Text filled(const config::Text& text, const TextSubject& subject) {
  const Server* server = subject.server;
  const std::uint32_t players = server ? server->state->players() : 0;
  const std::uint32_t most = server ? server->config.max_players : 0;
  std::string wait;
  // Of a start nothing is said where nothing is known.
  if (subject.wait > Duration::zero() || !subject.elapsed)
    wait = std::to_string(std::chrono::ceil<seconds>(subject.wait).count());
  else if (subject.eta)
    wait = std::to_string(std::chrono::ceil<seconds>(*subject.eta).count());
  const std::string eta = subject.eta ? spoken(*subject.eta) : std::string();
  const std::string elapsed = subject.elapsed ? spoken(*subject.elapsed) : std::string();
  const std::array<mc::Value, 11> values = {{
      {"server", server ? server->id() : std::string{}},
      {"host", std::string(subject.host)},
      {"player", std::string(subject.player)},
      {"players", std::to_string(players)},
      {"max", std::to_string(most)},
      {"seconds", wait},
      {"eta", eta},
      {"elapsed", elapsed},
      {"duration", elapsed},
      {"reason", std::string(subject.reason)},
      {"remaining", std::string(subject.remaining)},
  }};
  return mc::expand(to_mc(text), values);
}

namespace {

// The first thing that a new user sees when nothing is configured: say what to do next instead of
// "unknown host".
config::Text with_first_steps(config::Text text, const TextSubject& subject) {
  text.value += fmt::format(
      "\n\n§7Create §f{}/my-server.toml§7:\n§fdomains = [\"{{host}}\"]\naddresses = "
      "[\"127.0.0.1:25566\"]",
      subject.world->global->servers_dir.string());
  return text;
}

// The server's owner hears from the first player what keeps everybody out.
config::Text with_reason(config::Text text, std::string_view reason) {
  text.value += fmt::format("\n\n§7{}", reason);
  return text;
}

}  // namespace

mc::Text kick_words(config::Kick kick, const TextSubject& subject, std::string_view detail) {
  const config::GlobalConfig& global = *subject.world->global;
  config::Text text =
      config::kick_text(kick, subject.server ? &subject.server->config : nullptr, global);
  const bool own_words = global.kick_messages.contains(kick) ||
                         (subject.server && subject.server->config.kick_messages.contains(kick));
  if (kick == config::Kick::unknown_host && subject.may_see_paths && !own_words)
    text = with_first_steps(std::move(text), subject);
  if (kick == config::Kick::not_allowed && subject.server && subject.server->withheld)
    detail = *subject.server->withheld;
  if (!detail.empty() && !own_words) text = with_reason(std::move(text), detail);
  return filled(text, subject);
}

}  // namespace drawbridge::core
