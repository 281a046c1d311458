// Server icons: a 64x64 PNG from a file or from base64, as the data URL that a status answer
// carries.
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/types.hpp"

namespace drawbridge::config {

// "data:image/png;base64,..."; an error when it cannot be read or is none of what clients show
// (base/favicon.hpp). URLs are refused: fetching is not this layer's work.
Result<std::string> load_favicon(const Favicon& favicon);

}  // namespace drawbridge::config
