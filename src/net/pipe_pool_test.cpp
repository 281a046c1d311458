#include "net/pipe_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace drawbridge::net {
namespace {

TEST(PipePool, KeepsToItsLimitAndClosesWhatLiesIdle) {
  PipePool pool({.pipes = 2, .large = 0, .bytes = 64 << 10});
  auto a = pool.borrow();
  auto b = pool.borrow();
  ASSERT_TRUE(a && b);
  EXPECT_GE(a->capacity, 64U << 10);
  EXPECT_FALSE(pool.borrow());
  pool.give_back(std::move(a));
  a = pool.borrow();
  ASSERT_TRUE(a);
  pool.discard(std::move(a));
  EXPECT_EQ(pool.open(), 1U);
  pool.give_back(std::move(b));
  pool.trim();  // it was in use since the last one
  EXPECT_EQ(pool.open(), 1U);
  pool.trim();
  EXPECT_EQ(pool.open(), 0U);
}

TEST(PipePool, TheFirstAreLargeAndLentFirst) {
  PipePool pool({.pipes = 3, .large = 1, .large_bytes = 256 << 10, .bytes = 64 << 10});
  auto large = pool.borrow();
  auto small = pool.borrow();
  ASSERT_TRUE(large && small);
  EXPECT_EQ(large->capacity, 256U << 10);
  EXPECT_EQ(small->capacity, 64U << 10);
  pool.give_back(std::move(large));
  pool.give_back(std::move(small));
  large = pool.borrow();
  EXPECT_EQ(large->capacity, 256U << 10);
  pool.discard(std::move(large));
  pool.trim();
  small = pool.borrow();  // the one that lay idle
  EXPECT_EQ(small->capacity, 64U << 10);
  large = pool.borrow();  // its place is free again
  EXPECT_EQ(large->capacity, 256U << 10);
}

TEST(PipePool, WithoutDescriptorsThereIsNoPipeAndNothingIsCounted) {
  PipePool pool;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_FALSE(pool.borrow());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(pool.open(), 0U);
  EXPECT_TRUE(pool.borrow());
}

}  // namespace
}  // namespace drawbridge::net
