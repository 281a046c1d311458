// Who a player is to the servers behind an intercepted connection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/uuid.hpp"
#include "mc/handshake.hpp"
#include "mc/packets/login.hpp"

namespace drawbridge::core {

struct Profile {
  Uuid uuid;         // the session server's word, or derived from the name (Uuid::offline_uuid)
  std::string name;  // 1..16 characters; the session server's spelling where it was asked
  std::vector<mc::Property> properties;  // the skin ("textures"); empty where nobody was asked
  std::optional<mc::LoginKey> key;       // of 1.19 to 1.19.2, as the client sent it
  bool authenticated = false;            // the session server vouches for name and UUID
};

}  // namespace drawbridge::core
