#include "core/wake/wake_state.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace drawbridge::core {
namespace {

// The table as sentences, written apart from the one that is compiled: every pair of state and
// event stands here once, by the first letters of the state that follows; a dot is "no change".
struct Line {
  WakeEvent event;
  std::string_view from_each;  // unknown sleeping starting online stopping crashed unreachable
};
constexpr std::array lines = {
    Line{WakeEvent::wake, "sta sta . . . sta sta"},
    Line{WakeEvent::start_failed, ". . cra . . . ."},
    Line{WakeEvent::timed_out, ". . cra . . . ."},
    Line{WakeEvent::sleep, "sto . sto sto . sto sto"},
    Line{WakeEvent::stop_failed, ". . . . unk . ."},
    Line{WakeEvent::said_stopped, "sle . . sle sle . sle"},
    Line{WakeEvent::said_starting, "sta sta . sta . . sta"},
    Line{WakeEvent::said_running, "sta sta . . . . ."},
    Line{WakeEvent::said_stopping, "sto . . sto . . sto"},
    Line{WakeEvent::died, "cra . cra cra sle . cra"},
    Line{WakeEvent::answers, "onl onl onl . . onl onl"},
    Line{WakeEvent::silent, "unr . . unr . . ."},
    Line{WakeEvent::rested, ". . . . . sle ."},
};

TEST(WakeState, EveryTransitionIsTheOneThatIsWritten) {
  ASSERT_EQ(lines.size(), wake_events);
  std::size_t seen = 0;
  for (const Line& line : lines) {
    std::string_view rest = line.from_each;
    for (std::size_t from = 0; from < wake_states; ++from) {
      const auto state = static_cast<WakeState>(from);
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      const WakeState next = after(state, line.event);
      const std::string_view expected = word == "." ? name_of(state).substr(0, 3) : word;
      EXPECT_EQ(name_of(next).substr(0, 3), expected)
          << name_of(state) << " + " << name_of(line.event);
      ++seen;
    }
    EXPECT_TRUE(rest.empty()) << name_of(line.event);
  }
  EXPECT_EQ(seen, wake_states * wake_events);
}

// An early "stopped" of a panel that has not noticed the start yet must not end the waiting of
// players.
TEST(WakeState, peers_fault_24_an_early_stopped_ends_no_start) {
  EXPECT_EQ(after(WakeState::starting, WakeEvent::said_stopped), WakeState::starting);
}

TEST(WakeState, OnlyAnswersMakeAServerOnline) {
  for (std::size_t from = 0; from < wake_states; ++from)
    for (std::size_t event = 0; event < wake_events; ++event) {
      const auto state = static_cast<WakeState>(from);
      if (state == WakeState::online || static_cast<WakeEvent>(event) == WakeEvent::answers)
        continue;
      EXPECT_NE(after(state, static_cast<WakeEvent>(event)), WakeState::online)
          << name_of(state) << " + " << name_of(static_cast<WakeEvent>(event));
    }
}

}  // namespace
}  // namespace drawbridge::core
