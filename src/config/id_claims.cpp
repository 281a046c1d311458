#include "config/id_claims.hpp"

#include <fmt/format.h>

namespace drawbridge::config {

std::optional<Problem> IdClaims::claim(const std::string& id, const std::string& source) {
  const auto [at, is_new] = sources_.emplace(id, source);
  if (is_new) return std::nullopt;
  return Problem{
      .severity = Problem::Severity::error,
      .source = source,
      .line = 0,
      .column = 0,
      .key = "name",
      .message = fmt::format("the id \"{}\" is already that of {}, which is kept", id, at->second)};
}

}  // namespace drawbridge::config
