#include "base/log_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace drawbridge::log {
namespace {

TEST(LogReader, has_what_came_before_and_what_comes_of_its_level) {
  give_to_readers(Level::info, "before");
  Reader all(Level::trace);
  Reader warnings(Level::warn, false);
  give_to_readers(Level::info, "\x1b[32minfo\x1b[0m of now");
  give_to_readers(Level::warn, "warning of now");
  EXPECT_TRUE(all.take().ends_with("before\ninfo of now\nwarning of now\n"));
  EXPECT_EQ(warnings.take(), "warning of now\n");
  EXPECT_EQ(warnings.take(), "");
}

TEST(LogReader, that_is_too_slow_is_told_how_many_lines_it_has_missed) {
  Reader slow(Level::info, false);
  const std::string line(1023, 'x');
  for (std::size_t i = 0; i < Reader::waiting_bytes / 1024 + 3; ++i)
    give_to_readers(Level::info, line);
  const std::string read = slow.take();
  EXPECT_LE(read.size(), Reader::waiting_bytes + 200);
  EXPECT_TRUE(read.contains("\n... 3 lines are missing here")) << read.substr(read.size() - 100);
  give_to_readers(Level::info, "again");
  EXPECT_EQ(slow.take(), "again\n");
}

TEST(LogReader, keeps_no_more_of_the_past_than_it_promises) {
  for (std::size_t i = 0; i < 3 * Reader::kept_lines; ++i)
    give_to_readers(Level::info, fmt::format("line {}", i));
  const std::string read = Reader(Level::info).take();
  EXPECT_EQ(std::ranges::count(read, '\n'), static_cast<std::ptrdiff_t>(Reader::kept_lines));
  const std::string large(Reader::kept_bytes / 4, 'y');
  for (int i = 0; i < 6; ++i) give_to_readers(Level::info, large);
  EXPECT_LE(Reader(Level::info).take().size(), Reader::kept_bytes + Reader::kept_lines);
}

}  // namespace
}  // namespace drawbridge::log
