// Defaults that are more than a literal, and the small look-ups that lay a server over the global
// file.
#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "config/server.hpp"

namespace drawbridge::config {

std::vector<Cidr> private_networks() {
  // Loopback, RFC 1918, shared address space is left out on purpose (carriers put strangers there),
  // link-local, unique local addresses.
  static const std::vector<Cidr> networks = [] {
    std::vector<Cidr> out;
    for (const std::string_view text :
         {"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
          "169.254.0.0/16", "fe80::/10"})
      out.push_back(*Cidr::parse(text));
    return out;
  }();
  return networks;
}

std::string_view builtin_text(Kick kick) {
  switch (kick) {
    case Kick::unknown_host:
      return "There is no server at {host}.";
    case Kick::offline:
      return "Server is currently unreachable. Please try again later.";
    case Kick::starting:
      return "The server is starting. Please try again in a moment.";
    case Kick::start_failed:
      return "The server could not be started.";
    case Kick::stopping:
      return "The server is stopping. Please try again in a moment.";
    case Kick::full:
      return "The server is full ({max} players).";
    case Kick::proxy_full:
      return "Too many connections. Please try again later.";
    case Kick::banned:
      return "You are banned: {reason}";
    case Kick::ban_check_failed:
      return "Bans cannot be checked right now. Please try again later.";
    case Kick::rate_limited:
      return "Too many attempts. Please wait {seconds} seconds.";
    case Kick::ip_filtered:
      return "Your address may not join this server.";
    case Kick::maintenance:
      return "{server} is being worked on. Please try again later.";
    case Kick::not_allowed:
      return "You may not join this server.";
    case Kick::wake_denied:
      return "The server is asleep, and you may not start it.";
    case Kick::auth_failed:
      return "Your account could not be verified.";
    case Kick::auth_unavailable:
      return "The account servers do not answer. Please try again later.";
    case Kick::duplicate_login:
      return "You are already playing here.";
    case Kick::plugin_unavailable:
      return "Something that this server needs is not available right now.";
    case Kick::limbo_unavailable:
      return "There is no place to wait for your game version.";
    case Kick::version_unsupported:
      return "Your game version is not supported here.";
    case Kick::shutdown:
      return "The proxy is shutting down.";
    case Kick::invalid_name:
      return "Your name is not one that this server takes.";
    case Kick::encryption_failed:
      return "The encrypted connection could not be set up. Please restart your game.";
    case Kick::login_timed_out:
      return "Logging in took too long. Please try again.";
    case Kick::transfers_refused:
      return "This server does not take players who were sent here by another one.";
    case Kick::bedrock_refused:
      return "This server checks Java accounts, which Bedrock players do not have.";
    case Kick::logged_in_elsewhere:
      return "You logged in from another place.";
    case Kick::moved:
      return "§e{reason}§7. You are on §f{server}§7 now.";
  }
  return {};
}

Text kick_text(Kick kick, const ServerConfig* server, const GlobalConfig& global) {
  if (server != nullptr) {
    if (const auto own = server->kick_messages.find(kick); own != server->kick_messages.end())
      return own->second;
    if (kick == Kick::offline && server->disconnect_message) return *server->disconnect_message;
  }
  if (const auto shared = global.kick_messages.find(kick); shared != global.kick_messages.end())
    return shared->second;
  return {.kind = Text::Kind::legacy, .value = std::string(builtin_text(kick))};
}

const std::vector<std::string>& effective_fallback(const ServerConfig& server,
                                                   const GlobalConfig& global) {
  return server.fallback.empty() ? global.fallback : server.fallback;
}

const std::vector<std::string>& effective_fallback_on_kick(const ServerConfig& server,
                                                           const GlobalConfig& global) {
  return server.fallback_on_kick ? *server.fallback_on_kick : global.fallback_on_kick;
}

ForwardingMode effective_forwarding(const ServerConfig& server, const GlobalConfig& global) {
  return server.forwarding_mode.value_or(global.forwarding.mode);
}

bool needs_forwarding_secret(const ServerConfig& server, const GlobalConfig& global) {
  const ForwardingMode mode = effective_forwarding(server, global);
  return mode == ForwardingMode::bungee_guard ||
         (mode == ForwardingMode::velocity && is_intercepted(server.proxy_mode));
}

Duration effective_connect_timeout(const ServerConfig& server, const GlobalConfig& global) {
  return server.timeouts.connect.value_or(global.connect_timeout);
}

namespace {

EffectiveListener resolved(const GlobalConfig& global, const Listener& listener) {
  return {.bind = listener.bind,
          .name = listener.name.empty() ? listener.bind.text() : listener.name,
          .receive_proxy_protocol =
              listener.receive_proxy_protocol.value_or(global.receive_proxy_protocol),
          .trusted_proxies = listener.trusted_proxies.value_or(global.trusted_proxies),
          .trust_everybody = listener.bind.is_unix() && !listener.trusted_proxies,
          .default_server = listener.default_server,
          .mode = parse_int<unsigned>(listener.mode, 8).value_or(0660),
          .max_connections = listener.max_connections};
}

}  // namespace

std::vector<EffectiveListener> effective_listeners(const GlobalConfig& global) {
  std::vector<EffectiveListener> out;
  const Address everywhere{
      .host = "0.0.0.0", .ip = IpAddress(), .port = default_port, .unix_path = {}};
  const bool in_tables =
      global.bind && std::ranges::any_of(global.listener,
                                         [&](const Listener& l) { return l.bind == *global.bind; });
  if ((global.bind && !in_tables) || (!global.bind && global.listener.empty())) {
    Listener plain;
    plain.bind = global.bind.value_or(everywhere);
    out.push_back(resolved(global, plain));
  }
  for (const Listener& listener : global.listener) out.push_back(resolved(global, listener));
  return out;
}

}  // namespace drawbridge::config
