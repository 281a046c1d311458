// The built-in lobby: where players land while nobody has described a server. It is a limbo that
// tells how to add one, and says so when one appears. Nobody there sees or hears anybody else.
#pragma once

#include <string_view>

#include "core/limbo/limbo_session.hpp"
#include "core/server.hpp"
#include "core/texts.hpp"
#include "core/world.hpp"

namespace drawbridge::core {

// `offline`, in no network.
ServerPtr make_lobby();

// On arrival.
void show_lobby(LimboSession& player, const TextSubject& subject);
void tell_lobby_help(LimboSession& player, const TextSubject& subject);
// subject.world has taken the place of `before`.
void tell_lobby_of_servers(LimboSession& player, const TextSubject& subject, const World& before);

}  // namespace drawbridge::core
