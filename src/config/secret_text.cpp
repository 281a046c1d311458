#include "config/secret_text.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/strings.hpp"

namespace drawbridge::config {

namespace {

constexpr std::string_view file_mark = "file:";
constexpr std::string_view variable_mark = "env:";
constexpr std::size_t longest = std::size_t{64} << 10;

Result<std::string> of_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return fail(Fault::proxy, "{} is not a file", path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Fault::proxy, "{} cannot be read (rights?)", path);
  std::string text(longest + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > longest) return fail(Fault::proxy, "{} is larger than 64 KiB", path);
  while (!text.empty() && trimmed(text.substr(text.size() - 1)).empty()) text.pop_back();
  if (text.empty()) return fail(Fault::proxy, "{} is empty", path);
  return text;
}

}  // namespace

Result<std::string> read_secret_text(std::string_view text) {
  if (text.starts_with(file_mark)) return of_file(std::string(text.substr(file_mark.size())));
  if (!text.starts_with(variable_mark)) return std::string(text);
  const std::string name(text.substr(variable_mark.size()));
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (value == nullptr || *value == '\0')
    return fail(Fault::proxy, "the environment has no {}", escaped_for_log(name, 60));
  return std::string(value);
}

}  // namespace drawbridge::config
