// Addresses that are taken out of service by hand: they get no new connections, players who are
// there stay. Kept in a file, so that a restart does not bring them back: one address a line, the
// server's id and the address as it is configured; what follows a # is a remark.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace drawbridge::core {

struct DrainedAddress {
  std::string server;   // id
  std::string address;  // config::Address::text()
  auto operator<=>(const DrainedAddress&) const = default;
};
using DrainList = std::set<DrainedAddress>;

struct ParsedDrains {
  DrainList list;
  std::vector<std::string> problems;  // one sentence a bad line, with its number
};
ParsedDrains parse_drains(std::string_view text);
// `text` of such a file with one address added or taken out; all else, remarks too, stays as it is.
std::string edited_drains(std::string_view text, const DrainedAddress& one, bool drained);

// A file that is missing is an empty list. Both block on disk; their errors name the file.
Result<ParsedDrains> load_drains(const std::filesystem::path& file);
// Edits the file; a crash leaves the old or the new list (config/plain_file.hpp).
Result<> change_drains(const std::filesystem::path& file, const DrainedAddress& one, bool drained);

}  // namespace drawbridge::core
