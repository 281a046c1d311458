// One entry more, or less, in a list of texts of a TOML file that somebody wrote by hand: all else
// stays as it is, comments, order and indentation.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge::config {

// The list at `table`.`key`, both bare keys; it and its table are made where they are missing. What
// comes out has been read again: it says what the text said before, and the change. An error (of
// the proxy): the file is written in a way in which that cannot be had, or is not TOML.
Result<std::string> with_entry(std::string_view text, std::string_view table, std::string_view key,
                               std::string_view entry);
// Every entry that equals `entry` goes.
Result<std::string> without_entry(std::string_view text, std::string_view table,
                                  std::string_view key, std::string_view entry);

}  // namespace drawbridge::config
