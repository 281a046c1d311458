// The keepers of what runs elsewhere: containers, panels, webhooks.
#pragma once

#include <memory>

#include "features/keepers/keepers.hpp"

namespace drawbridge::features::keepers {

// Null for types that are none of these. Where something is missing that it needs, a keeper that
// says so to whoever asks it.
std::unique_ptr<api::Keeper> make_remote(const KeeperTools& tools, const KeeperOrder& order);

}  // namespace drawbridge::features::keepers
