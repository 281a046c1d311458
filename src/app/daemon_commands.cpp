// What operators ask of the running proxy, and where they ask: the parts that its commands are made
// of, and the answers at the control socket.
#include <fmt/format.h>

#include <utility>

#include "app/commands/parts.hpp"
#include "app/control_words.hpp"
#include "app/daemon.hpp"
#include "app/status_words.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/check.hpp"
#include "config/grammar.hpp"

namespace drawbridge::app {

namespace {

struct PlaceOfAddress {
  const core::Server* server = nullptr;
  std::size_t index = 0;  // into the server's pool
};

// An address as an operator writes it.
Result<PlaceOfAddress> place_of_address(const core::World* world, const std::string& server,
                                        const std::string& address) {
  const core::Server* found = world != nullptr ? world->find(server) : nullptr;
  if (found == nullptr)
    return fail(Fault::client, "there is no server {}", escaped_for_log(server, 64));
  const auto parsed = config::parse_address(address);
  const auto addresses = found->pool->addresses();
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (parsed && addresses[i].text == parsed->text()) return PlaceOfAddress{found, i};
    known.push_back(addresses[i].text);
  }
  return fail(Fault::client, "{} has no address {}; it has: {}", server,
              escaped_for_log(address, 256), fmt::join(known, " "));
}

}  // namespace

namespace {

// The first is that of single sources.
std::vector<RateTableFacts> rate_tables_of(const core::World& world) {
  std::vector<RateTableFacts> out;
  for (const core::GateRules::Bucket& bucket : world.gate.buckets)
    out.push_back(
        {.name = out.empty() ? "sources" : world.global->rate_limit.bucket[out.size() - 1].name,
         .sources = bucket.table->known(Clock::now()),
         .places = bucket.table->capacity(),
         .shared = bucket.table->shared()});
  return out;
}

}  // namespace

StatusFacts Daemon::status_facts() const {
  return {.version = version_number(),
          .uptime = Clock::now() - started_,
          .connections = proxy_->connections(),
          .servers = world_->servers.size(),
          .bans = bans_->size(),
          .refusals = proxy_->refusals(),
          .rate_tables = rate_tables_of(*world_)};
}

void Daemon::make_commands() {
  command_parts_ = std::make_unique<CommandParts>(CommandParts{
      .world = [this] { return world_; },
      .proxy = *proxy_,
      .waker = *waker_,
      .bans = *bans_,
      .status = [this] { return status_facts(); },
      .reload = [this] { return reload(); },
      .stop = [this](auto drain, const std::string& words) { stop_with_words(drain, words); },
      .drain = [this](const auto& server, const auto& address,
                      bool drained) { return change_drains(server, address, drained); },
      .reset = [this](const auto& server,
                      const auto& address) { return reset_health(server, address); },
      .origins = [this]() -> const config::Origins& { return origins_; },
      .afterwards = [this](std::function<void()> job) { control_.post(std::move(job)); },
      .operators = operators_,
      .operators_changed = [this] { set_permissions(); },
      .global_file = [this] { return global_path_; },
      .check = [this] { return config::check({.path = global_path_}, options_.overlays).output; }});
  commands_ = std::make_unique<api::CommandRegistry>();
  commands_->complete_with(api::ArgumentKind::server, [this](auto) {
    std::vector<std::string> out;
    for (const core::ServerPtr& server : world_->servers) out.push_back(server->id());
    return out;
  });
  commands_->complete_with(api::ArgumentKind::address, [this](auto before) {
    std::vector<std::string> out;
    const core::Server* server = before.empty() ? nullptr : world_->find(before.back());
    if (server != nullptr)
      for (const auto& address : server->pool->addresses()) out.emplace_back(address.text);
    return out;
  });
  add_proxy_commands(*commands_, *command_parts_);
  add_server_commands(*commands_, *command_parts_);
  add_player_commands(*commands_, *command_parts_);
  add_ban_commands(*commands_, *command_parts_);
  add_operator_commands(*commands_, *command_parts_);
  commands_->decide_with([this](const api::Caller& caller, const api::Command& command) {
    return proxy_->services().permissions.now()->may_use(caller, command);
  });
  game_commands_ =
      std::make_unique<core::GameCommands>(control_, *commands_, proxy_->services().permissions);
  proxy_->services().commands = game_commands_.get();
  set_permissions();
}

void Daemon::set_permissions() {
  proxy_->services().permissions.set(
      std::make_shared<const core::Permissions>(global_->permissions, operators_));
}

api::Answer Daemon::command(const std::string& line) {
  api::Answer out;
  control_.run_and_wait([&] { out = commands_->run({}, line); });
  return out;
}

std::vector<std::string> Daemon::completions(const std::string& line) {
  std::vector<std::string> out;
  control_.run_and_wait([&] { out = commands_->complete({}, line); });
  return out;
}

// The exit code on a line of its own, then the answer. "--json" as the last word asks for a
// document, "--complete" for the words that the line could end with.
std::string Daemon::answer(std::string_view request) {
  auto words = api::split_command(request);
  if (!words)
    return fmt::format("{}\n{}", exit_config,
                       api::to_text(api::Answer::error("a quote is left open"), {}));
  if (!words->empty() && words->front() == config_file_question)
    return config_file_answer(global_path_);
  if (!words->empty() && words->front() == "--complete") {
    std::string line;
    for (std::size_t i = 1; i < words->size(); ++i) {
      if (i > 1) line += ' ';
      line += (*words)[i];
    }
    const auto found = commands_->complete({}, line);
    return fmt::format("{}\n{}{}", exit_ok, fmt::join(found, "\n"), found.empty() ? "" : "\n");
  }
  auto look = api::Look::plain;
  if (!words->empty() && words->back() == "--json") {
    look = api::Look::json;
    words->pop_back();
  }
  const api::Answer done = commands_->run({}, std::move(*words));
  return fmt::format("{}\n{}", done.exit_code, api::to_text(done, look));
}

void Daemon::stop_with_words(std::optional<Duration> drain, const std::string& words) {
  if (!words.empty() && !stopping_) {
    const mc::Text text = mc::Text::legacy(words);
    proxy_->ask_desks([&](core::Desk& desk) { desk.tell_everybody(text); });
  }
  begin_stop(drain);
}

// --- Drained addresses ---

Result<> Daemon::drain(const std::string& server, const std::string& address, bool drained) {
  Result<> out = fail(Fault::proxy, "stopped");
  control_.run_and_wait([&] { out = change_drains(server, address, drained); });
  return out;
}

Result<> Daemon::change_drains(const std::string& server, const std::string& address,
                               bool drained) {
  const auto place = place_of_address(world_.get(), server, address);
  if (!place) return std::unexpected(place.error());
  const core::DrainedAddress one{server, place->server->pool->addresses()[place->index].text};
  return drain_book_->change(one.server, one.address, drained);
}

Result<> Daemon::reset_health(const std::string& server, const std::string& address) {
  const auto place = place_of_address(world_.get(), server, address);
  if (!place) return std::unexpected(place.error());
  if (place->server->pool->shared_health(place->index)->reset(Clock::now()))
    log::info("balance", "address is used again (command)",
              {{"server", server}, {"address", address}});
  return {};
}

}  // namespace drawbridge::app
