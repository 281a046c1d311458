// Keys that are read and checked but that this build does not act on yet, and what follows for
// servers whose protection rests on one of them. Which keys those are stands in the key description
// (keys_*.cpp: `later`).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/global.hpp"
#include "config/load.hpp"
#include "config/server.hpp"

namespace drawbridge::config {

// Dotted paths of keys that differ from their default and do nothing yet, in the order of the
// reference page. The log says for each: accepted, not active yet. Keys that are file paths are
// only listed when `origins` says that somebody set them: a default path is resolved, so that its
// value alone does not tell.
std::vector<std::string> inactive_keys(const GlobalConfig& global, const Origins& origins = {});
std::vector<std::string> inactive_keys(const ServerConfig& server);

// Why `server` must not let players in: it asks for a protection that this build does not give
// (mode, countries without a database, a plugin that decides about bans,
// verify_before_wake). None: serve it. Status pings work either way.
std::optional<std::string> protection_missing(const ServerConfig& server,
                                              const GlobalConfig& global);

// Whether this build has keepers of that type. A server with another one is served as if it had no
// keeper.
bool is_active(KeeperType type);

}  // namespace drawbridge::config
