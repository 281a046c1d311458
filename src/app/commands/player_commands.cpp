// Commands about players: who is there, telling them something, ending their connection.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>

#include "app/commands/parts.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/tree.hpp"
#include "core/desk.hpp"
#include "mc/text.hpp"

namespace drawbridge::app {

using api::Answer;
using api::ArgumentKind;
using api::Availability;
using api::CommandCall;
using core::PlayerNote;

namespace {

constexpr std::size_t most_listed = 500;

std::string stayed(const PlayerNote& player) {
  const std::int64_t now = core::unix_now();
  return readable_duration(std::max<std::int64_t>(now - player.since, 0) * 1000);
}

// Sorted by name; of a server, if one is named.
std::vector<PlayerNote> players_of(core::Proxy& proxy, std::string_view server = {}) {
  std::vector<PlayerNote> out = proxy.players();
  if (!server.empty())
    std::erase_if(out, [&](const PlayerNote& one) { return one.server != server; });
  std::ranges::sort(out, [](const PlayerNote& a, const PlayerNote& b) {
    return a.name != b.name ? a.name < b.name : a.session < b.session;
  });
  return out;
}

std::vector<PlayerNote> players_called(core::Proxy& proxy, std::string_view name) {
  std::vector<PlayerNote> out = players_of(proxy);
  std::erase_if(out, [&](const PlayerNote& one) { return !equal_ignoring_case(one.name, name); });
  return out;
}

Answer not_here(const std::string& name) {
  return Answer::error(fmt::format("{} is not here", escaped_for_log(name, 64)));
}

config::Node json_of(const PlayerNote& player) {
  config::Node out;
  out.add("name", player.name);
  if (player.uuid) out.add("uuid", player.uuid->text());
  out.add("verified", config::Node::of(player.verified));
  out.add("server", player.server);
  out.add("host", player.host);
  out.add("client", core::client_text(player.client));
  out.add("version", mc::release_name(player.version));
  out.add("since", config::Node::of(std::int64_t{player.since}));
  return out;
}

std::string place_of(const PlayerNote& player) {
  return player.server + (player.is_in_limbo ? " (limbo)" : "");
}

Answer list_players(const CommandParts& parts, const std::string& server) {
  const core::WorldPtr world = parts.world();
  if (!server.empty() && world->find(server) == nullptr)
    return Answer::error(fmt::format("there is no server {}", escaped_for_log(server, 64)));
  const auto players = players_of(parts.proxy, server);
  Answer out = Answer::table(fmt::format("players ({})", players.size()));
  std::map<std::string, std::vector<std::string>> by_server;
  for (const core::ServerPtr& one : world->servers)
    if (server.empty() || one->id() == server) by_server[one->id()];
  config::Node json = config::Node::list();
  for (const PlayerNote& player : players) {
    std::vector<std::string>& names = by_server[player.server];
    if (names.size() < most_listed) names.push_back(escaped_for_log(player.name, 32));
    json.children.push_back(json_of(player));
  }
  for (const auto& [id, names] : by_server)
    out.lines.push_back(fmt::format("{} ({}): {}", id, names.size(), fmt::join(names, " ")));
  out.json = config::to_json(json) + "\n";
  return out;
}

Answer find_player(const CommandParts& parts, const CommandCall& call) {
  const auto found = players_called(parts.proxy, call["player"]);
  if (found.empty()) return not_here(call["player"]);
  Answer out = Answer::table(escaped_for_log(found.front().name, 64));
  config::Node json = config::Node::list();
  for (const PlayerNote& player : found) {
    std::string line = fmt::format("on {} for {}", place_of(player), stayed(player));
    // Addresses and accounts are for operators' eyes.
    if (call.caller.is_console())
      line += fmt::format(
          ", version {}, host {}, from {}, uuid {}{}", mc::release_name(player.version),
          escaped_for_log(player.host, 64), core::client_text(player.client),
          player.uuid ? player.uuid->text() : "unknown", player.verified ? "" : " (claimed)");
    out.lines.push_back(std::move(line));
    json.children.push_back(json_of(player));
  }
  out.json = config::to_json(json) + "\n";
  return out;
}

// '&' codes as operators write them; a stranger's text never comes here.
mc::Text words_of(std::string_view text) {
  constexpr std::string_view codes = "0123456789abcdefklmnorABCDEFKLMNOR";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&' && i + 1 < text.size() && codes.contains(text[i + 1]))
      out += "§";
    else
      out += text[i];
  }
  return mc::Text::legacy(std::move(out));
}

std::size_t end_sessions(const CommandParts& parts, const std::vector<PlayerNote>& players,
                         const std::string& reason, const std::string& who) {
  const mc::Text words = reason.empty() ? mc::Text::legacy("You were kicked.") : words_of(reason);
  std::atomic<std::size_t> ended = 0;
  parts.proxy.ask_desks([&](core::Desk& desk) {
    for (const PlayerNote& player : players)
      if (desk.end_session(player.session, words, "kicked by " + who)) ++ended;
  });
  return ended;
}

std::string without_words(const std::vector<PlayerNote>& players) {
  const auto mute =
      std::ranges::count_if(players, [](const PlayerNote& one) { return !one.is_intercepted; });
  return mute == 0
             ? std::string()
             : fmt::format(" ({} without words: their server's mode only passes bytes on)", mute);
}

Answer kick(const CommandParts& parts, const CommandCall& call) {
  const auto found = players_called(parts.proxy, call["player"]);
  if (found.empty()) return not_here(call["player"]);
  const std::size_t ended = end_sessions(parts, found, call["reason"], call.caller.name);
  if (ended == 0) return not_here(call["player"]);
  return Answer::ok(
      fmt::format("kicked {}{}", escaped_for_log(found.front().name, 64), without_words(found)));
}

Answer kick_address(const CommandParts& parts, const CommandCall& call) {
  const auto network = Cidr::parse(call["ip or range"]);
  if (!network)
    return Answer::error(
        fmt::format("\"{}\" is no address or network", escaped_for_log(call["ip or range"], 64)));
  auto found = parts.proxy.players();
  std::erase_if(found, [&](const PlayerNote& one) {
    return core::came_by_unix_socket(one.client) || !network->contains(one.client.address);
  });
  const std::size_t ended = end_sessions(parts, found, {}, call.caller.name);
  if (ended == 0) return Answer::error("nobody is here from " + network->text());
  return Answer::ok(
      fmt::format("kicked {} players from {}{}", ended, network->text(), without_words(found)));
}

Answer broadcast(const CommandParts& parts, const CommandCall& call) {
  const std::string* server = call.option("server");
  if (server != nullptr && parts.world()->find(*server) == nullptr)
    return Answer::error(fmt::format("there is no server {}", escaped_for_log(*server, 64)));
  const mc::Text words = words_of(call["text"]);
  std::atomic<std::size_t> told = 0;
  parts.proxy.ask_desks([&](core::Desk& desk) {
    told += desk.tell_everybody(words, server != nullptr ? *server : std::string());
  });
  const std::size_t all =
      players_of(parts.proxy, server != nullptr ? *server : std::string()).size();
  std::string text = fmt::format("told {} of {} players", told.load(), all);
  if (told < all) text += "; the others' servers have modes that only pass bytes on";
  return Answer::ok(std::move(text));
}

Answer message(const CommandParts& parts, const CommandCall& call) {
  const auto found = players_called(parts.proxy, call["player"]);
  if (found.empty()) return not_here(call["player"]);
  const mc::Text words = words_of(call["text"]);
  std::atomic<std::size_t> told = 0;
  parts.proxy.ask_desks([&](core::Desk& desk) {
    for (const PlayerNote& player : found)
      if (desk.tell_session(player.session, words)) ++told;
  });
  if (told == 0)
    return Answer::error(
        fmt::format("{} cannot be told: not in play, or its server's mode only passes bytes on",
                    escaped_for_log(found.front().name, 64)));
  return Answer::ok("told " + escaped_for_log(found.front().name, 64));
}

Answer connections(const CommandParts& parts, const CommandCall& call) {
  const std::string* server = call.option("server");
  const std::string* ip = call.option("ip");
  std::optional<Cidr> network;
  if (ip != nullptr) {
    network = Cidr::parse(*ip);
    if (!network)
      return Answer::error(
          fmt::format("--ip: \"{}\" is no address or network", escaped_for_log(*ip, 64)));
  }
  auto found = players_of(parts.proxy, server != nullptr ? *server : std::string());
  if (network)
    std::erase_if(found, [&](const PlayerNote& one) {
      return core::came_by_unix_socket(one.client) || !network->contains(one.client.address);
    });
  Answer out = Answer::table(
      fmt::format("connections ({}), being set up: {}", found.size(), parts.proxy.set_ups()));
  config::Node json = config::Node::list();
  for (const PlayerNote& one : found) {
    if (out.lines.size() < most_listed)
      out.lines.push_back(fmt::format("{:<8} {:<16} {:<16} {:<24} {:<10} {:>8}  {}", one.session,
                                      escaped_for_log(one.name, 32), place_of(one),
                                      core::client_text(one.client), mc::release_name(one.version),
                                      stayed(one), escaped_for_log(one.host, 64)));
    json.children.push_back(json_of(one));
  }
  if (found.size() > most_listed)
    out.lines.push_back(fmt::format("... and {} more", found.size() - most_listed));
  out.json = config::to_json(json) + "\n";
  return out;
}

// Whoever is relayed cannot be moved, which the log says.
Answer send(const CommandParts& parts, const CommandCall& call) {
  if (parts.world()->find(call["server"]) == nullptr)
    return Answer::error(fmt::format("there is no server {}", escaped_for_log(call["server"], 64)));
  const auto found = players_called(parts.proxy, call["player"]);
  if (found.empty()) return not_here(call["player"]);
  for (const PlayerNote& player : found) {
    if (!player.can_travel)
      return Answer::error(fmt::format("{} is on {}, whose mode does not read packets",
                                       escaped_for_log(player.name, 64), player.server));
    parts.proxy.move_player(player.session, {.server = call["server"]});
  }
  return Answer::ok(fmt::format("{} is on the way to {}", escaped_for_log(found.front().name, 64),
                                call["server"]));
}

// Where a player may go by itself: what is in the network of the server that it is on.
std::vector<std::string> reachable_from(const core::World& world, const std::string& id) {
  std::vector<std::string> out;
  const core::Server* here = world.find(id);
  if (here == nullptr || !here->config.network) return out;
  for (const core::ServerPtr& one : world.servers)
    if (one->id() != id && one->config.network == here->config.network) out.push_back(one->id());
  return out;
}

}  // namespace

