#include "config/reader.hpp"

#include <utility>

#include "base/strings.hpp"

namespace drawbridge::config {
void Reader::report(Problem::Severity severity, const Node& at, bool at_key, std::string message) {
  if (severity == Problem::Severity::error) ++errors_;
  if (is_full()) return;
  problems_.push_back({.severity = severity,
                       .source = sources_[at.source].shown,
                       .line = at_key ? at.key_line : at.line,
                       .column = at_key ? at.key_column : at.column,
                       .key = path_,
                       .message = std::move(message)});
}

void Reader::error(const Node& at, std::string message) {
  report(Problem::Severity::error, at, false, std::move(message));
}
void Reader::warn(const Node& at, std::string message) {
  report(Problem::Severity::warning, at, false, std::move(message));
}
void Reader::hint(const Node& at, std::string message) {
  report(Problem::Severity::hint, at, false, std::move(message));
}
void Reader::error_at_key(const Node& at, std::string message) {
  report(Problem::Severity::error, at, true, std::move(message));
}
void Reader::warn_at_key(const Node& at, std::string message) {
  report(Problem::Severity::warning, at, true, std::move(message));
}

Reader::Step::Step(Reader& reader, std::string_view name)
    : reader_(reader), before_(reader.path_.size()) {
  if (before_ != 0 && !name.starts_with('[')) reader_.path_ += '.';
  // Keys of tables by name are whatever stands in the file.
  reader_.path_ += escaped_for_log(name, 100);
}

void Reader::note_origin(const Node& at) {
  if (origins_ == nullptr) return;
  Origin origin = sources_[at.source].origin;
  origin.line = at.line;
  (*origins_)[path_] = std::move(origin);
}

void Reader::note_preset(std::string_view key, std::string_view by) {
  if (origins_ != nullptr)
    (*origins_)[std::string(key)] = {.kind = Origin::Kind::preset, .name = std::string(by)};
}

std::filesystem::path Reader::resolve(const Node& at, std::string_view path) const {
  return joined(sources_[at.source].base, path);
}

std::filesystem::path joined(const std::filesystem::path& base, std::string_view path) {
  std::filesystem::path given(path);
  if (base.empty() || given.is_absolute()) return given;
  return (base / given).lexically_normal();
}

}  // namespace drawbridge::config
