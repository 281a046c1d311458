// The session server's word on a player: who the account is, and its signed properties (the skin).
// Pure; the text comes from the network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "mc/packets/login.hpp"

namespace drawbridge::mc {

// As many properties as `success` and forwarding may carry; vanilla has one.
inline constexpr std::size_t max_profile_properties = 16;

struct SessionProfile {
  Uuid uuid;
  std::string name;  // as the account writes it; 1..16 characters
  std::vector<Property> properties;
};

// The body of a `hasJoined` answer. An error (of the backend: the session server) for anything but
// an object with an id and a name, and for properties that `success` could not carry.
Result<SessionProfile> read_session_profile(std::string_view json);

}  // namespace drawbridge::mc
