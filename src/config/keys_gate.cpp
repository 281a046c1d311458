// Keys of the gate: limits, bans, permissions, identity.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/keys_parts.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {
namespace {

const Table& bucket_keys() {
  static const Table table = describe_table<RateBucket>({
      key<&RateBucket::name>("name", "What the log calls it.", required, ours, now, an_id()),
      key<&RateBucket::ipv4_prefix>("ipv4_prefix", "Bits of an IPv4 address that make one source.",
                                    ours, now, within(8, 32)),
      key<&RateBucket::ipv6_prefix>("ipv6_prefix", "The same for IPv6.", ours, now,
                                    within(16, 128)),
      key<&RateBucket::max_connections>("max_connections", "Logins and transfers in one window.",
                                        ours, now, at_least(1)),
      key<&RateBucket::window>("window", "The window for them.", ours, now, more_than(seconds(0))),
      key<&RateBucket::status_max>("status_max", "Status pings in one window.", ours, now,
                                   at_least(1)),
      key<&RateBucket::status_window>("status_window", "The window for them.", ours, now,
                                      more_than(seconds(0))),
  });
  return table;
}

// Subcommands that can be opened to everybody, and those that never are (they load, with a
// warning).
constexpr std::array<std::string_view, 6> open_commands = {"help", "version", "list",
                                                           "find", "server",  "*"};
constexpr std::array<std::string_view, 10> protected_commands = {
    "send", "broadcast", "kick", "plugins", "plugin", "reload", "ban", "unban", "wake", "sleep"};

void check_player_commands(Reader& reader, const Node& node, void* value) {
  auto& commands = *static_cast<std::vector<std::string>*>(value);
  std::erase_if(commands, [&](const std::string& name) {
    if (std::ranges::find(open_commands, name) != open_commands.end()) return false;
    if (std::ranges::find(protected_commands, name) != protected_commands.end()) {
      reader.warn(node, fmt::format("\"{}\" is for admins only and is ignored here", name));
      return true;
    }
    const auto nearest = nearest_name(name, open_commands);
    reader.error(node, fmt::format("\"{}\" is no subcommand{}", escaped_for_log(name, 60),
                                   nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : ""));
    return false;
  });
}

StringRule session_url() {
  return {"https, or http on this machine", [](std::string& text) -> std::string {
            for (const std::string_view local :
                 {"http://127.0.0.1", "http://localhost", "http://[::1]"})
              if (text.starts_with(local) && std::string_view(":/").find(text.substr(
                                                 local.size(), 1)) != std::string_view::npos)
                return {};
            const Result<> good = check_url(text, "https");
            return good ? "" : good.error().what;
          }};
}

}  // namespace

const Table& rate_limit_keys() {
  static const Table table = describe_table<RateLimit>({
      key<&RateLimit::enabled>("enabled", "Switches this whole table.", live, now),
      key<&RateLimit::max_connections>(
          "max_connections", "Logins and transfers of one source in one window; old clients count.",
          live, now, at_least(1)),
      key<&RateLimit::window>("window", "The window for them.", live, now, more_than(seconds(0))),
      key<&RateLimit::status_max>("status_max", "Status pings of one source in one window.", live,
                                  now, at_least(1)),
      key<&RateLimit::status_window>("status_window", "The window for them.", live, now,
                                     more_than(seconds(0))),
      key<&RateLimit::ipv4_prefix>("ipv4_prefix", "Bits of an IPv4 address that make one source.",
                                   live, ours, now, within(8, 32)),
      key<&RateLimit::ipv6_prefix>(
          "ipv6_prefix", "The same for IPv6, where everybody has at least a /64 to choose from.",
          live, ours, now, within(32, 128)),
      key<&RateLimit::max_entries>(
          "max_entries",
          "Sources that are remembered. One that is out of allowance is never "
          "forgotten for a new one.",
          live, ours, now, at_least(1024)),
      key<&RateLimit::accept_max>(
          "accept_max",
          "Connections of one source in one window, whatever they turn out to be; closed before a "
          "byte is read. 0 = no limit.",
          live, ours, now),
      key<&RateLimit::accept_window>("accept_window", "The window for them.", live, ours, now,
                                     more_than(seconds(0))),
      key<&RateLimit::max_wait>("max_wait",
                                "A login over the limit waits for its turn, at most this long; "
                                "`\"0s\"` = refused at once.",
                                live, ours, now, within(seconds(0), seconds(60))),
      key<&RateLimit::exempt>("exempt", "Sources without limits.", live, ours, now),
      config::table<&RateLimit::bucket>(
          "bucket", bucket_keys(), "Wider sources, each with limits of its own; all must agree.",
          live, ours, now),
  });
  return table;
}

