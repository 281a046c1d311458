// The set-up dialogue of `run`: where there is no configuration and somebody sits at a terminal, a
// few questions, and then the first files. Nothing is written before the last answer.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace drawbridge::app {

// Whether somebody is there to be asked: a terminal for questions and answers, and neither a global
// file nor server files in this folder.
bool wants_first_steps(const std::filesystem::path& folder);

// What the files of the first steps say.
struct FirstFiles {
  std::string global;
  std::string server;       // empty: none
  std::string server_name;  // of the file, without .toml
};

// Asks on `out` until every answer will do, or the answers end (nothing).
std::optional<FirstFiles> ask_first_steps(std::istream& in, std::ostream& out);

// Writes them below `folder` and says so on `out`. An error (of the proxy): one cannot be written;
// whatever was there already stays as it is.
Result<> write_first_files(const FirstFiles& files, const std::filesystem::path& folder,
                           std::ostream& out);

}  // namespace drawbridge::app
