// The limbo handler `server_wake`: whoever comes to a server that sleeps knocks, waits in the limbo
// while it starts, sees how far that is, and goes on the moment it is ready.
#pragma once

#include "api/limbo.hpp"

namespace drawbridge::core {

class ServerWake final : public api::LimboHandler {
 public:
  static constexpr std::string_view name = "server_wake";

  api::LimboOutcome on_enter(api::LimboGuest& guest) override;
  [[nodiscard]] bool allows_our_commands() const override { return true; }
  void on_second(api::LimboGuest& guest, std::uint32_t held) override;
};

}  // namespace drawbridge::core
