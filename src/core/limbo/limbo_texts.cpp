#include "core/limbo/limbo_texts.hpp"

namespace drawbridge::core {

namespace {

constexpr std::int32_t title_ticks = 100;   // 5 seconds
constexpr std::uint32_t title_seconds = 4;  // so that it does not fade
constexpr std::uint32_t boss_bar_seconds = 2;

mc::Text text_of(const std::optional<config::Text>& text, const TextSubject& subject) {
  return text ? filled(*text, subject) : mc::Text::legacy("");
}

void show_title(LimboSession& player, const TextSubject& subject) {
  const config::Limbo& limbo = subject.world->global->limbo;
  if (!limbo.title && !limbo.subtitle) return;
  player.show_title(text_of(limbo.title, subject), text_of(limbo.subtitle, subject), title_ticks);
}

void show_boss_bar(LimboSession& player, const TextSubject& subject) {
  const config::Limbo& limbo = subject.world->global->limbo;
  if (limbo.boss_bar) player.show_boss_bar(filled(*limbo.boss_bar, subject), 1);
}

}  // namespace

void show_limbo(LimboSession& player, const TextSubject& subject) {
  show_title(player, subject);
  show_boss_bar(player, subject);
  const config::Limbo& limbo = subject.world->global->limbo;
  if (limbo.chat) player.tell(filled(*limbo.chat, subject));
}

void refresh_limbo(LimboSession& player, const TextSubject& subject, std::uint32_t stayed) {
  if (stayed % title_seconds == title_seconds - 1) show_title(player, subject);
  const auto& bar = subject.world->global->limbo.boss_bar;
  const bool changes = bar && bar->value.find('{') != std::string::npos;
  if (changes && stayed % boss_bar_seconds == 0) show_boss_bar(player, subject);
}

}  // namespace drawbridge::core
