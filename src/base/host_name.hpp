// The one form in which host names are compared, wherever they come from: a client's handshake, a
// server file's `domains`, an address. A name that two places folded differently would be a domain
// that passes every check and that no player reaches.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace drawbridge {

// Lower case, without the final dot, letters outside ASCII as xn-- (UTS 46, non-transitional, as
// browsers do it); nothing when such letters are no name in any language. ASCII is not checked: the
// result may be empty, and blanks or wildcards stay as they are. Cost: linear; callers cap the
// length.
std::optional<std::string> folded_host_name(std::string_view name);

bool is_ascii(std::string_view text);

}  // namespace drawbridge
