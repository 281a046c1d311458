// How one line of the log looks, as text and as JSON. Internal to the log.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace drawbridge::log {

struct alignas(4) Look {
  Format format = Format::text;
  bool colored = false;
  bool local_time = false;
};

// For what standard error is connected to, and what the environment says of colours (NO_COLOR,
// FORCE_COLOR, CLICOLOR_FORCE, TERM); `color` is auto, always or never. The format is text.
Look look_of_standard_error(std::string_view color);

// Without a line end; what is unsafe on a terminal is escaped. `now`: CLOCK_REALTIME.
std::string text_line(const Look& look, const timespec& now, Level level, std::string_view message,
                      Fields fields);
std::string json_line(const timespec& now, Level level, std::string_view target,
                      std::string_view message, Fields fields);

}  // namespace drawbridge::log
