#include "config/secret_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace drawbridge::config {
namespace {

TEST(SecretText, IsItselfOrAFileOrAVariable) {
  const std::string path = ::testing::TempDir() + "secret_text";
  std::ofstream(path) << "from a file\n";
  EXPECT_EQ(read_secret_text("ptlc_abc"), "ptlc_abc");
  EXPECT_EQ(read_secret_text("file:" + path), "from a file");
  setenv("DRAWBRIDGE_TEST_SECRET", "from a variable", 1);
  EXPECT_EQ(read_secret_text("env:DRAWBRIDGE_TEST_SECRET"), "from a variable");
}

TEST(SecretText, WhatIsNotThereIsAnErrorThatNamesThePlace) {
  EXPECT_EQ(read_secret_text("file:/nowhere").error().what, "/nowhere is not a file");
  EXPECT_EQ(read_secret_text("env:NO_SUCH_NAME").error().what,
            "the environment has no NO_SUCH_NAME");
  const std::string path = ::testing::TempDir() + "empty_secret";
  std::ofstream(path) << "\n";
  EXPECT_FALSE(read_secret_text("file:" + path));
}

}  // namespace
}  // namespace drawbridge::config
