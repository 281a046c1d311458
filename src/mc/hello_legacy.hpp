// The first packets of clients from before 1.7, for HelloParser. Numbers are big endian, strings an
// i16 count and that many UTF-16BE units.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/hello.hpp"

namespace drawbridge::mc {

// `all` begins with FE, FE 01 or FE 01 FA and nothing else. A complete 1.6 ping, or nothing while
// more may come: then `so_far` is what the bytes amount to if none does. An error if they are no
// ping after all.
Result<std::optional<Hello>> read_legacy_ping(ByteView all, Hello& so_far);

// `all` begins with 02. Nothing while it is incomplete.
Result<std::optional<Hello>> read_legacy_login(ByteView all);

// Valid UTF-8, not empty, no control characters. (The length is the reader's business.)
Result<> check_player_name(std::string_view name);

}  // namespace drawbridge::mc