// `/drawbridge server [name]` of a player: where it is, or on to another. The answer to that comes
// when it is known, which the player may see for itself.
Answer go_to_server(const CommandParts& parts, const CommandCall& call) {
  const auto others = reachable_from(*parts.world(), call.caller.server);
  const std::string& wanted = call["id"];
  if (wanted.empty()) {
    Answer out = Answer::table("you are on " + call.caller.server);
    out.lines.push_back(others.empty() ? std::string("there is no other server that you can go to")
                                       : fmt::format("you can go to: {}", fmt::join(others, " ")));
    return out;
  }
  if (std::ranges::find(others, wanted) == others.end() && wanted != call.caller.server)
    return Answer::error(
        fmt::format("there is no server {} that you can go to", escaped_for_log(wanted, 64)));
  parts.proxy.move_player(
      call.caller.session,
      {.server = wanted,
       .only_in_network = wanted != call.caller.server,
       .done = [&parts, session = call.caller.session, wanted](const core::MoveOutcome& outcome) {
         if (outcome.moved) return;
         const auto words =
             mc::Text::legacy(fmt::format("§cYou cannot go to {}: {}", wanted, outcome.why));
         parts.afterwards([&parts, session, words] { parts.proxy.tell_player(session, words); });
       }});
  return Answer::ok("on the way to " + wanted);
}

