#include "core/drains.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

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

TEST(Drains, WritesWhatItReads) {
  const DrainList list{{"a", "b:1"}, {"a", "unix:/run/x.sock"}};
  EXPECT_EQ(parse_drains(drains_text(list)).list, list);
  EXPECT_EQ(parse_drains(drains_text({})).list, DrainList{});
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
  const DrainList list{{"a", "b:1"}};
  ASSERT_TRUE(save_drains(file, list));
  EXPECT_EQ(load_drains(file)->list, list);
  EXPECT_FALSE(save_drains(folder + "/nowhere/drained.txt", list));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace drawbridge::core
