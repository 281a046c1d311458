// Words for a player who is not let in.
#pragma once

#include "base/bytes.hpp"
#include "mc/text.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

// The login disconnect as a whole frame, before compression and encryption. JSON in every version.
ByteBuffer login_disconnect(const Text& reason, Version version);

// The kick packet of clients before 1.7 (FF, i16 count, UTF-16BE), cut to the 256 characters that
// they take.
ByteBuffer legacy_kick(const Text& reason);

}  // namespace drawbridge::mc
