#include "app/problem_log.hpp"

#include "base/log.hpp"

namespace drawbridge::app {

namespace {

log::Level level_of(config::Problem::Severity severity) {
  switch (severity) {
    case config::Problem::Severity::error:
      return log::Level::error;
    case config::Problem::Severity::warning:
      return log::Level::warn;
    case config::Problem::Severity::hint:
      break;
  }
  return log::Level::info;
}

}  // namespace

void log_problems(const config::Problems& problems) {
  for (const config::Problem& problem : problems)
    log::write(level_of(problem.severity), "config", problem.text(false));
}

std::vector<std::string> texts_of(const config::Problems& problems) {
  std::vector<std::string> out;
  for (const config::Problem& problem : problems)
    if (problem.severity != config::Problem::Severity::hint) out.push_back(problem.text());
  return out;
}

}  // namespace drawbridge::app
