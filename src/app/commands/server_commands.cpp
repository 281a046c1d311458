// Commands about servers: which there are, how their addresses do, starting and stopping them, and
// which of them a host name takes.
#include <fmt/format.h>

#include <algorithm>

#include "app/commands/parts.hpp"
#include "app/console_words.hpp"
#include "app/route.hpp"
#include "base/strings.hpp"
#include "config/tree.hpp"
#include "config/types.hpp"

namespace drawbridge::app {

using api::Answer;
using api::ArgumentKind;
using api::Availability;
using api::CommandCall;

std::string state_text(const core::Server& server) {
  if (server.withheld) return "withheld: " + *server.withheld;
  if (server.config.limbo) return "limbo";
  if (server.wake) return std::string(name_of(server.wake->state()));
  const std::size_t all = server.pool->addresses().size();
  std::size_t good = 0;
  for (std::size_t i = 0; i < all; ++i)
    if (server.pool->health(i).availability(Clock::now()) == core::Availability::healthy &&
        !server.pool->health(i).drained())
      ++good;
  return good == all ? "in use" : fmt::format("{} of {} addresses in use", good, all);
}

namespace {

// What a server that sleeps is doing, how often it was started, and whether somebody from this
// address may start it now.
std::vector<std::string> wake_lines(const core::Server& server, const core::World& world,
                                    const core::Waker& waker,
                                    const std::optional<IpAddress>& address) {
  if (!server.wake) return {};
  const TimePoint now = Clock::now();
  const core::WakeLook look = server.wake->look(now);
  const auto spoken = [](Duration time) {
    return readable_duration(std::chrono::ceil<seconds>(time).count() * 1000);
  };
  const config::ServerManager& keys = *server.config.server_manager;
  const core::WakeBudget::Limits limits{.per_source = keys.wakes_per_source,
                                        .per_server = keys.wakes_per_server};
  const IpAddress source = address ? world.gate.source_of(*address) : IpAddress();
  const auto budget = waker.budget().look(source, server.id(), limits, now);
  std::string state = fmt::format("{} for {}", name_of(look.state), spoken(look.elapsed(now)));
  if (look.eta) state += fmt::format(", a start takes about {}", spoken(*look.eta));
  std::vector<std::string> out{
      std::move(state),
      fmt::format("started {} times in the last hour, of {}", budget.of_server, limits.per_server)};
  if (!address) return out;
  out.push_back(fmt::format("{}: {} of {} starts in the last hour, {}", address->text(),
                            budget.of_source, limits.per_source,
                            budget.wait ? "not before " + spoken(*budget.wait) : "may start it"));
  return out;
}

Answer unknown_server(const std::string& id) {
  return Answer::error(fmt::format("there is no server {}", escaped_for_log(id, 64)));
}

Answer about_server(const core::Server& server, const CommandParts& parts) {
  const std::string text = server_text(server, Clock::now());
  const auto lines = split(trimmed(text), '\n');
  Answer out = Answer::table(std::string(lines.front()));
  for (std::size_t i = 1; i < lines.size(); ++i) out.lines.emplace_back(trimmed(lines[i]));
  out.lines.push_back(
      fmt::format("mode {}, {}", config::name_of(server.config.proxy_mode), state_text(server)));
  if (!server.config.domains.empty())
    out.lines.push_back(fmt::format("domains: {}", fmt::join(server.config.domains, " ")));
  for (std::string& line : wake_lines(server, *parts.world(), parts.waker, std::nullopt))
    out.lines.push_back(std::move(line));
  config::Node json;
  json.add("id", server.id());
  json.add("players", config::Node::of(std::int64_t{server.state->players()}));
  json.add("state", state_text(server));
  config::Node addresses = config::Node::list();
  for (std::size_t i = 0; i < server.pool->addresses().size(); ++i) {
    config::Node one;
    one.add("address", server.pool->addresses()[i].text);
    one.add("drained", config::Node::of(server.pool->health(i).drained()));
    one.add("healthy", config::Node::of(server.pool->health(i).availability(Clock::now()) ==
                                        core::Availability::healthy));
    one.add("connections", config::Node::of(std::int64_t{server.pool->health(i).load()}));
    addresses.children.push_back(std::move(one));
  }
  json.add("addresses", std::move(addresses));
  out.json = config::to_json(json) + "\n";
  return out;
}

Answer list_servers(const core::World& world) {
  Answer out = Answer::table(fmt::format("servers ({})", world.servers.size()));
  config::Node json = config::Node::list();
  for (const core::ServerPtr& server : world.servers) {
    out.lines.push_back(
        fmt::format("{:<24} {:>5} players  {:<12} {}", server->id(), server->state->players(),
                    config::name_of(server->config.proxy_mode), state_text(*server)));
    config::Node one;
    one.add("id", server->id());
    one.add("players", config::Node::of(std::int64_t{server->state->players()}));
    one.add("mode", config::name_of(server->config.proxy_mode));
    one.add("state", state_text(*server));
    json.children.push_back(std::move(one));
  }
  out.json = config::to_json(json) + "\n";
  return out;
}

void add_address_command(api::CommandRegistry& registry, const CommandParts& parts,
                         const std::string& name, const std::string& summary,
                         std::function<Result<>(const std::string&, const std::string&)> act) {
  registry.add({.name = name,
                .summary = summary,
                .arguments = {{.name = "id", .kind = ArgumentKind::server},
                              {.name = "address", .kind = ArgumentKind::address}},
                .run = [&parts, act = std::move(act)](const CommandCall& call) {
                  if (const auto done = act(call["id"], call["address"]); !done)
                    return Answer::error(done.error().what);
                  return about_server(*parts.world()->find(call["id"]), parts);
                }});
}

// With --ip also what only the running proxy knows: whether that address may start the server.
Answer route(const CommandParts& parts, const CommandCall& call) {
  const core::WorldPtr world = parts.world();
  const std::string* ip = call.option("ip");
  const std::string* listener = call.option("listener");
  const std::string* protocol = call.option("protocol");
  const auto number = protocol != nullptr ? parse_int<std::int32_t>(*protocol) : std::nullopt;
  if (protocol != nullptr && !number)
    return Answer::error(
        fmt::format("--protocol: \"{}\" is no number", escaped_for_log(*protocol, 32)));
  const RouteReport report =
      explain_route({.host = call["host"],
                     .listener = listener != nullptr ? std::optional(*listener) : std::nullopt,
                     .protocol = number,
                     .ip = ip != nullptr ? std::optional(*ip) : std::nullopt},
                    *world);
  const auto lines = split(trimmed(report.text), '\n');
  if (report.exit_code == exit_config) return Answer::error(std::string(lines.front()));
  Answer out = Answer::table(std::string(lines.front()));
  for (std::size_t i = 1; i < lines.size(); ++i) out.lines.emplace_back(trimmed(lines[i]));
  const core::Server* server = report.server ? world->find(*report.server) : nullptr;
  if (server != nullptr && ip != nullptr)
    for (std::string& line : wake_lines(*server, *world, parts.waker, IpAddress::parse(*ip)))
      out.lines.push_back(std::move(line));
  out.exit_code = report.exit_code;
  return out;
}

}  // namespace

void add_server_commands(api::CommandRegistry& registry, const CommandParts& parts) {
  registry.add({.name = "servers",
                .aliases = {"backends"},
                .summary = "Every server, its players and its state",
                .run = [&parts](const CommandCall&) { return list_servers(*parts.world()); }});
  registry.add({.name = "server",
                .summary = "A server and its addresses; in the game: where you are, or go there",
                .arguments = {{.name = "id", .kind = ArgumentKind::server, .required = false}},
                .in_game = Availability::may_be_opened,
                .run = [&parts](const CommandCall& call) {
                  if (!call.caller.is_console()) return go_to_server(parts, call);
                  if (!call.has("id")) return list_servers(*parts.world());
                  const core::WorldPtr world = parts.world();
                  const core::Server* server = world->find(call["id"]);
                  return server != nullptr ? about_server(*server, parts)
                                           : unknown_server(call["id"]);
                }});
  registry.add({.name = "start",
                .aliases = {"wake"},
                .summary = "Starts a server that has a server_manager",
                .arguments = {{.name = "id", .kind = ArgumentKind::server}},
                .in_game = Availability::admin,
                .in_game_name = "wake",
                .run = [&parts](const CommandCall& call) {
                  const auto done = parts.waker.start(call["id"], {});
                  return done ? Answer::ok("starting " + call["id"])
                              : Answer::error(done.error().what);
                }});
  registry.add({.name = "stop-server",
                .aliases = {"stopserver", "sleep"},
                .summary = "Stops such a server",
                .arguments = {{.name = "id", .kind = ArgumentKind::server}},
                .in_game = Availability::admin,
                .in_game_name = "sleep",
                .run = [&parts](const CommandCall& call) {
                  const auto done = parts.waker.stop(call["id"], "asked for");
                  return done ? Answer::ok("stopping " + call["id"])
                              : Answer::error(done.error().what);
                }});
  add_address_command(
      registry, parts, "drain", "No new players for an address; kept over restarts",
      [&parts](const auto& id, const auto& address) { return parts.drain(id, address, true); });
  add_address_command(
      registry, parts, "enable", "Takes that back",
      [&parts](const auto& id, const auto& address) { return parts.drain(id, address, false); });
  add_address_command(
      registry, parts, "reset", "Uses an address again that was left out as unreachable",
      [&parts](const auto& id, const auto& address) { return parts.reset(id, address); });
  registry.add({.name = "route",
                .summary = "Which server a host name takes, and why",
                .arguments = {{.name = "host"}},
                .options = {{.name = "ip", .value = "address"},
                            {.name = "listener", .value = "name"},
                            {.name = "protocol", .value = "number"}},
                .run = [&parts](const CommandCall& call) { return route(parts, call); }});
}

}  // namespace drawbridge::app
