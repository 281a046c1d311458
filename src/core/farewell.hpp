// The last words for a client whose packets we speak: in the phase that it is in by now, through
// its cipher if there is one, and then the polite end.
#pragma once

#include "base/clock.hpp"
#include "core/packet_stream.hpp"
#include "mc/text.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// What that may take, whatever deadline has passed.
inline constexpr Duration farewell_time = seconds(5);

// Sends P, then ends the stream.
template <typename P>
net::Task<> say_last(PacketStream client, P packet, TimePoint until) {
  auto sent = co_await client.write(std::move(packet), until);
  if (sent) client.stream().finish();
}

// The words of a kick. Takes the client; runs as a chain of its own, too.
net::Task<> farewell(PacketStream client, const mc::Text& words, TimePoint until);

}  // namespace drawbridge::core
