#include "core/drains.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace drawbridge::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Drains, ReadsOneAddressALine) {
  const ParsedDrains read = parse_drains(
      "# by hand\n\n lobby\t10.0.0.1:25565 # being updated\r\nlobby [::1]\nmini mc.example.org\n");
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_THAT(read.list, ElementsAre(DrainedAddress{"lobby", "10.0.0.1:25565"},
                                     DrainedAddress{"lobby", "[::1]:25565"},
                                     DrainedAddress{"mini", "mc.example.org"}));
}

TEST(Drains, AnEditLeavesEverythingElse) {
  const std::string one = edited_drains("", {"a", "b:1"}, true);
  EXPECT_TRUE(one.starts_with("# ")) << "a heading for who opens it";
  EXPECT_EQ(parse_drains(one).list, (DrainList{{"a", "b:1"}}));
  EXPECT_EQ(edited_drains(one, {"a", "b:1"}, true), one) << "it is there already";
  EXPECT_EQ(edited_drains("# Tuesday\na b:1 # Java 25\nx\na  [::1]:2", {"a", "unix:/x"}, true),
            "# Tuesday\na b:1 # Java 25\nx\na  [::1]:2\na unix:/x\n");
  EXPECT_EQ(edited_drains("# Tuesday\na b:1 # Java 25\nc d:1\n a\tb:1\n", {"a", "b:1"}, false),
            "# Tuesday\nc d:1\n");
}

TEST(Drains, ABadLineIsNamedAndStopsNoOther) {
  const ParsedDrains read = parse_drains("lobby\nlobby a:1 b:2\nlobby http://x\nlobby c:3\n");
  EXPECT_THAT(read.problems,
              ElementsAre(HasSubstr("line 1"), HasSubstr("line 2"), HasSubstr("line 3")));
  EXPECT_THAT(read.list, ElementsAre(DrainedAddress{"lobby", "c:3"}));
}

TEST(Drains, KeepsThemInAFile) {
  std::string folder = "/tmp/drawbridge-drains-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::filesystem::path file = folder + "/drained.txt";
  EXPECT_EQ(load_drains(file)->list, DrainList{}) << "missing";
  ASSERT_TRUE(change_drains(file, {"a", "b:1"}, true));
  ASSERT_TRUE(change_drains(file, {"c", "d:1"}, true));
  EXPECT_EQ(load_drains(file)->list, (DrainList{{"a", "b:1"}, {"c", "d:1"}}));
  ASSERT_TRUE(change_drains(file, {"a", "b:1"}, false));
  EXPECT_EQ(load_drains(file)->list, (DrainList{{"c", "d:1"}}));
  EXPECT_FALSE(change_drains(folder + "/nowhere/drained.txt", {"a", "b:1"}, true));
  std::ofstream(file, std::ios::app) << "# by hand\nnonsense\n";
  ASSERT_TRUE(change_drains(file, {"e", "f:1"}, true));
  std::ifstream in(file);
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(in), {}),
              HasSubstr("c d:1\n# by hand\nnonsense\ne f:1\n"));
  std::filesystem::remove_all(folder);
}

TEST(Drains, ANamedPipeInItsPlaceMakesNobodyWait) {
  std::string folder = "/tmp/drawbridge-drains-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::filesystem::path file = folder + "/drained.txt";
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  const auto read = load_drains(file);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().what, HasSubstr("drained.txt is no plain file"));
  EXPECT_FALSE(change_drains(file, {"a", "b:1"}, true));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace drawbridge::core
