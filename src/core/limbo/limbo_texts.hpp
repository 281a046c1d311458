// What `[limbo]` of the configuration shows to players.
#pragma once

#include <cstdint>

#include "core/limbo/limbo_session.hpp"
#include "core/texts.hpp"

namespace drawbridge::core {

// On arrival: title, chat line, boss bar.
void show_limbo(LimboSession& player, const TextSubject& subject);
// Once a second: texts with placeholders are shown anew now and then, and the title before it
// fades.
void refresh_limbo(LimboSession& player, const TextSubject& subject, std::uint32_t stayed);

}  // namespace drawbridge::core
