// Commands that players say in the game: /drawbridge and its aliases. A worker hands a command to
// the control thread, where the registry runs it, and the answer comes back as lines of chat.
//
// A player who says too much is not listened to: Session counts (desk.cpp), since each command
// costs the one control thread something.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/command.hpp"
#include "control/control_thread.hpp"
#include "core/commands/permissions.hpp"
#include "mc/packets/commands.hpp"

namespace drawbridge::core {

class Desk;

// What is behind "drawbridge", "ir" or "infrarust" ("" if nothing is); nothing for other commands.
// `said` has no slash. With `tree`, what this client was told of: also a subcommand that is a
// command by itself, as a whole.
std::optional<std::string_view> our_command(std::string_view said,
                                            const mc::CommandTree* tree = nullptr);

class GameCommands {
 public:
  // All outlive it; the registry is not changed any more.
  GameCommands(control::ControlThread& control, const api::CommandRegistry& registry,
               const PermissionBook& permissions)
      : control_(control), registry_(registry), permissions_(permissions) {}

  // --- On a worker, for a session of its desk ---

  // Runs it; the lines of the answer reach the session, if it is still there, by
  // Desk::answer_command.
  void run(Desk& desk, api::Caller caller, std::string_view line) const;
  // The answer to `request` reaches it by Desk::answer_completion, as does `transaction`.
  void complete(Desk& desk, api::Caller caller, std::int32_t transaction, std::string text) const;
  // What this caller's client is told of; null if there is nothing that it may use.
  [[nodiscard]] std::shared_ptr<const mc::CommandTree> tree_for(const api::Caller& caller) const;

 private:
  control::ControlThread& control_;
  const api::CommandRegistry& registry_;
  const PermissionBook& permissions_;
};

}  // namespace drawbridge::core
