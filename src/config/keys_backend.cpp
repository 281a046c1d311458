// Keys towards the backends and the sources of servers.
#include "config/keys_parts.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {

const Table& forwarding_keys() {
  static const Table table = [] {
    Table keys = describe_table<Forwarding>({
        key<&Forwarding::mode>("mode",
                               "How backends learn who the player is; `modern` and `legacy` are "
                               "other words for `velocity` and `bungee_cord`.",
                               fresh, now),
        key<&Forwarding::secret_file>(
            "secret_file", "File with the secret; made when it is missing and needed.", live, now),
    });
    keys.ignored = {{"bungeecord_channel", "write it into [plugin_messaging]"},
                    {"channel_permissions", "write it into [plugin_messaging]"}};
    return keys;
  }();
  return table;
}

const Table& limbo_keys() {
  static const Table table = describe_table<Limbo>({
      key<&Limbo::title>("title", "Large words on the screen.", live, ours, now),
      key<&Limbo::subtitle>("subtitle", "Smaller words below.", live, ours, now),
      key<&Limbo::chat>("chat", "A chat line on arrival.", live, ours, now),
      key<&Limbo::boss_bar>("boss_bar", "Words of the bar at the top.", live, ours, now),
      key<&Limbo::time_limit>("time_limit", "Longest stay.", live, ours, now, more_than(seconds(0)),
                              DefaultText{"none"}),
      key<&Limbo::reconnect_for>(
          "reconnect_for", "How long `reconnect` holds a player for the server that was lost.",
          live, ours, now),
      key<&Limbo::then>("then", "What happens at the time limit.", live, ours, now),
  });
  return table;
}

namespace {

using Channel = BungeecordPermissions;

const Table& channel_keys() {
  static const Table table = describe_table<Channel>({
      key<&Channel::connect>("connect", "Send the player elsewhere.", now, Alias{"Connect"}),
      key<&Channel::connect_other>("connect_other", "Send another player elsewhere.", now,
                                   Alias{"ConnectOther"}),
      key<&Channel::ip>("ip", "Ask for the player's address.", now, Alias{"IP"}),
      key<&Channel::ip_other>("ip_other", "Ask for another player's address.", now,
                              Alias{"IPOther"}),
      key<&Channel::player_count>("player_count", "Ask how many play.", now, Alias{"PlayerCount"}),
      key<&Channel::player_list>("player_list", "Ask who plays.", now, Alias{"PlayerList"}),
      key<&Channel::get_servers>("get_servers", "Ask for the names of all servers.", now,
                                 Alias{"GetServers"}),
      key<&Channel::get_server>("get_server", "Ask for the own name.", now, Alias{"GetServer"}),
      key<&Channel::get_player_server>("get_player_server", "Ask where a player is.", now,
                                       Alias{"GetPlayerServer"}),
      key<&Channel::message>("message", "Send a chat line to a player.", now, Alias{"Message"}),
      key<&Channel::message_raw>("message_raw", "The same as a text component.", now,
                                 Alias{"MessageRaw"}),
      key<&Channel::forward>("forward", "Send data to other servers.", now, Alias{"Forward"}),
      key<&Channel::forward_to_player>("forward_to_player", "Send data to a player's server.", now,
                                       Alias{"ForwardToPlayer"}),
      key<&Channel::uuid>("uuid", "Ask for the player's UUID.", now, Alias{"UUID"}),
      key<&Channel::uuid_other>("uuid_other", "Ask for another player's UUID.", now,
                                Alias{"UUIDOther"}),
      key<&Channel::server_ip>("server_ip", "Ask for a server's address.", now, Alias{"ServerIP"}),
      key<&Channel::kick_player>("kick_player", "Kick a player from the proxy.", now,
                                 Alias{"KickPlayer"}),
      key<&Channel::kick_player_raw>("kick_player_raw", "The same with a text component.", now,
                                     Alias{"KickPlayerRaw"}),
  });
  return table;
}

const Table& docker_tls_keys() {
  static const Table table = describe_table<TlsFiles>({
      key<&TlsFiles::ca>("ca", "CA certificates (PEM).", ours, now),
      key<&TlsFiles::cert>("cert", "Own certificate (PEM).", ours, now),
      key<&TlsFiles::key>("key", "Its key (PEM).", ours, now),
  });
  return table;
}

}  // namespace

