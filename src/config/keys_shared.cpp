// Tables that stand in the global file and in server files alike.
#include "config/rules.hpp"

namespace drawbridge::config {
namespace {

// `offline` was the name of another state in the first version of the format.
void move_offline(Reader& reader, Node& node, std::string_view target) {
  Node* old = node.find("offline");
  if (old == nullptr) return;
  const Reader::Step step(reader, "offline");
  const bool taken = node.find(target) != nullptr;
  reader.warn_at_key(*old,
                     taken ? fmt::format("is an old name of `{}`, which is set and wins", target)
                           : fmt::format("is an old name; write `{}`", target));
  if (taken)
    node.remove("offline");
  else
    old->key = target;
}

const Table& motd_entry_keys() {
  static const Table table = describe_table<MotdEntry>({
      key<&MotdEntry::text>("text", "What the server list shows below the name.", required, now),
      key<&MotdEntry::favicon>(
          "favicon",
          "Icon of the entry: a file, base64 text or data URL, or an address to fetch it from.",
          Range{"PNG of 64x64"}, now, LaterValues{[](const void* value) {
            const auto& icon = *static_cast<const std::optional<Favicon>*>(value);
            return !icon || icon->kind != Favicon::Kind::url;
          }}),
      key<&MotdEntry::version_name>(
          "version_name",
          "Text in place of the version, which clients show when theirs does not fit.", now),
      key<&MotdEntry::max_players>("max_players", "The number of places to show.", now),
  });
  return table;
}

Table make_motd_keys(void (*rewrite)(Reader&, Node&)) {
  Table table = describe_table<Motd>({
      config::table<&Motd::online>("online", motd_entry_keys(), "The server answers.", now),
      config::table<&Motd::sleeping>("sleeping", motd_entry_keys(),
                                     "The server is stopped and a login would start it.", now),
      config::table<&Motd::starting>("starting", motd_entry_keys(), "The server is on its way up.",
                                     now),
      config::table<&Motd::stopping>("stopping", motd_entry_keys(),
                                     "The server is on its way down.", now),
      config::table<&Motd::crashed>("crashed", motd_entry_keys(), "The last start or run failed.",
                                    now),
      config::table<&Motd::unreachable>("unreachable", motd_entry_keys(),
                                        "No address of the server answers.", now),
      config::table<&Motd::maintenance>("maintenance", motd_entry_keys(),
                                        "The server's `maintenance` is on.", ours, now),
  });
  table.rewrite = rewrite;
  // For the schema; it never gets as far as being read past.
  table.ignored = {{"offline", "write `unreachable`; in [default_motd] `online`"}};
  return table;
}

}  // namespace

const Table& motd_keys() {
  static const Table table =
      make_motd_keys([](Reader& reader, Node& node) { move_offline(reader, node, "unreachable"); });
  return table;
}

const Table& default_motd_keys() {
  static const Table table =
      make_motd_keys([](Reader& reader, Node& node) { move_offline(reader, node, "online"); });
  return table;
}

const Table& active_health_keys() {
  static const Table table = describe_table<ActiveHealth>({
      key<&ActiveHealth::enabled>(
          "enabled",
          "Ask addresses that were left out whether they work again. Leaving out itself always "
          "happens: after 3 failures in 10 s for 30 s, then twice as long each time, up to 5 min.",
          live, now),
      key<&ActiveHealth::kind>("kind", "Only connect, or ask for the status.", live, now),
      key<&ActiveHealth::unhealthy_interval>(
          "unhealthy_interval", "Pause between probes of an address that was left out.", live, now,
          more_than(seconds(0))),
      key<&ActiveHealth::interval>("interval", "Pause between probes of a healthy address.", live,
                                   now, more_than(seconds(0))),
      key<&ActiveHealth::timeout>("timeout", "Longest duration of one probe.", live, now,
                                  more_than(seconds(0))),
      key<&ActiveHealth::probe_healthy>("probe_healthy", "Probe healthy addresses as well.", live,
                                        now),
      key<&ActiveHealth::max_concurrent>("max_concurrent", "Probes that may run at the same time.",
                                         live, now, within(1, 1024)),
  });
  return table;
}

const Table& ip_filter_keys() {
  static const Table table = describe_table<IpFilter>({
      key<&IpFilter::whitelist>("whitelist", "If not empty, only these sources may come in.", live,
                                now),
      key<&IpFilter::blacklist>(
          "blacklist", "Sources that are refused, whatever the whitelist says.", live, now),
      key<&IpFilter::whitelist_file>("whitelist_file",
                                     "Further sources for the whitelist, one a line; watched.",
                                     live, ours, now),
      key<&IpFilter::blacklist_file>("blacklist_file",
                                     "Further sources for the blacklist, one a line; watched.",
                                     live, ours, now),
      key<&IpFilter::country_whitelist>(
          "country_whitelist",
          "Countries beside the whitelist. If either list is not empty, a source must be on one of "
          "them.",
          live, ours, now, a_country()),
      key<&IpFilter::country_blacklist>("country_blacklist",
                                        "Countries whose sources are refused. Both need "
                                        "`geoip.database`.",
                                        live, ours, now, a_country()),
  });
  return table;
}

}  // namespace drawbridge::config
