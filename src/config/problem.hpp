// What is wrong with a file, as a value: all problems of a file are collected and shown in one go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::config {

struct Problem {
  // An error stops that file. A warning does not, but counts for --strict; a hint is only worth a
  // look.
  enum class Severity : unsigned char { error, warning, hint };
  Severity severity = Severity::error;
  std::string source;  // the file as it was named, or "environment DRAWBRIDGE_X", "--set x"
  int line = 0;        // from 1; 0 = the whole source
  int column = 0;      // from 1; 0 = the whole line
  std::string key;     // dotted path, may be empty
  std::string message;

  // "servers/a.toml:3:1: error: domain: unknown key, did you mean `domains`?"
  // Without the severity where the line bears it already (the log).
  [[nodiscard]] std::string text(bool with_severity = true) const;
  bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

std::string_view name_of(Problem::Severity severity);  // "error", "warning", "hint"
bool has_errors(const Problems& problems);

}  // namespace drawbridge::config
