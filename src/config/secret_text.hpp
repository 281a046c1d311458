// A secret as it stands in a server file: the secret itself, or where it is kept.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge::config {

// "file:PATH": the file's text without line ends and blanks behind it (64 KiB at most). "env:NAME":
// the variable of that name. Anything else is the secret itself. Read at each call, so a secret
// that was exchanged is found. Errors name the place and never the secret; nothing may come out
// empty.
Result<std::string> read_secret_text(std::string_view text);

}  // namespace drawbridge::config
