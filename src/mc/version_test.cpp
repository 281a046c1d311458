#include "mc/version.hpp"

#include <gtest/gtest.h>

namespace drawbridge::mc {
namespace {

TEST(Version, an_unlisted_number_takes_the_release_before_it) {
  EXPECT_EQ(floor_release(Version{774}).version, v1_21_11);
  EXPECT_EQ(floor_release(Version{400}).version, v1_13);  // 1.13.1-pre2
  EXPECT_EQ(floor_release(Version{100'000}).version, v26_3);
  EXPECT_EQ(floor_release(Version{0x4000'0100}).version, v26_3);  // a snapshot
  EXPECT_EQ(floor_release(Version{-1}).version, v1_7_2);
  EXPECT_EQ(floor_release(Version{0}).version, v1_7_2);
}

TEST(Version, names_are_for_exact_numbers_only) {
  EXPECT_EQ(release_name(v1_20_3), "1.20.3-1.20.4");
  EXPECT_EQ(release_name(Version{5}), "1.7.6-1.7.10");
  EXPECT_EQ(release_name(Version{400}), "protocol 400");
  EXPECT_EQ(release_name(Version{-1}), "protocol -1");
}

TEST(Version, numbers_that_nobody_plays_with_are_not_plausible) {
  for (const int real : {4, 5, 47, 340, 777, 778, 841, 0x4000'0001, 0x4000'0150})
    EXPECT_TRUE(is_plausible(Version{real})) << real;
  for (const int invented : {-1, 0, 3, 6, 400, 842, 100'000, 0x4000'0000, 0x4000'0401, 0x7FFF'FFFF})
    EXPECT_FALSE(is_plausible(Version{invented})) << invented;
}

TEST(Version, the_table_has_every_number_of_the_door) {
  // 1.7.10, 1.8.8, 1.12.2, 1.16.5, 1.19.4, 1.20.1, 1.20.4, 1.21.4, 1.21.11, 26.1, as minecraft-data
  // has them.
  for (const int known : {5, 47, 340, 754, 762, 763, 765, 769, 774, 775}) {
    EXPECT_EQ(number(floor_release(Version{known}).version), known);
  }
  EXPECT_EQ(releases().size(), 52U);
}

}  // namespace
}  // namespace drawbridge::mc
