#include "core/farewell.hpp"

#include <utility>

#include "mc/packets/configuration.hpp"
#include "mc/packets/login.hpp"
#include "mc/packets/play.hpp"

namespace drawbridge::core {

net::Task<> farewell(PacketStream client, const mc::Text& words, TimePoint until) {
  const mc::Version version = client.version();
  if (client.state == mc::State::configuration)
    return say_last(std::move(client),
                    mc::ConfigurationDisconnect{.reason = mc::wire_text(words, version)}, until);
  if (client.state == mc::State::play)
    return say_last(std::move(client), mc::KickDisconnect{.reason = mc::wire_text(words, version)},
                    until);
  return say_last(std::move(client), mc::LoginDisconnect{.reason = mc::to_json(words, version)},
                  until);
}

}  // namespace drawbridge::core
