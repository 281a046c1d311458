#include "config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drawbridge::config {

std::string_view name_of(Problem::Severity severity) {
  switch (severity) {
    case Problem::Severity::error:
      return "error";
    case Problem::Severity::warning:
      return "warning";
    case Problem::Severity::hint:
      break;
  }
  return "hint";
}

std::string Problem::text(bool with_severity) const {
  std::string out = source;
  if (line > 0) out += fmt::format(":{}", line);
  if (line > 0 && column > 0) out += fmt::format(":{}", column);
  if (!out.empty()) out += ": ";
  if (with_severity) out += fmt::format("{}: ", name_of(severity));
  if (!key.empty()) out += fmt::format("{}: ", key);
  return out + message;
}

bool has_errors(const Problems& problems) {
  return std::ranges::any_of(
      problems, [](const Problem& p) { return p.severity == Problem::Severity::error; });
}

}  // namespace drawbridge::config