const Table& geoip_keys() {
  static const Table table = describe_table<GeoIp>({
      key<&GeoIp::database>("database",
                            "File in MaxMind's format that tells the country of an address; "
                            "watched.",
                            live, ours, now, DefaultText{"none"}),
  });
  return table;
}

const Table& ban_keys() {
  static const Table table = describe_table<Ban>({
      key<&Ban::provider>("provider",
                          "Who decides about bans; a plugin that does not answer refuses logins.",
                          live, now, an_id(), Range{"`builtin`, `none`, or a plugin's id"},
                          LaterValues{[](const void* value) {
                            const auto& provider = *static_cast<const std::string*>(value);
                            return provider == "builtin" || provider == "none";
                          }}),
      key<&Ban::file>("file", "Where the built-in store keeps them.", restart, now),
      key<&Ban::purge_interval>("purge_interval",
                                "Pause between removals of bans that have run out.", live, now,
                                more_than(seconds(0))),
      key<&Ban::enable_audit_log>("enable_audit_log",
                                  "Keep the last 10,000 bans and pardons in the file.", live, now),
      key<&Ban::check_timeout>("check_timeout", "A login without an answer by then is refused.",
                               live, later, more_than(seconds(0))),
  });
  return table;
}

const Table& permissions_keys() {
  static const Table table = describe_table<Permissions>({
      key<&Permissions::provider>("provider", "Who answers questions about permissions.", live,
                                  later, an_id(), Range{"`builtin`, or a plugin's id"}),
      key<&Permissions::admins>("admins", "Players who hold `drawbridge.admin`.", live, now,
                                a_player()),
      key<&Permissions::player_commands>(
          "player_commands", "Subcommands that are open to everybody.", live, now,
          Rule{"`help`, `version`, `list`, `find`, `server`, `*`", check_player_commands}),
      key<&Permissions::trust_offline_admins>(
          "trust_offline_admins", "Let players be admins although nobody has checked who they are.",
          live, now),
      key<&Permissions::server_command>(
          "server_command",
          "`/server` does what `/drawbridge server` does, for those who may use that.", live, ours,
          now),
  });
  return table;
}

const Table& auth_keys() {
  static const Table table = describe_table<Auth>({
      key<&Auth::session_url>("session_url",
                              "Session server for `client_only` and `verify_before_wake`.", fresh,
                              now, session_url()),
      key<&Auth::duplicate_login>("duplicate_login",
                                  "What happens when a verified player comes a second time.", fresh,
                                  ours, now),
      key<&Auth::prevent_proxy_connections>("prevent_proxy_connections",
                                            "Tell the session server the player's address.", fresh,
                                            ours, now),
      key<&Auth::offline_uuid>(
          "offline_uuid",
          "UUID of a player whom nobody verifies: made from the name, or as claimed.", fresh, now),
      key<&Auth::timeout>("timeout", "Longest wait for the session server.", fresh, ours, now,
                          within(seconds(1), seconds(30))),
      key<&Auth::names>("names",
                        "Names that may log in (intercepted modes): `strict` is 3 to 16 letters, "
                        "digits and underscores, `lax` 1 to 16 visible ASCII characters.",
                        fresh, ours, now),
  });
  return table;
}

}  // namespace drawbridge::config
