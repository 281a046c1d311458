// The guides of docs/: what they tell users to write into files is what `drawbridge check` takes.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

namespace fs = std::filesystem;

// The text between ```toml and ```.
std::vector<std::string> toml_blocks(const fs::path& page) {
  std::ifstream in(page, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  constexpr std::string_view start = "```toml\n";
  std::vector<std::string> out;
  for (auto at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const auto begin = at + start.size();
    out.push_back(text.substr(begin, text.find("```", begin) - begin));
  }
  return out;
}

// As a folder with the block in the global file, or in a server file, to which it adds what every
// server needs.
Ended check(const std::string& block, bool as_server) {
  const TempFolder folder;
  for (const char* list : {"tcpshield.txt", "lists/scanners.txt", "servers/lists/scanners.txt"}) {
    fs::create_directories((folder.path() / list).parent_path());
    folder.write(list, "192.0.2.0/24\n");
  }
  folder.write("drawbridge.toml", as_server ? "" : block);
  if (as_server) {
    std::string needed;
    if (!block.contains("addresses = ")) needed += "addresses = [\"a:1\"]\n";
    if (!block.contains("domains = ")) needed += "domains = [\"x.example\"]\n";
    folder.write("servers/x.toml", needed + block);
  }
  return run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"check"}, .folder = folder.path()});
}

TEST(CommandGuides, every_file_in_them_passes_check) {
  std::size_t blocks = 0;
  for (const auto& page : fs::directory_iterator(fs::path(DRAWBRIDGE_ROOT) / "docs")) {
    if (page.path().extension() != ".md") continue;
    for (const std::string& block : toml_blocks(page.path())) {
      ++blocks;
      const Ended global = check(block, false);
      if (global.code == 0) continue;
      const Ended server = check(block, true);
      EXPECT_EQ(server.code, 0) << page.path() << "\n"
                                << block << "as a global file:\n"
                                << global.output << "as a server file:\n"
                                << server.output;
    }
  }
  EXPECT_GT(blocks, 20U) << "the pages were not found";
}

}  // namespace
}  // namespace drawbridge::kit
