// Another world for a client that is in one, before 1.20.2: no configuration phase lies between, so
// a second `login` comes, and a `respawn` behind it that makes the client throw the old world and
// its old self away.
//
// Below 1.16 a respawn into the dimension that the client is in builds no new world. So there the
// `login` names another dimension and the respawn the right one; from 1.16 on both say the same.
// Forge of 1.8 to 1.12 wants the `login` as it is, then two respawns.
//
// Sources: minecraft-data (layouts), Velocity and BungeeCord (the order), the vanilla client of
// 1.16 (what a respawn keeps).
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

// The packets (id and fields) to the client that stand for the fields of a backend's `login`.
// Before 1.20.2 only; an error (of the backend) where they cannot be read.
Result<std::vector<ByteBuffer>> rejoin_packets(ByteView login_fields, Version version,
                                               bool is_forge = false);

}  // namespace drawbridge::mc