namespace {

// Nobody is moved to where it is already.
Answer send_all(const CommandParts& parts, const CommandCall& call) {
  const std::string& to = call["server"];
  const std::string* from = call.option("from");
  const core::WorldPtr world = parts.world();
  for (const std::string& id : {to, from != nullptr ? *from : to})
    if (world->find(id) == nullptr)
      return Answer::error(fmt::format("there is no server {}", escaped_for_log(id, 64)));
  std::size_t sent = 0;
  std::size_t relayed = 0;
  for (const PlayerNote& player : players_of(parts.proxy, from != nullptr ? *from : "")) {
    if (player.server == to && !player.is_in_limbo) continue;
    if (!player.can_travel) {
      ++relayed;
      continue;
    }
    parts.proxy.move_player(player.session, {.server = to});
    ++sent;
  }
  std::string text = fmt::format("{} players are on the way to {}", sent, to);
  if (relayed > 0)
    text += fmt::format("; {} are not, since their servers' modes only pass bytes on", relayed);
  return Answer::ok(std::move(text));
}

}  // namespace

void add_player_commands(api::CommandRegistry& registry, const CommandParts& parts) {
  registry.complete_with(ArgumentKind::player, [&parts](auto) {
    std::vector<std::string> out;
    for (PlayerNote& player : parts.proxy.players()) out.push_back(std::move(player.name));
    return out;
  });
  registry.add(
      {.name = "list",
       .aliases = {"players", "who", "online", "ls"},
       .summary = "Who plays, by server",
       .arguments = {{.name = "server", .kind = ArgumentKind::server, .required = false}},
       .in_game = Availability::may_be_opened,
       .run = [&parts](const CommandCall& call) { return list_players(parts, call["server"]); }});
  registry.add({.name = "find",
                .summary = "Where a player is",
                .arguments = {{.name = "player", .kind = ArgumentKind::player}},
                .in_game = Availability::may_be_opened,
                .run = [&parts](const CommandCall& call) { return find_player(parts, call); }});
  registry.add({.name = "msg",
                .aliases = {"tell", "whisper"},
                .summary = "Tells a player something",
                .arguments = {{.name = "player", .kind = ArgumentKind::player},
                              {.name = "text", .kind = ArgumentKind::text}},
                .run = [&parts](const CommandCall& call) { return message(parts, call); }});
  registry.add({.name = "broadcast",
                .aliases = {"bc", "say"},
                .summary = "Tells all players something; & begins a colour",
                .arguments = {{.name = "text", .kind = ArgumentKind::text}},
                .options = {{.name = "server", .value = "server", .kind = ArgumentKind::server}},
                .in_game = Availability::admin,
                .run = [&parts](const CommandCall& call) { return broadcast(parts, call); }});
  registry.add({.name = "kick",
                .summary = "Ends a player's connection",
                .arguments = {{.name = "player", .kind = ArgumentKind::player},
                              {.name = "reason", .kind = ArgumentKind::text, .required = false}},
                .in_game = Availability::admin,
                .run = [&parts](const CommandCall& call) { return kick(parts, call); }});
  registry.add({.name = "send",
                .summary = "Moves a player to another server; the log tells how it went",
                .arguments = {{.name = "player", .kind = ArgumentKind::player},
                              {.name = "server", .kind = ArgumentKind::server}},
                .in_game = Availability::admin,
                .run = [&parts](const CommandCall& call) { return send(parts, call); }});
  registry.add({.name = "send-all",
                .aliases = {"sendall"},
                .summary = "The same for all, or all of one server; the log tells how it went",
                .arguments = {{.name = "server", .kind = ArgumentKind::server}},
                .options = {{.name = "from", .value = "server", .kind = ArgumentKind::server}},
                .run = [&parts](const CommandCall& call) { return send_all(parts, call); }});
  registry.add({.name = "kick-ip",
                .aliases = {"kickip"},
                .summary = "The same for all from an address or network",
                .arguments = {{.name = "ip or range"}},
                .run = [&parts](const CommandCall& call) { return kick_address(parts, call); }});
  registry.add({.name = "connections",
                .aliases = {"conns"},
                .summary = "Every player's connection",
                .options = {{.name = "server", .value = "server", .kind = ArgumentKind::server},
                            {.name = "ip", .value = "range"}},
                .run = [&parts](const CommandCall& call) { return connections(parts, call); }});
}

}  // namespace drawbridge::app
