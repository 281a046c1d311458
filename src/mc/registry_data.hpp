// The compressed tables as they lie in the program; see registries.hpp.
#pragma once

#include "base/bytes.hpp"

namespace drawbridge::mc {

ByteView registry_data();

}  // namespace drawbridge::mc
