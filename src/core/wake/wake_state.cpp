#include "core/wake/wake_state.hpp"

#include <array>
#include <cstddef>

namespace drawbridge::core {

namespace {

using enum WakeState;

// Rows are states, columns events. `stay` reads better than the row's own name.
struct Stay {};
constexpr Stay stay;

struct Cell {
  constexpr Cell(Stay) {}                             // NOLINT(google-explicit-constructor)
  constexpr Cell(WakeState to) : to(to), is(true) {}  // NOLINT(google-explicit-constructor)
  WakeState to = unknown;
  bool is = false;
};
using Row = std::array<Cell, wake_events>;

// clang-format off
constexpr std::array<Row, wake_states> table = {{
//              wake      start_failed timed_out sleep     stop_failed said_stopped said_starting said_running said_stopping died      answers  silent       rested
/*unknown*/     {{starting, stay,      stay,     stopping, stay,       sleeping,    starting,     starting,    stopping,     crashed,  online,  unreachable, stay}},
/*sleeping*/    {{starting, stay,      stay,     stay,     stay,       stay,        starting,     starting,    stay,         stay,     online,  stay,        stay}},
/*starting*/    {{stay,     crashed,   crashed,  stopping, stay,       stay,        stay,         stay,        stay,         crashed,  online,  stay,        stay}},
/*online*/      {{stay,     stay,      stay,     stopping, stay,       sleeping,    starting,     stay,        stopping,     crashed,  stay,    unreachable, stay}},
/*stopping*/    {{stay,     stay,      stay,     stay,     unknown,    sleeping,    stay,         stay,        stay,         sleeping, stay,    stay,        stay}},
/*crashed*/     {{starting, stay,      stay,     stopping, stay,       stay,        stay,         stay,        stay,         stay,     online,  stay,        sleeping}},
/*unreachable*/ {{starting, stay,      stay,     stopping, stay,       sleeping,    starting,     stay,        stopping,     crashed,  online,  stay,        stay}},
}};
// clang-format on

constexpr std::array<std::string_view, wake_states> state_names = {
    "unknown", "sleeping", "starting", "online", "stopping", "crashed", "unreachable"};
constexpr std::array<std::string_view, wake_events> event_names = {
    "wake",         "start failed",  "start timed out", "sleep",         "stop failed",
    "said stopped", "said starting", "said running",    "said stopping", "died",
    "answers",      "silent",        "rested"};

}  // namespace

std::string_view name_of(WakeState state) {
  return state_names[static_cast<std::size_t>(state)];
}
std::string_view name_of(WakeEvent event) {
  return event_names[static_cast<std::size_t>(event)];
}

WakeState after(WakeState state, WakeEvent event) {
  const Cell cell = table[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
  return cell.is ? cell.to : state;
}

}  // namespace drawbridge::core
