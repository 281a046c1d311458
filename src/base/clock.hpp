// One steady clock for deadlines and durations. Wall time appears only in log lines and files.
#pragma once

#include <chrono>

namespace drawbridge {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::nanoseconds;

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

inline constexpr TimePoint no_deadline = TimePoint::max();

}  // namespace drawbridge
