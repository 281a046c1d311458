// What a text for players must be before it may be sent, in one place: the configuration refuses by
// the same rules by which the protocol layer takes texts.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge {

inline constexpr std::size_t max_text_component = 65'536;  // bytes
inline constexpr int max_text_levels = 32;                 // of objects and lists in each other

// Whether `json` is a text component: JSON, an object, a list that is not empty (clients cannot
// read one) or a string, within the limits above. `fault`: of who wrote it.
Result<> check_text_component(std::string_view json, Fault fault = Fault::proxy);

// The names that texts may have in braces. Those that only a ban fills in (reason, remaining) are
// the last two.
std::span<const std::string_view> placeholder_names();
// The name of a placeholder, known or not, that `text` begins with ("{player} ..." has "player"):
// letters and "_", at most 30; else nothing.
std::string_view placeholder_at(std::string_view text);

}  // namespace drawbridge
