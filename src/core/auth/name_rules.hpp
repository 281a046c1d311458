// Which names may log in where we read the login (auth.names). In the forwarding family the backend
// decides.
#pragma once

#include <string_view>

#include "config/types.hpp"

namespace drawbridge::core {

// strict: 3..16 of letters, digits and underscore, what accounts can be called today. lax: 1..16
// visible ASCII characters, what vanilla servers take; accounts from before 2012 need it, and
// Bedrock players whose names carry a prefix.
bool is_allowed_name(std::string_view name, config::NameRule rule);

}  // namespace drawbridge::core
