// What can be said about a host name by looking at it. For the .cpp files of this folder.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/ip.hpp"

namespace drawbridge::control {

// Addresses that need no look-up: of a literal (IPv6 with or without brackets), and of "localhost"
// and the names below it, which are loopback wherever one asks (RFC 6761 section 6.3). `name` is in
// lower case.
std::optional<std::vector<IpAddress>> known_without_asking(std::string_view name);

// Why a name cannot be asked for, or nothing. A name that passes holds no NUL, blank or control
// character.
std::optional<std::string_view> fault_of_name(std::string_view name);

}  // namespace drawbridge::control