const Table& plugin_messaging_keys() {
  static const Table table = describe_table<PluginMessaging>({
      key<&PluginMessaging::bungeecord>(
          "bungeecord", "Answer the BungeeCord channel for servers with `bungeecord_channel`.",
          live, now),
      config::table<&PluginMessaging::bungeecord_permissions>(
          "bungeecord_permissions", channel_keys(), "What that channel may be used for.", live,
          now),
  });
  return table;
}

const Table& docker_keys() {
  static const Table table = describe_table<Docker>({
      key<&Docker::endpoint>("endpoint", "The engine's socket.", live, now,
                             a_url("unix, tcp, http, https")),
      key<&Docker::network>("network", "Network whose addresses are preferred.", live, now),
      key<&Docker::poll_interval>(
          "poll_interval",
          "Pause between full comparisons while there are no events; ten times that "
          "otherwise.",
          live, now, more_than(seconds(0))),
      key<&Docker::reconnect_delay>("reconnect_delay",
                                    "First pause before trying again; doubles up to 60 s.", live,
                                    now, more_than(seconds(0))),
      key<&Docker::mc_router_labels>("mc_router_labels", "Understand `mc-router.*` labels.", live,
                                     ours, now),
      config::table<&Docker::tls>("tls", docker_tls_keys(), "", live, ours, now),
  });
  return table;
}

const Table& kubernetes_keys() {
  static const Table table = describe_table<Kubernetes>({
      key<&Kubernetes::kubeconfig>("kubeconfig", "How to reach the cluster.", live, ours, later,
                                   DefaultText{"in-cluster"}),
      key<&Kubernetes::context>("context", "Which context of that file.", live, ours, later,
                                DefaultText{"its current one"}),
      key<&Kubernetes::kube_namespace>("namespace", "Namespace to watch; empty = all.", live, ours,
                                       later),
      key<&Kubernetes::selector>("selector", "Label selector; empty = all.", live, ours, later),
      key<&Kubernetes::resync_interval>("resync_interval", "Pause between full comparisons.", live,
                                        ours, later, more_than(seconds(0))),
  });
  return table;
}

const Table& http_discovery_keys() {
  static const Table table = describe_table<HttpDiscovery>({
      key<&HttpDiscovery::url>("url", "Answers with the list of servers, as JSON or TOML.", live,
                               ours, required, now, a_url("http, https")),
      key<&HttpDiscovery::interval>("interval", "Pause between questions.", live, ours, now,
                                    at_least(seconds(1))),
      key<&HttpDiscovery::timeout>("timeout", "Longest wait for an answer.", live, ours, now,
                                   at_least(seconds(1))),
      key<&HttpDiscovery::token>(
          "token", "Sent as bearer token; `file:PATH` and `env:NAME` say where it is.", live, ours,
          secret, now, not_empty()),
      key<&HttpDiscovery::headers>("headers", "Further headers.", live, ours, secret, now),
      key<&HttpDiscovery::etag>("etag", "Ask only for changes.", live, ours, now),
      key<&HttpDiscovery::allow_empty>("allow_empty", "Believe an empty list.", live, ours, now),
      key<&HttpDiscovery::report_url>("report_url",
                                      "Where the state of all servers is reported to.", live, ours,
                                      now, a_url("http, https")),
      key<&HttpDiscovery::report_interval>("report_interval",
                                           "Pause between reports without a change.", live, ours,
                                           now, at_least(seconds(1))),
      key<&HttpDiscovery::cache_file>(
          "cache_file", "The last good list, for a start without the URL.", live, ours, now),
  });
  return table;
}

const Table& cluster_keys() {
  static const Table table = describe_table<Cluster>({
      key<&Cluster::url>("url", "Store that the members share.", restart, ours, required, later,
                         a_url("redis, rediss")),
      key<&Cluster::name>("name", "This member.", restart, ours, later, not_empty(),
                          DefaultText{"host name"}),
      key<&Cluster::prefix>("prefix", "First part of every key in the store.", restart, ours,
                            later),
      key<&Cluster::share>(
          "share", "What is shared.", restart, ours, later,
          one_word_of({"players", "bans", "rate_limit", "wake", "status", "queue"})),
  });
  return table;
}

}  // namespace drawbridge::config
