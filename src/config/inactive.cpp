#include "config/inactive.hpp"

#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {
namespace {

std::vector<std::string> inactive_in(const Table& table, const void* object,
                                     const Origins& origins) {
  std::vector<std::string> out;
  std::string inside;  // a table already listed: what is in it goes without saying
  walk(table, object, [&](const Leaf& leaf) {
    if (!inside.empty() && leaf.path.starts_with(inside)) return;
    if (leaf.key.table != nullptr) {
      if (leaf.active || leaf.key.shape.count(leaf.value) == 0) return;
      out.push_back(leaf.path);
      inside = leaf.path;
      inside += leaf.key.shape.kind == Shape::Kind::list ? '[' : '.';
      return;
    }
    const bool acts = leaf.active && (!leaf.key.value_active || leaf.key.value_active(leaf.value));
    const bool resolved_path =
        leaf.key.codec == &codec_of<std::filesystem::path>() && !origins.contains(leaf.path);
    if (!acts && !leaf.is_default && !resolved_path) out.push_back(leaf.path);
  });
  return out;
}

}  // namespace

std::vector<std::string> inactive_keys(const GlobalConfig& global, const Origins& origins) {
  return inactive_in(global_keys(), &global, origins);
}
std::vector<std::string> inactive_keys(const ServerConfig& server) {
  return inactive_in(server_keys(), &server, {});
}

bool is_active(KeeperType type) {
  switch (type) {
    case KeeperType::local:
    case KeeperType::docker:
    case KeeperType::pterodactyl:
    case KeeperType::crafty:
    case KeeperType::webhook:
      return true;
    case KeeperType::kubernetes:
      break;
  }
  return false;
}

std::optional<std::string> protection_missing(const ServerConfig& server,
                                              const GlobalConfig& global) {
  const bool by_country =
      global.ip_filter.has_countries() || (server.ip_filter && server.ip_filter->has_countries());
  if (by_country && !global.geoip.database)
    return "ip_filter lists countries, and geoip.database is not set";
  if (global.ban.provider != "builtin" && global.ban.provider != "none")
    return fmt::format("bans are decided by \"{}\", which is not active yet", global.ban.provider);
  return std::nullopt;
}

}  // namespace drawbridge::config
