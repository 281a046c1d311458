// `drawbridge schema` prints a JSON Schema that editors can use: a validator of its draft takes it,
// takes the files that we ship and those of Infrarust, and finds what is wrong in others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path root = DRAWBRIDGE_ROOT;

// What a validator says about each of these files.
std::vector<std::string> verdicts(const TempFolder& folder, const std::string& of,
                                  const std::vector<std::filesystem::path>& files) {
  const Ended schema = run_program(DRAWBRIDGE_PROGRAM, {.arguments = {"schema", of}});
  EXPECT_EQ(schema.code, 0);
  folder.write("schema.json", schema.output);
  std::vector<std::string> arguments = {"python3",
                                        (root / "tests/scenarios/check_schema.py").string(),
                                        (folder.path() / "schema.json").string()};
  for (const auto& file : files) arguments.push_back(file.string());
  const Ended ended = run_program("/usr/bin/env", {.arguments = arguments});
  EXPECT_EQ(ended.code, 0) << ended.output << ended.errors;
  std::vector<std::string> lines;
  for (const std::string_view line : split(ended.output, '\n'))
    if (!line.empty()) lines.emplace_back(line);
  EXPECT_EQ(lines.size(), files.size());
  return lines;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file()) out.push_back(entry.path());
  std::ranges::sort(out);
  EXPECT_FALSE(out.empty());
  return out;
}

TEST(CommandSchema, takes_the_files_that_are_shipped_and_those_of_infrarust) {
  const TempFolder folder;
  EXPECT_THAT(
      verdicts(folder, "global",
               {root / "config/drawbridge.toml", root / "tests/golden/infrarust/infrarust.toml"}),
      Each("ok"));
  EXPECT_THAT(verdicts(folder, "server", files_in(root / "config/servers")), Each("ok"));
  EXPECT_THAT(verdicts(folder, "server", files_in(root / "tests/golden/infrarust/servers")),
              Each("ok"));
}

TEST(CommandSchema, finds_what_is_wrong) {
  const TempFolder folder;
  folder.write("unknown.toml", "max_conections = 5\n");
  folder.write("type.toml", "max_connections = \"many\"\n");
  folder.write("range.toml", "worker_threads = 5000\n");
  folder.write("nested.toml", "[[route]]\nmatch = \"x\"\n");
  folder.write("fine.toml",
               "[[route]]\nmatch = \"x\"\nserver = \"y\"\nresolve_allow = [\"10.0.0.0/8\"]\n");
  const auto at = [&](std::string_view name) { return folder.path() / name; };
  EXPECT_THAT(verdicts(folder, "global",
                       {at("unknown.toml"), at("type.toml"), at("range.toml"), at("nested.toml"),
                        at("fine.toml")}),
              ElementsAre(HasSubstr("max_conections"), HasSubstr("max_connections"),
                          HasSubstr("worker_threads"), HasSubstr("server"), "ok"));
  folder.write("server.toml", "domains = [\"a\"]\naddresses = [\"b\"]\nbalance = \"rendom\"\n");
  EXPECT_THAT(verdicts(folder, "server", {at("server.toml")}), ElementsAre(HasSubstr("rendom")));
}

}  // namespace
}  // namespace drawbridge::kit
