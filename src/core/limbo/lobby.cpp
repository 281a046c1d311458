#include "core/limbo/lobby.hpp"

#include <fmt/format.h>

namespace drawbridge::core {

namespace {

constexpr std::int32_t title_ticks = 200;  // 10 seconds

// With placeholders, in § codes. What is in them can be no code.
mc::Text words(std::string text, const TextSubject& subject) {
  return filled({.kind = config::Text::Kind::legacy, .value = std::move(text)}, subject);
}

// Where a player finds this server: a name of its own, if it has one.
std::string address_of(const Server& server) {
  for (const std::string& domain : server.config.domains)
    if (domain.find_first_of("*?") == std::string::npos) return domain;
  return {};
}

void tell_of(LimboSession& player, const TextSubject& subject, const Server& server) {
  const std::string address = address_of(server);
  TextSubject about = subject;
  about.server = &server;
  player.show_title(words("§a{server}", about), words("§7is there now", about), title_ticks);
  player.tell(
      words(address.empty()
                ? std::string("§a{server} §7is there now. Leave, and join again.")
                : fmt::format("§a{{server}} §7is there now. Leave, and join §f{}§7.", address),
            about));
}

}  // namespace

ServerPtr make_lobby() {
  auto lobby = std::make_shared<Server>();
  lobby->config.id = "lobby";
  lobby->config.proxy_mode = config::ProxyMode::offline;
  lobby->config.limbo = true;
  lobby->is_lobby = true;
  lobby->state = std::make_shared<ServerState>();
  return lobby;
}

void show_lobby(LimboSession& player, const TextSubject& subject) {
  player.show_title(words("§6Drawbridge", subject), words("§7is running", subject), title_ticks);
  player.show_boss_bar(words("§6Drawbridge §7waits for its first server", subject), 1);
  tell_lobby_help(player, subject);
}

void tell_lobby_help(LimboSession& player, const TextSubject& subject) {
  const std::string folder = subject.world->global->servers_dir.string();
  for (const std::string& line :
       {std::string("§6Drawbridge §7is running, and you are in its lobby. To add a server, write"),
        fmt::format("§f{}/my-server.toml", folder), std::string("§7with these lines:"),
        std::string("§fdomains = [\"{host}\"]"), std::string("§faddresses = [\"127.0.0.1:25566\"]"),
        std::string("§7You will hear of it here. §f/help §7says this again.")}) {
    player.tell(words(line, subject));
  }
}

void tell_lobby_of_servers(LimboSession& player, const TextSubject& subject, const World& before) {
  for (const ServerPtr& server : subject.world->servers)
    if (!before.index_of(server->id())) tell_of(player, subject, *server);
}

}  // namespace drawbridge::core
