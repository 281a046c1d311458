// What the tests of this folder share: a scratch folder, and where the repository's own files are.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/strings.hpp"
#include "config/load.hpp"

namespace drawbridge::config {

inline std::filesystem::path in_repository(std::string_view path) {
  return std::filesystem::path(DRAWBRIDGE_SOURCE_DIR) / path;
}

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder of its own for each test, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "drawbridge-config-XXXXXX").native();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(std::string_view name, std::string_view text) const {
    const std::filesystem::path at = path_ / name;
    std::filesystem::create_directories(at.parent_path());
    std::ofstream(at, std::ios::binary) << text;
    return at;
  }

 private:
  std::filesystem::path path_;
};

// All problems as one text, for messages and for matching.
inline std::string text_of(const Problems& problems) {
  std::string out;
  for (const Problem& problem : problems) out += problem.text() + "\n";
  return out;
}

inline std::size_t count_errors(const Problems& problems) {
  return static_cast<std::size_t>(
      std::ranges::count(problems, Problem::Severity::error, &Problem::severity));
}

}  // namespace drawbridge::config
