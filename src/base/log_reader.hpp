// Who reads the log besides standard error: `drawbridge ctl logs`. The last lines are kept for
// those who come later, and each reader has a bounded share of what it has not read yet; what does
// not fit is counted, and said in the place where it is missing. Only the log's own thread and the
// readers meet here, so no worker ever waits for one of them.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace drawbridge::log {

class Reader {
 public:
  static constexpr std::size_t kept_lines = 200;  // of all levels, for readers that come later
  static constexpr std::size_t kept_bytes = std::size_t{128} << 10;
  static constexpr std::size_t waiting_bytes = std::size_t{256} << 10;  // of one reader

  // Of the lines that the log writes, those of this level and above; with the kept ones first, if
  // they are wanted.
  explicit Reader(Level at_least, bool from_the_past = true);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // What has come since, a line end behind each line, without colours; "" if nothing has. Any
  // thread.
  std::string take();

 private:
  friend void give_to_readers(Level level, std::string_view line);
  void give(Level level, std::string_view line);

  Level at_least_;
  std::string waiting_;   // all of it under the one lock of log_reader.cpp
  std::size_t lost_ = 0;  // lines behind those
};

// A line that goes to standard error now. The log's thread.
void give_to_readers(Level level, std::string_view line);

}  // namespace drawbridge::log
