// What a backend's words for a player that it does not let in tell its operator: the known servers
// say in fixed phrases what is wrong between them and a proxy. Read in the sources of Paper,
// Spigot, Minestom, BungeeGuard, FabricProxy-Lite and of forks of theirs.
#pragma once

#include <string>
#include <string_view>

#include "config/types.hpp"

namespace drawbridge::core {

// One line for the log; empty if the words are none of those (a ban, a full server, a plugin).
// `reason` is the text component of the disconnect as the backend wrote it, `ours` the forwarding
// that this proxy used.
std::string_view explain_refusal(std::string_view reason, config::ForwardingMode ours);

// The words without their dress, for the log: one line of some 120 bytes without quotes,
// backslashes and control characters. Bytes that are no text component are shown as they are, made
// harmless.
std::string readable_reason(std::string_view reason);

}  // namespace drawbridge::core
