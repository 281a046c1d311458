// What the commands of the console work with, and the functions that put them into the registry,
// one for each group of them. Everything here is the control thread's.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/command.hpp"
#include "app/daemon.hpp"
#include "app/status_words.hpp"
#include "base/log.hpp"

namespace drawbridge::app {

struct CommandParts {
  std::function<core::WorldPtr()> world;
  core::Proxy& proxy;
  core::Waker& waker;
  core::BanStore& bans;
  std::function<StatusFacts()> status;
  std::function<ReloadOutcome()> reload;
  // Begins to stop; none: the configured time. `words`, if not empty, is told to the players.
  std::function<void(std::optional<Duration> drain, const std::string& words)> stop;
  std::function<Result<>(const std::string& server, const std::string& address, bool drained)>
      drain;
  std::function<Result<>(const std::string& server, const std::string& address)> reset;
  std::function<const config::Origins&()> origins;
  // Runs this on the commands' thread, when what runs there now is done and its answer is on its
  // way. Any thread.
  std::function<void(std::function<void()>)> afterwards;
  // Admins until the next start, beside those of the file.
  std::set<std::string>& operators;
  std::function<void()> operators_changed;
  // The global file; none: there is none.
  std::function<std::optional<std::filesystem::path>()> global_file;
  // What `drawbridge check` would say of the files as they are now.
  std::function<std::string()> check;
};

// "in use", "2 of 3 addresses in use", "stopped", "limbo", "withheld: why".
std::string state_text(const core::Server& server);
// The level of the log that is called so.
std::optional<log::Level> level_called(std::string_view name);
// `server` as a player says it; see player_commands.cpp.
api::Answer go_to_server(const CommandParts& parts, const api::CommandCall& call);

// `parts` outlives the registry.
void add_proxy_commands(api::CommandRegistry& registry, const CommandParts& parts);
void add_server_commands(api::CommandRegistry& registry, const CommandParts& parts);
void add_player_commands(api::CommandRegistry& registry, const CommandParts& parts);
void add_operator_commands(api::CommandRegistry& registry, const CommandParts& parts);
void add_ban_commands(api::CommandRegistry& registry, const CommandParts& parts);

}  // namespace drawbridge::app
