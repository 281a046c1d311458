// Keys of the gate: limits, bans, permissions, identity.
#include "config/keys_parts.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {
namespace {

const Table& bucket_keys() {
  static const Table table = describe_table<RateBucket>({
      key<&RateBucket::name>("name", "What the log calls it.", required, ours, later, an_id()),
      key<&RateBucket::ipv4_prefix>("ipv4_prefix", "Bits of an IPv4 address that make one source.",
                                    ours, later, within(8, 32)),
      key<&RateBucket::ipv6_prefix>("ipv6_prefix", "The same for IPv6.", ours, later,
                                    within(16, 128)),
      key<&RateBucket::max_connections>("max_connections", "Logins and transfers in one window.",
                                        ours, later, at_least(1)),
      key<&RateBucket::window>("window", "The window for them.", ours, later,
                               more_than(seconds(0))),
      key<&RateBucket::status_max>("status_max", "Status pings in one window.", ours, later,
                                   at_least(1)),
      key<&RateBucket::status_window>("status_window", "The window for them.", ours, later,
                                      more_than(seconds(0))),
  });
  return table;
}

}  // namespace

const Table& rate_limit_keys() {
  static const Table table = describe_table<RateLimit>({
      key<&RateLimit::enabled>("enabled", "Switches this whole table.", live, later),
      key<&RateLimit::max_connections>(
          "max_connections", "Logins and transfers of one source in one window; old clients count.",
          live, later, at_least(1)),
      key<&RateLimit::window>("window", "The window for them.", live, later, more_than(seconds(0))),
      key<&RateLimit::status_max>("status_max", "Status pings of one source in one window.", live,
                                  later, at_least(1)),
      key<&RateLimit::status_window>("status_window", "The window for them.", live, later,
                                     more_than(seconds(0))),
      key<&RateLimit::ipv4_prefix>("ipv4_prefix", "Bits of an IPv4 address that make one source.",
                                   live, ours, later, within(8, 32)),
      key<&RateLimit::ipv6_prefix>(
          "ipv6_prefix", "The same for IPv6, where everybody has at least a /64 to choose from.",
          live, ours, later, within(32, 128)),
      key<&RateLimit::max_entries>(
          "max_entries",
          "Sources that are remembered. One that is out of allowance is never "
          "forgotten for a new one.",
          live, ours, later, at_least(1024)),
      key<&RateLimit::exempt>("exempt", "Sources without limits.", live, ours, later),
      config::table<&RateLimit::bucket>(
          "bucket", bucket_keys(), "Wider sources, each with limits of its own; all must agree.",
          live, ours, later),
  });
  return table;
}

const Table& ban_keys() {
  static const Table table = describe_table<Ban>({
      key<&Ban::provider>("provider",
                          "Who decides about bans; a plugin that does not answer refuses logins.",
                          live, later, an_id(), Range{"`builtin`, `none`, or a plugin's id"}),
      key<&Ban::file>("file", "Where the built-in store keeps them.", restart, later),
      key<&Ban::purge_interval>("purge_interval",
                                "Pause between removals of bans that have run out.", live, later,
                                more_than(seconds(0))),
      key<&Ban::enable_audit_log>(
          "enable_audit_log", "Keep the last 10,000 bans and pardons in the file.", live, later),
      key<&Ban::check_timeout>("check_timeout", "A login without an answer by then is refused.",
                               live, later, more_than(seconds(0))),
  });
  return table;
}

const Table& permissions_keys() {
  static const Table table = describe_table<Permissions>({
      key<&Permissions::provider>("provider", "Who answers questions about permissions.", live,
                                  later, an_id(), Range{"`builtin`, or a plugin's id"}),
      key<&Permissions::admins>("admins", "Players who hold `drawbridge.admin`.", live, later,
                                a_player()),
      key<&Permissions::player_commands>(
          "player_commands", "Subcommands that are open to everybody.", live, later,
          one_word_of({"help", "version", "list", "find", "server", "*"})),
      key<&Permissions::trust_offline_admins>(
          "trust_offline_admins", "Let players be admins although nobody has checked who they are.",
          live, later),
  });
  return table;
}

const Table& auth_keys() {
  static const Table table = describe_table<Auth>({
      key<&Auth::session_url>("session_url",
                              "Session server for `client_only` and `verify_before_wake`.", fresh,
                              later, a_url("https, http")),
      key<&Auth::duplicate_login>("duplicate_login",
                                  "What happens when a verified player comes a second time.", fresh,
                                  ours, later),
      key<&Auth::prevent_proxy_connections>("prevent_proxy_connections",
                                            "Tell the session server the player's address.", fresh,
                                            ours, later),
      key<&Auth::offline_uuid>(
          "offline_uuid",
          "UUID of a player whom nobody verifies: made from the name, or as claimed.", fresh,
          later),
      key<&Auth::timeout>("timeout", "Longest wait for the session server.", fresh, ours, later,
                          within(seconds(1), seconds(30))),
  });
  return table;
}

}  // namespace drawbridge::config
