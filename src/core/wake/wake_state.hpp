// The states of a server that the proxy starts and stops, and what leads from one to the next: one
// table, without clocks and without I/O. Who makes the events is in sleeper.hpp.
//
//   unknown      nobody could tell yet        stopping     asked to stop, still there
//   sleeping     not running                  crashed      it ended, or did not come up in time
//   starting     running, or about to; no     unreachable  running as far as the keeper knows, and
//                player can join yet                       answers nobody
//   online       it answers status pings
#pragma once

#include <cstdint>
#include <string_view>

namespace drawbridge::core {

enum class WakeState : std::uint8_t {
  unknown,
  sleeping,
  starting,
  online,
  stopping,
  crashed,
  unreachable,
};
inline constexpr std::size_t wake_states = 7;
std::string_view name_of(WakeState state);

enum class WakeEvent : std::uint8_t {
  wake,           // it is being started on somebody's behalf
  start_failed,   // the keeper could not
  timed_out,      // start_timeout is over
  sleep,          // it is being stopped
  stop_failed,    // the keeper could not, or it runs on long after
  said_stopped,   // the keeper's word, as are the next five
  said_starting,  //
  said_running,   //
  said_stopping,  //
  died,           // it ended by itself
  answers,        // a status ping was answered
  silent,         // status pings are not answered, again and again
  rested,         // it has been seen stopped for a while after it crashed
};
inline constexpr std::size_t wake_events = 13;
std::string_view name_of(WakeEvent event);

// The state after this event; the same one where the event means nothing.
WakeState after(WakeState state, WakeEvent event);

// Nothing runs that a player could wait for or join: somebody has to start it.
constexpr bool is_down(WakeState state) {
  return state == WakeState::sleeping || state == WakeState::crashed;
}
// It may be worth dialling.
constexpr bool may_answer(WakeState state) {
  return state == WakeState::unknown || state == WakeState::online ||
         state == WakeState::unreachable;
}

}  // namespace drawbridge::core
